"""A nucleus restricts what is drawn to the most probable actions of a lagged policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from algorithms import VARIANTS
from algorithms.estimators.rollout import Rollout
from algorithms.policies.nucleus import TopP, top_p
from algorithms.training.evaluation import Evaluation
from algorithms.training.learner import Learner
from algorithms.training.run import Run, train
from algorithms.training.state import RunState
from algorithms.training_config import Episodes
from envs import TASKS
from tests.builders import make_run, records_of, small_training


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

    run = make_run(task, variant, training, 64 * 12, rate=0.1, evaluation=Evaluation(1, 3), learner=Watched)
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
    assert "not listed" in str(VARIANTS["nlpo"].reason_unsupported(TASKS["Pendulum-v1"]))
    with pytest.raises(ValueError, match="p in"):
        TopP(p=0.0)


def test_a_run_resumed_between_two_copies_of_the_mask_policy_is_bit_equal() -> None:
    """Copies at updates 0, 5 and 10, a RunState after 6: what update 7 draws from is in it."""
    task, variant = TASKS["bandit/small"], VARIANTS["nlpo"]
    training = replace(small_training(task, variant), segment=3)

    def run() -> Run:
        return make_run(task, variant, training, 16 * 12, rate=0.1)

    whole = list(train(run()))
    state = [e for e in whole if isinstance(e, RunState)][1]
    assert state.meta["update"] == 6
    assert not torch.equal(state.tensors["nucleus"], state.tensors["values"])
    rest = records_of(train(run(), state))
    told = records_of(whole)[-len(rest) :]
    assert [(r.eval_return, r.measures) for r in rest] == [(r.eval_return, r.measures) for r in told]
    assert rest
