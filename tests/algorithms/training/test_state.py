"""States: each tensor is cut at the axis that its part declares, and not at a guess."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from algorithms import VARIANTS
from algorithms.training.state import RunState, flatten_parts, part_tensors
from envs import TASKS
from tests.builders import make_run, small_training

MEMBERS = 7  # no other axis has this length


def test_members_are_selected_at_the_declared_axes() -> None:
    rows = torch.arange(6.0).reshape(2, 3)
    state = RunState.of(
        [("", {"first": rows, "count": torch.tensor(5)}, {"first": 0, "count": None}), ("part", {"second": rows}, 1)],
        {"update": 4},
    )
    selected = state.select_members([1])
    assert selected.tensors["first"].tolist() == [[3.0, 4.0, 5.0]]
    assert selected.tensors["part.second"].tolist() == [[1.0], [4.0]]
    assert selected.tensors["count"] == 5
    assert selected.meta == {"update": 4}


def test_a_state_that_declares_no_axes_is_not_cut() -> None:
    with pytest.raises(KeyError, match="values"):
        RunState({"values": torch.zeros(2, 3)}).select_members([0])


def test_a_state_holds_copies() -> None:
    values = torch.zeros(2)
    state = RunState.of([("", {"values": values}, 0)], {})
    values += 1
    assert state.tensors["values"].tolist() == [0.0, 0.0]


def test_under_is_the_inverse_of_joined() -> None:
    parts = {"a": {"x": 1, "y.z": 2}, "ab": {"x": 3}}
    assert {part: part_tensors(part, flatten_parts(parts)) for part in parts} == parts


@pytest.mark.parametrize(
    ("task", "variant"),
    [
        ("lock/small", "baseline_mean"),
        ("lock/small", "nlpo"),
        ("lock/small", "impala"),
        ("lock/small", "ppo_penalty"),
        ("lock/small", "vmpo"),
        ("lock/small", "single_stream"),
        ("CartPole-v1", "async"),
    ],
)
def test_the_declared_axis_of_every_tensor_has_the_members(task: str, variant: str) -> None:
    """Seven members: moving average, nucleus, price of a KL, temperature, prompts, parameter history, queue, normalisers,
    optimiser, diagnostics, checkpoints."""
    training = replace(small_training(TASKS[task], VARIANTS[variant], envs=4), segment=2)
    training = replace(training, normalise_observations=True, normalise_returns=task == "CartPole-v1")
    run = make_run(TASKS[task], VARIANTS[variant], training, 10_000, tuple(range(MEMBERS)), rate=0.01)
    list(run.segment())
    state = run.state()
    assert state.member_axes.keys() == state.tensors.keys()
    for name, axis in state.member_axes.items():
        shape = state.tensors[name].shape
        assert [i for i, size in enumerate(shape) if size == MEMBERS] == ([] if axis is None else [axis]), name
    assert [name for name, axis in state.member_axes.items() if axis is None] == ["optimiser.steps"]
