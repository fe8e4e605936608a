"""Evaluation: sums over played rows by hand, several checkpoints at once, and those that wait for more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.policies.distributions import Categorical
from algorithms.training import evaluation
from algorithms.training.actor import Row
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Record
from algorithms.training.returns.sampled_return import EpisodeTotals
from algorithms.training.run import Run, train
from envs import TASKS
from envs.api import Discrete
from tests.builders import members_of, small_training


def row(reward: list[float], valid: list[bool], action: list[int], reference: list[float] | None = None) -> Row:
    """One step of one member in two environments; action 0 has probability 1/4."""
    one = np.zeros((1, 2, 2), np.float32)
    one[..., 1] = np.log(3)
    off = np.zeros((1, 2), np.bool_)
    logp = None if reference is None else np.array([reference], np.float32)
    paid = np.array([reward], np.float32)
    return Row(one, one, one, np.array([action]), paid, off, off, np.array([valid]), None, logp)


@pytest.mark.parametrize("together", [True, False])
def test_rows_are_summed_as_the_return_is_defined(together: bool) -> None:
    """gamma .1: 2 + .1 (3) in the first episode, 4 in the second, (2.3 + 4) / 2. The 9 and 8 come after its end."""
    task = replace(TASKS["CartPole-v1"], gamma=0.1)
    rows = [row([2, 4], [True, True], [0, 1]), row([3, 9], [True, False], [1, 0]), row([7, 8], [False] * 2, [0, 0])]
    totals = EpisodeTotals(task, Categorical(Discrete(2)), 1)
    for start, part in ((0, rows),) if together else enumerate([r] for r in rows):
        totals.add(part, start)
    value, measures = totals.means(2)
    assert value.tolist() == pytest.approx([3.15])
    assert measures["length"].tolist() == [1.5]
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert measures["entropy"].tolist() == pytest.approx([1.5 * entropy])
    assert set(measures) == {"length", "entropy"}


def test_the_kl_is_that_of_the_actions_and_is_paid() -> None:
    """log(1/4) - log(1/2) = -log 2 for action 0, log(3/4) - log(1/4) = log 3 for action 1; beta 10."""
    task = replace(TASKS["CartPole-v1"], beta=10.0)
    totals = EpisodeTotals(task, Categorical(Discrete(2)), 1)
    totals.add([row([5, 1], [True, True], [0, 1], [np.log(0.5), np.log(0.25)])], 0)
    value, measures = totals.means(2)
    assert measures["kl"].tolist() == pytest.approx([(np.log(3) - np.log(2)) / 2])
    assert value.tolist() == pytest.approx([3 - 10 * (np.log(3) - np.log(2)) / 2])


def run_of(task: str, variant: str, checkpoints: int) -> Run:
    training = small_training(TASKS[task], VARIANTS[variant])
    members = members_of((3, 4), 1e-2)
    return Run(TASKS[task], VARIANTS[variant], training, members, 600, Evaluation(checkpoints, 5))


@pytest.mark.parametrize("task", ["Pendulum-v1", "CartPole-v1", "bandit/small"])
def test_checkpoints_evaluated_together_score_as_each_does_alone(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def records(together: int) -> list[Record]:
        monkeypatch.setattr(evaluation, "TOGETHER", together)
        return [event for event in train(run_of(task, "gae", 5)) if isinstance(event, Record)]

    alone, together = records(1), records(4)
    assert [(r.checkpoint, r.seed) for r in together] == [(k, seed) for k in range(6) for seed in (3, 4)]
    assert len({r.eval_return for r in alone}) > 2
    for one, other in zip(alone, together, strict=True):
        assert other.eval_return == pytest.approx(one.eval_return, rel=1e-5)
        assert other.eval_return_greedy == pytest.approx(one.eval_return_greedy, rel=1e-5, nan_ok=True)
        for name in ("entropy", "length"):
            assert other.measures[name] == pytest.approx(one.measures[name], rel=1e-5)


def test_checkpoints_wait_for_others_unless_the_rest_is_asked_for() -> None:
    run = run_of("bandit/small", "reinforce", 9)
    run.checkpoints.passed[:3] = True
    assert list(run.records()) == []
    assert [r.checkpoint for r in run.records(rest=True)] == [0, 0, 1, 1, 2, 2]
    run.checkpoints.passed[:9] = True
    assert [r.checkpoint for r in run.records()] == [3, 3, 4, 4, 5, 5, 6, 6]
    run.checkpoints.passed[:] = True
    assert [r.checkpoint for r in run.records()] == [7, 7, 8, 8, 9, 9]
    assert list(run.records(rest=True)) == []


def test_a_checkpoint_that_one_member_has_not_passed_is_not_evaluated() -> None:
    run = run_of("bandit/small", "reinforce", 3)
    run.checkpoints.passed[:2] = True
    run.checkpoints.passed[2:, 1] = True
    assert [r.checkpoint for r in run.records(rest=True)] == [0, 0, 1, 1]
    assert torch.equal(run.evaluator.shadow.flat.values, run.checkpoints.values[1])


def test_checkpoints_are_evaluated_in_their_order() -> None:
    run = run_of("bandit/small", "reinforce", 3)
    run.checkpoints.passed[1:] = True
    assert list(run.records(rest=True)) == []
