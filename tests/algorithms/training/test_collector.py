"""Collecting: whole episodes and windows; dynamic sampling fills a batch with groups that differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.estimators.rollout import valid_columns
from algorithms.training.collector import Collector, first_informative_groups, informative_groups
from algorithms.training_config import Episodes, Unroll
from envs import TASKS
from tests.builders import small_training
from tests.rollouts import grouped_rollout, make_collector, make_rollout


def test_batches_are_filled_with_informative_groups_in_the_order_of_play() -> None:
    """Rollout 1: groups (5 5) and (1 2); rollout 2: (3 4) and (6 6), one row longer. Kept: 1 2, 3 4."""
    first = grouped_rollout([[5.0, 5.0, 1.0, 2.0]], [[1.0] * 4], group=2)
    second = grouped_rollout([[3.0, 4.0, 6.0, 6.0], [0.0, 0.0, 0.0, 0.0]], [[1.0] * 4, [1.0, 0.0, 1.0, 1.0]], group=2)
    told = [informative_groups(first), informative_groups(second)]
    assert [x.tolist() for x in told] == [[[0, 1]], [[1, 0]]]
    made = first_informative_groups([first, second], told)
    assert (made.reward * made.valid).sum(0).tolist() == [[1.0, 2.0, 3.0, 4.0]]
    assert made.valid[:, 0].tolist() == [[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0]]
    assert made.group == 2


def test_where_there_are_too_few_the_rest_is_not_valid() -> None:
    only = grouped_rollout([[5.0, 5.0, 1.0, 2.0]], [[1.0] * 4], group=2)
    made = first_informative_groups([only], [informative_groups(only)])
    assert (made.reward * made.valid).sum(0).tolist() == [[1.0, 2.0, 0.0, 0.0]]
    assert made.valid[0, 0].tolist() == [1.0, 1.0, 0.0, 0.0]


def collector(task: str, variant: str, seeds: tuple[int, ...], tries: int) -> Collector:
    chosen = VARIANTS[variant]
    training = replace(small_training(TASKS[task], chosen), collection=Episodes(16, 4))
    return make_collector(TASKS[task], chosen, training, seeds, tries=tries)


def test_what_was_tried_is_charged_and_each_member_tries_for_itself() -> None:
    once, _ = collector("lock/small", "dapo", (1, 2, 3), 1).collect(np.ones(3, np.bool_))
    rollout, spent = collector("lock/small", "dapo", (1, 2, 3), 3).collect(np.ones(3, np.bool_))
    assert (spent > once.valid.sum((0, 2))).any()
    kept, had = (informative_groups(r).sum(1) for r in (rollout, once))
    assert (kept >= had).all()
    assert (kept > had).any()
    for p, seed in enumerate((1, 2, 3)):
        alone, paid = collector("lock/small", "dapo", (seed,), 3).collect(np.ones(1, np.bool_))
        assert paid.item() == spent[p].item()
        steps = len(alone.valid)
        torch.testing.assert_close(alone.valid[:, 0], rollout.valid[:steps, p])
        torch.testing.assert_close(alone.reward[:, 0] * alone.valid[:, 0], (rollout.reward * rollout.valid)[:steps, p])
    quiet, nothing = collector("lock/small", "dapo", (1, 2, 3), 3).collect(np.array([True, False, True]))
    assert nothing[1] == 0
    assert quiet.valid[:, 1].sum() == 0


def test_episodes_are_whole_and_windows_are_not() -> None:
    """Cutting collection after a fixed number of rows and keeping the episodes that ended favours short episodes."""
    task, variant = TASKS["CartPole-v1"], VARIANTS["reinforce"]
    training = replace(small_training(task, variant), collection=Episodes(64))
    _, rollout = make_rollout(task, variant, training, (0, 1, 2, 3))
    lengths = rollout.valid.sum(0)  # [P, N]
    ended = (rollout.valid > 0) & (rollout.continues == 0)
    assert (ended.sum(0) == 1).all()  # every episode is there, and ends once
    assert lengths.mean().item() == pytest.approx(22.0, abs=4.0)  # the uniform policy's
    cut = 20
    kept = lengths[lengths <= cut]
    assert kept.mean() < lengths.mean() - 5


def test_windows_mask_the_row_after_an_end_and_bootstrap_truncation() -> None:
    task, variant = TASKS["Pendulum-v1"], VARIANTS["a2c"]
    training = replace(small_training(task, variant), collection=Unroll(steps=203, envs=2))
    _, rollout = make_rollout(task, variant, training, (0,))
    ends = torch.nonzero(rollout.continues[:, 0, 0] == 0).flatten().tolist()
    assert ends == [199, 200]  # the time limit's row, and the row that only delivers the reset
    assert rollout.valid[:, 0, 0].tolist() == [1.0] * 200 + [0.0] + [1.0] * 2
    assert rollout.discount[199, 0, 0] == training.discount  # truncated: its value goes on
    assert rollout.discount[200, 0, 0] == 0
    assert rollout.reward[200, 0, 0] == 0
    assert [len(c) for c in valid_columns(rollout.valid)] == [2 * 202]


def test_groups_of_control_tasks_share_their_starts() -> None:
    """Without groups all environments of a member are one group, and each begins elsewhere."""
    task, variant = TASKS["CartPole-v1"], VARIANTS["rloo"]
    training = replace(small_training(task, variant), collection=Episodes(6, 3))
    _, rollout = make_rollout(task, variant, training, (0, 1))
    assert rollout.group == 3
    first = rollout.obs[0].reshape(2, 2, 3, -1)  # [members, groups, environments, features]
    torch.testing.assert_close(first, first[:, :, :1].expand_as(first), rtol=0, atol=0)
    assert not torch.isclose(first[:, 0], first[:, 1]).all(-1).any()
    _, rollout = make_rollout(task, variant, replace(training, collection=Episodes(6)), (0, 1))
    assert rollout.group == 6
    assert len(torch.unique(rollout.obs[0].reshape(12, -1), dim=0)) == 12
