"""Batches of texts: what is at an end, what comes next, and the rollout of the same numbers."""

from __future__ import annotations

import torch

from algorithms.conformance.foreign.texts import Texts, part, rollout_of, texts


def by_hand() -> Texts:
    """Two texts: of two positions with a hole between, and of one."""
    batch = texts(1, 2, 3)
    mask = torch.tensor([[1.0, 0.0, 1.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
    value = torch.tensor([[0.5, 9.0, 0.25], [1.0, 9.0, 9.0]], dtype=torch.float64)
    return batch.each(mask=mask, value=value)


def test_a_text_ends_at_its_last_position_that_trains() -> None:
    assert by_hand().done().tolist() == [[0, 0, 1], [1, 0, 0]]


def test_the_next_value_is_that_of_the_next_position_that_trains() -> None:
    assert by_hand().next_value()[:, 0].tolist() == [0.25, 0.0]
    assert by_hand().next_value()[0, 2] == 0


def test_numbers_have_one_digit_and_texts_differ_in_length() -> None:
    batch = texts(3, 4, 5)
    assert torch.equal((10 * batch.reward).round(), 10 * batch.reward.round(decimals=1))
    assert len({*batch.mask.sum(1).tolist()}) == 5
    assert batch.group.tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_the_rollout_has_the_same_numbers_and_ends() -> None:
    batch = texts(2, 2, 3, gamma=0.9)
    rollout, values = rollout_of(batch)
    assert torch.equal(rollout.reward[:, 0].T, batch.reward)
    assert rollout.group == 2
    assert float(values[-1].abs().max()) == 0
    ends = batch.mask * (1 - rollout.continues[:, 0].T)
    assert torch.equal(ends, batch.done())
    assert {*rollout.discount.unique().tolist()} == {0.0, 0.9}


def test_a_part_is_told_of_the_whole() -> None:
    batch = texts(3, 4, 5)
    assert part(batch, [0, 1]).whole.tokens == float(batch.mask.sum())
    assert part(batch, [0, 1]).whole.rows == 12
    assert len(part(batch, [0, 1]).mask) == 2
