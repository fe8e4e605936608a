"""Texts that are known again: their numbers, and the mean of what followed the same text."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from algorithms import VARIANTS
from algorithms.estimators.baseline import LeaveOneOut
from algorithms.estimators.baselines.prefixes import SamePrefix, prefix_numbers
from envs import TASKS
from tests.builders import small_training
from tests.rollouts import grouped_rollout, make_rollout


def test_equal_texts_have_one_number_and_others_have_others() -> None:
    """Prompts of two tokens, then a token an action: columns 0 and 1 part at the second action."""
    tokens = torch.tensor([[1, 1, 2], [3, 3, 3], [4, 4, 4], [5, 6, 5]])
    made = prefix_numbers(tokens, (1, 2, 3))
    assert made[:, 0].tolist()[:2] == made[:, 1].tolist()[:2]
    assert made[2, 0] != made[2, 1]
    assert len(set(made.flatten().tolist())) == 9 - 2
    assert prefix_numbers(tokens, (1,)).tolist() == made[:1].tolist()
    assert prefix_numbers(tokens, (3,)).tolist() == made[2:].tolist()  # whichever other positions are asked for
    nothing, other = torch.zeros(3, 1), torch.tensor([[0], [1], [0]])  # a token 0 is a token: lengths and places differ
    assert len({*prefix_numbers(nothing, (0, 1, 2)).flatten().tolist()}) == 3
    assert prefix_numbers(other, (2,)) != prefix_numbers(other.roll(1, 0), (2,))
    assert int(prefix_numbers(torch.full((300, 1), 50_000), (299,))) >= 0  # nothing overflows


def test_the_numbers_of_a_rollout_are_of_its_transcripts() -> None:
    task, variant = TASKS["lock/small"], VARIANTS["single_stream"]
    training = small_training(task, variant)
    assert training.collection.group == 1  # type: ignore[union-attr]
    _, rollout = make_rollout(task, variant, training, (0, 1))
    assert rollout.prefix is not None
    positions = task.spec.observation.action_position  # type: ignore[union-attr]
    for t in range(len(rollout.valid)):
        texts = rollout.obs[: positions[t] + 1].flatten(1).T.tolist()
        numbers = rollout.prefix[t].flatten().tolist()
        assert len({*map(tuple, texts)}) == len({*numbers}) == len({*zip(map(tuple, texts), numbers, strict=True)})


def test_others_after_the_same_text_are_the_baseline() -> None:
    """Four episodes of one prompt; after it 0, 1 and 2 share a text and 3 is alone, so it has the mean of all others."""
    q = torch.tensor([[8.0, 4.0, 0.0, 4.0], [6.0, 3.0, 0.0, 9.0]], dtype=torch.float64)[:, None]
    rollout = replace(
        grouped_rollout([[0.0] * 4] * 2, [[1.0] * 4] * 2, 4),
        prefix=torch.tensor([[7, 7, 7, 7], [1, 1, 1, 2]])[:, None],
    )
    b, _ = SamePrefix()(q, rollout, None, {})
    assert torch.equal(b[0], LeaveOneOut()(q, rollout, None, {})[0][0])
    assert b[1].flatten().tolist() == [1.5, 3.0, 4.5, 3.0]
    ended = replace(rollout, valid=torch.tensor([[1.0] * 4, [1.0, 1.0, 0.0, 1.0]], dtype=torch.float64)[:, None])
    assert SamePrefix()(q, ended, None, {})[0][1].flatten().tolist()[:2] == [
        3.0,
        6.0,
    ]  # what has ended is no comparison


def test_a_group_of_one_is_an_error() -> None:
    rollout = replace(grouped_rollout([[1.0]], [[1.0]], 1), prefix=torch.zeros(1, 1, 1, dtype=torch.long))
    with pytest.raises(ValueError, match="at least 2 episodes"):
        SamePrefix()(rollout.reward, rollout, None, {})
