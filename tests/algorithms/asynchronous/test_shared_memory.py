"""Memory that processes share: what is put there comes back, whole or not at all."""

from __future__ import annotations

from multiprocessing import get_context

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.asynchronous.shared_memory import VERSIONS, ParameterBoard, RolloutSlot, capacity
from algorithms.variant import Variant
from benchmarks.design.resolve import resolve
from envs import TASKS
from tests.builders import LEARNING, brief, small_training
from tests.rollouts import make_rollout

CONTEXT = get_context("spawn")


def test_a_slot_gives_back_what_was_put_there() -> None:
    slot = RolloutSlot(CONTEXT, 4_096)
    tensors = {
        "mask": torch.tensor([[True, False, True]]),
        "action": torch.tensor([[1, 2**40]]),
        "reward": torch.tensor([0.1, -3.0, 7.5]).reshape(3, 1),
    }
    back = slot.read(slot.write(tensors))
    assert back.keys() == tensors.keys()
    for name, value in tensors.items():
        assert back[name].dtype == value.dtype
        assert torch.equal(back[name], value)


def test_a_slot_says_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"the 100 bytes of a slot: b ends at 128"):
        RolloutSlot(CONTEXT, 100).write({"a": torch.zeros(10), "b": torch.zeros(16)})


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1", "dyck/masked-medium"])
@pytest.mark.parametrize("variant", LEARNING, ids=lambda v: v.name)
def test_a_slot_has_room_for_any_rollout(name: str, variant: Variant) -> None:
    task = TASKS[name]
    if variant.reason_unsupported(task):
        return
    training = small_training(task, variant, envs=8)
    _, rollout = make_rollout(task, brief(variant), training, (0, 1))
    slot = RolloutSlot(CONTEXT, capacity(task.spec, training.collection, 2))
    back = slot.read(slot.write(rollout.tensors()))
    assert all(torch.equal(back[name], value) for name, value in rollout.tensors().items())


def test_a_slot_has_room_for_the_parts_of_a_reward() -> None:
    """Each part is paid and weighed in 4 bytes a row: 2 more parts of 2 members, 8 environments and 8 turns."""
    task, variant = TASKS["recdialog/fatigue-medium"], VARIANTS["gdpo"]
    training = small_training(task, variant, envs=8)
    sizes = [capacity(task.spec, training.collection, 2, parts) for parts in (1, 3)]
    assert sizes[1] - sizes[0] == 2 * 8 * 8 * 2 * (4 + 4)
    _, rollout = make_rollout(task, variant, training, (0, 1))
    slot = RolloutSlot(CONTEXT, sizes[1])
    back = slot.read(slot.write(rollout.tensors()))
    assert torch.equal(back["parts"], rollout.tensors()["parts"])
    assert back["parts"].shape == (8, 2, 8, 3)


def test_a_board_gives_the_newest_version_whole() -> None:
    board = ParameterBoard(CONTEXT, torch.zeros(2, 3), {"mean": np.zeros((2, 1))})
    for number in range(2 * VERSIONS + 1):
        playing = np.array([True, number % 2 == 0])
        board.publish(number, torch.full((2, 3), float(number)), {"mean": np.full((2, 1), 0.5 * number)}, playing)
        version = board.read()
        assert version.number == number
        assert version.values.unique().tolist() == [number]
        assert version.moments["mean"].tolist() == [[0.5 * number]] * 2
        assert version.playing.tolist() == playing.tolist()


def test_who_is_overtaken_while_reading_reads_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer comes round to the version that is being copied: the first copy, half old and half new, is thrown away."""
    board = ParameterBoard(CONTEXT, torch.zeros(1, 2), {})
    yes = np.ones(1, np.bool_)
    board.publish(1, torch.full((1, 2), 1.0), {}, yes)
    copies, clone = [], torch.Tensor.clone

    def interrupted(tensor: torch.Tensor) -> torch.Tensor:
        copied = clone(tensor)
        if not copies:
            for number in range(2, VERSIONS + 2):
                board.publish(number, torch.full((1, 2), float(number)), {}, yes)
        copies.append(copied)
        return copied

    monkeypatch.setattr(torch.Tensor, "clone", interrupted)
    version = board.read()
    assert [c.tolist() for c in copies] == [[[1.0, 1.0]], [[VERSIONS + 1.0] * 2]]
    assert version.number == VERSIONS + 1


def test_a_slot_of_shared_memory_holds_images() -> None:
    """28,224 bytes an observation, steps + 1 of them an environment."""
    pong = TASKS["Pong-v5"].spec
    window = resolve(TASKS["Pong-v5"], VARIANTS["a2c"]).training.collection
    steps = window.steps  # type: ignore[union-attr]
    assert capacity(pong, window, 1) > window.envs * (steps + 1) * 28_224
    assert capacity(pong, window, 1) < window.envs * (steps + 2) * 28_224
