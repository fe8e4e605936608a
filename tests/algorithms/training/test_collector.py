"""Collecting: dynamic sampling fills a batch with groups that differ, and a nucleus restricts what is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.estimators.rollout import Rollout
from algorithms.policies.nucleus import TopP, top_p
from algorithms.training.build import build_policy
from algorithms.training.collector import Collector, first_informative_groups, informative_groups
from algorithms.training.evaluation import Evaluation
from algorithms.training.learner import Learner
from algorithms.training.observation_normaliser import Identity
from algorithms.training.records import Members, Record
from algorithms.training.run import Run, train
from algorithms.training.state import RunState
from algorithms.training_config import Episodes
from envs import TASKS
from envs.seeding import Role, generator, stream
from tests.helpers import grouped_rollout, small_training


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
    policy = build_policy(TASKS[task], chosen, training, Members(seeds, (1.0,) * len(seeds)))
    streams = [stream(s, Role.ENVIRONMENT, 0) for s in seeds]
    acting = [generator(s, Role.ACTION, 0) for s in seeds]
    return Collector(TASKS[task], policy, chosen.estimator, training, Identity(), streams, acting, tries=tries)


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


def test_top_p_by_hand() -> None:
    """Probabilities .5 .3 .15 .05: .75 needs two, .9 three; the best is always in."""
    out = torch.tensor([0.15, 0.5, 0.05, 0.3]).log()
    assert top_p(out, 0.75).tolist() == [False, True, False, True]
    assert top_p(out, 0.9).tolist() == [True, True, False, True]
    assert top_p(out, 1.0).tolist() == [True] * 4
    assert top_p(torch.tensor([9.0, 0.0]), 0.1).tolist() == [True, False]
    assert top_p(torch.zeros(2, 3), 0.34).sum(-1).tolist() == [2, 2]


def test_a_nucleus_restricts_what_is_drawn_to_a_lagged_policy() -> None:
    task, variant = TASKS["bandit/small"], VARIANTS["nlpo"]
    training = replace(small_training(task, variant), collection=Episodes(64, 4))
    seen: list[Rollout] = []
    lagged: list[torch.Tensor] = []

    class Watched(Learner):
        def learn(self, rollout: Rollout, *rest: object, **diagnosing: object) -> None:  # type: ignore[override]
            seen.append(rollout)
            lagged.append(run.nucleus.policy.flat.values.clone())  # type: ignore[union-attr]
            super().learn(rollout, *rest, **diagnosing)  # type: ignore[arg-type]

    members = Members((0, 1), (0.1, 0.1))
    run = Run(task, variant, training, members, 64 * 12, Evaluation(1, 3), make_learner=Watched)
    list(train(run))
    assert [torch.equal(lagged[i], lagged[0]) for i in range(6)] == [True] * 5 + [False]
    late = seen[-1]
    allowed = late.action_mask.gather(-1, late.action[..., None]).squeeze(-1)
    assert bool(allowed.all())
    assert bool((late.action_mask.sum(-1) < 4).any())  # type: ignore[attr-defined]
    # log-probabilities are those of the restricted policy, which is what acted
    full = torch.full_like(late.logp, 0.0)  # type: ignore[attr-defined]
    assert bool((late.logp <= full).all())  # type: ignore[attr-defined]


def test_a_nucleus_needs_a_list_of_actions() -> None:
    assert "not listed" in str(VARIANTS["nlpo"].unfit(TASKS["Pendulum-v1"].spec))
    with pytest.raises(ValueError, match="p in"):
        TopP(p=0.0)


def test_a_run_resumed_between_two_copies_of_the_mask_policy_is_bit_equal() -> None:
    """Copies at updates 0, 5 and 10, a RunState after 6: what update 7 draws from is in it."""
    task, variant = TASKS["bandit/small"], VARIANTS["nlpo"]
    training = replace(small_training(task, variant), segment=3)

    def run() -> Run:
        return Run(task, variant, training, Members((0, 1), (0.1, 0.1)), 16 * 12, Evaluation(2, 3))

    whole = list(train(run()))
    state = [e for e in whole if isinstance(e, RunState)][1]
    assert state.meta["update"] == 6
    assert not torch.equal(state.tensors["nucleus"], state.tensors["values"])
    rest = [e for e in train(run(), state) if isinstance(e, Record)]
    told = [e for e in whole if isinstance(e, Record)][-len(rest) :]
    assert [(r.eval_return, r.measures) for r in rest] == [(r.eval_return, r.measures) for r in told]
    assert rest
