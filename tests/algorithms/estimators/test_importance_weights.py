"""Corrections of stale data: numbers by hand, V-trace's identities, and what each does to the expected gradient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.composition import Schedule
from algorithms.conformance.exact.moments import enumerate_scores
from algorithms.conformance.gradient_quality import exact_gradient, gaussian_parameters, one_policy
from algorithms.estimators.baseline import ValueNetwork
from algorithms.estimators.credit import LambdaReturn, VTrace
from algorithms.estimators.estimator import Signals
from algorithms.estimators.importance_weights import Correction, SequenceIS, SequenceMask, TokenBand, TokenIS
from algorithms.estimators.loss import assess
from algorithms.estimators.rollout import Rollout
from algorithms.estimators.surrogate import ClippedRatio
from algorithms.policies.networks.gru import GRU
from algorithms.training.returns.exact_return import ExactReturn
from algorithms.training_config import Episodes, TrainingConfig, Unroll
from benchmarks.design.resolve import resolve
from envs import TASKS
from envs.text.lock import Lock
from envs.text_env import text_task
from tests.builders import make_learner, small_training
from tests.rollouts import make_rollout, manual_rollout

LOG2, LOG3 = float(np.log(2.0)), float(np.log(3.0))


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).view(-1, 1, 1)


def stale(ratio: list[float], **parts: list[float]) -> Rollout:
    """One episode whose actions are this many times as likely now as they were."""
    rows = len(ratio)
    made = manual_rollout(
        parts.get("reward", [1.0] * rows),
        parts.get("discount", [1.0] * (rows - 1) + [0.0]),
        parts.get("continues", [1.0] * (rows - 1) + [0.0]),
        parts.get("valid"),
    )
    return replace(made, current_logp=made.logp + column(*ratio).log())


# weights


@pytest.mark.parametrize(
    ("correction", "weights"),
    [
        (TokenIS(cap=float("inf")), [3.0, 0.5, 2.0]),
        (TokenIS(cap=2.0), [2.0, 0.5, 2.0]),
        (TokenBand(0.4, 2.5), [0.0, 0.5, 2.0]),
        (TokenBand(0.6, 3.5), [3.0, 0.0, 2.0]),
        (SequenceIS(), [3.0, 3.0, 3.0]),  # 3 x .5 x 2
        (SequenceIS(cap=2.5), [2.5, 2.5, 2.5]),
        (SequenceMask(0.5, 2.0), [0.0, 0.0, 0.0]),
        (SequenceMask(0.5, 3.5), [1.0, 1.0, 1.0]),
    ],
)
def test_weights_by_hand(correction: Correction, weights: list[float]) -> None:
    log_ratio = column(LOG3, -LOG2, LOG2)
    made = correction(log_ratio, torch.ones_like(log_ratio))
    torch.testing.assert_close(made, column(*weights))


@pytest.mark.parametrize("correction", [TokenIS(), TokenBand(), SequenceIS(), SequenceIS(2.0), SequenceMask()])
def test_rows_that_are_not_valid_weigh_nothing_in_a_sequence(correction: Correction) -> None:
    valid = column(1.0, 1.0, 0.0)
    a, b = (correction(column(LOG2, -LOG3, of), valid)[:2] for of in (0.0, 50.0))
    assert torch.equal(a, b)


@pytest.mark.parametrize(
    "correction",
    [TokenIS(), TokenIS(1.0), TokenBand(), TokenBand(1.0, 1.0), SequenceIS(), SequenceIS(2.0), SequenceMask(1.0, 1.0)],
)
def test_on_policy_every_weight_is_exactly_1(correction: Correction) -> None:
    rounding = column(1e-7, -3e-7, 2e-6)
    assert correction(rounding, torch.ones_like(rounding)).unique().tolist() == [1.0]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TokenIS(0.5), "cap must be at least 1, not 0.5"),
        (lambda: SequenceIS(0.0), "cap must be at least 1"),
        (lambda: SequenceMask(1.5, 2.0), "needs 0 <= low <= 1 <= high"),
        (lambda: TokenBand(0.2, 0.9), "needs 0 <= low <= 1 <= high"),
        (lambda: VTrace(lam=1.5), "lam must lie in"),
        (lambda: VTrace(rho_max=0.0), "rho_max and c_max must be positive"),
    ],
)
def test_what_cannot_be_is_refused(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]


# V-trace


def test_v_trace_by_hand() -> None:
    """gamma .5, V = 1, 2, 4, then the end; r = 1, 3, 5; ratios 3, .5, 2; rho and c at most 1.

    delta = 1 + .5 2 - 1, 3 + .5 4 - 2, 5 - 4 = 1, 3, 1; rho = 1, .5, 1.
    above: v2 - V2 = 1; v1 - V1 = .5 3 + .5 .5 1 = 1.75; v0 - V0 = 1 + .5 1 1.75 = 1.875.
    A: r + gamma v' - V = 1 + .5 3.75 - 1, 3 + .5 5 - 2, 5 - 4 = 1.875, 3.5, 1, times rho: 1.875, 1.75, 1.
    """
    rollout = stale([3.0, 0.5, 2.0], reward=[1.0, 3.0, 5.0], discount=[0.5, 0.5, 0.0])
    values = column(1.0, 2.0, 4.0, 9.0)
    credit = VTrace()
    torch.testing.assert_close(credit.target(rollout, values), column(2.875, 3.75, 5.0))
    torch.testing.assert_close(credit(rollout, values) - values[:-1], column(1.875, 1.75, 1.0))


@pytest.mark.parametrize("lam", [0.0, 0.7, 1.0])
def test_on_policy_v_trace_is_the_lambda_return(lam: float) -> None:
    rollout = stale([1.0] * 4, reward=[2.0, 0.0, 7.0, 3.0], discount=[0.9] * 3 + [0.0])
    values = column(1.0, 5.0, 2.0, 6.0, 8.0)
    expected = LambdaReturn(lam)(rollout, values)
    torch.testing.assert_close(VTrace(lam=lam)(rollout, values), expected)
    torch.testing.assert_close(VTrace(lam=lam).target(rollout, values), expected)


def test_v_trace_does_not_leak_over_a_truncation() -> None:
    """The episode is cut after row 1: it bootstraps from V of its last state, and nothing of the next one reaches it."""
    rows = {"discount": [0.5, 0.5, 0.5, 0.0], "continues": [1.0, 0.0, 1.0, 0.0]}
    values = column(1.0, 2.0, 4.0, 3.0, 9.0)
    first, second = (stale([1.0] * 4, reward=[1.0, 3.0, *after], **rows) for after in ((5.0, 7.0), (50.0, -70.0)))
    for made in (VTrace(), VTrace(lam=0.5)):
        assert torch.equal(made(first, values)[:2], made(second, values)[:2])
        assert torch.equal(made.target(first, values)[:2], made.target(second, values)[:2])
    # 3 + .5 4: the return of the cut row; a termination would have given 3
    assert float(VTrace().target(first, values)[1]) == 5.0


def test_the_critic_of_v_trace_learns_v_and_not_q() -> None:
    """They are one where rho is c: lambda 1 and equal caps. With rho_max 2 and ratios of 2 they are not."""
    credit = VTrace(rho_max=2.0)
    estimator = replace(VARIANTS["gae"].estimator, credit=credit, baseline=ValueNetwork())
    rollout = stale([2.0, 2.0], reward=[1.0, 3.0])
    values = column(1.0, 2.0, 0.0)
    made, _ = assess(estimator, rollout, Signals(values), {})
    assert made.target is not None
    # v1 = 2 + 2 (3 - 2) = 4; v0 = 1 + 2 (1 + 2 - 1) + (4 - 2) = 7; A0 = 2 (1 + 4 - 1) = 8
    torch.testing.assert_close(made.target, column(7.0, 4.0))
    torch.testing.assert_close(made.advantage, column(8.0, 2.0))


# what a correction does to the expected gradient

TASK = text_task("locked", Lock(length=2, vocabulary=4, locks=2))
TRAINING = TrainingConfig(network=GRU(4), collection=Episodes(4, 4))


def expected(correction: Correction | None) -> Tensor:
    """E over mu's episodes of sum_t w_t grad log pi(a_t) R, exactly, pi one tilted policy and mu another."""
    pi, mu = gaussian_parameters(TASK, TRAINING, 0.8, 1), gaussian_parameters(TASK, TRAINING, 0.8, 2)
    theirs = enumerate_scores(TASK, TRAINING, mu)

    exact, policies = ExactReturn(TASK), [one_policy(TASK, TRAINING, actor) for actor in (pi, mu)]
    rows = exact.enumeration
    total = torch.zeros_like(theirs.scores[0])
    logp = [exact.log_probabilities(p) for p in policies]
    logs = [x.detach() for x in logp]
    for s in range(len(rows.probability)):
        ratio = (logs[0][:, :, s] - logs[1][:, :, s])[:, :, None].double()
        weight = torch.ones_like(ratio) if correction is None else correction(ratio, torch.ones_like(ratio))
        policies[0].flat.gradient.zero_()
        (logp[0][:, :, s, None] * weight.float()).sum().backward(retain_graph=True)  # type: ignore[no-untyped-call]
        total += theirs.chance[s] * theirs.returns[s] * policies[0].flat.gradient[0].double()
    return total


def test_only_whole_sequence_weights_give_back_the_gradient() -> None:
    truth = exact_gradient(TASK, TRAINING, gaussian_parameters(TASK, TRAINING, 0.8, 1)).double()

    def cosine(correction: Correction | None) -> float:
        return float(torch.nn.functional.cosine_similarity(expected(correction), truth, dim=0))

    torch.testing.assert_close(expected(SequenceIS()), truth, rtol=1e-4, atol=1e-7)
    token, capped, none = cosine(TokenIS(float("inf"))), cosine(SequenceIS(2.0)), cosine(None)
    assert cosine(SequenceIS()) == pytest.approx(1.0, abs=1e-6)
    assert none < capped < 1.0
    assert none < 0.99
    assert token < 0.9999


# the learner


def test_a_ratio_of_ones_own_is_measured_from_the_newest_policy() -> None:
    """Decoupled: at the first step the proximal ratio is 1, so nothing is clipped, however stale the data."""

    task, gae = TASKS["lock/small"], VARIANTS["gae"]
    clipped = replace(gae, estimator=replace(gae.estimator, surrogate=ClippedRatio(0.2)), schedule=Schedule(epochs=2))
    decoupled = replace(clipped, estimator=replace(clipped.estimator, correction=TokenIS()))
    training = small_training(task, clipped)
    policy, rollout = make_rollout(task, clipped, training, (3, 5))
    old = replace(rollout, logp=rollout.logp - 1.0)  # every action is e times as likely now
    gradients = [
        make_learner(policy, variant, training, task).gradient(old)[:, policy.actor_columns]
        for variant in (clipped, decoupled)
    ]
    fresh = make_learner(policy, gae, training, task).gradient(rollout)[:, policy.actor_columns]
    torch.testing.assert_close(gradients[1], 2.0 * fresh, rtol=1e-3, atol=1e-6)  # TokenIS caps e at 2
    assert not torch.allclose(gradients[0], gradients[1], rtol=0.1)


# where


@pytest.mark.parametrize("correction", [SequenceIS(), SequenceIS(cap=2.0), SequenceMask()])
def test_weights_of_whole_episodes_are_not_for_windows(correction: Correction) -> None:
    """A column of a window holds several episodes: a product over it weighs nothing that was drawn."""
    variant = VARIANTS["gae"].rung("v", "", correction=correction)
    cartpole = TASKS["CartPole-v1"]
    assert resolve(cartpole, variant).training.collection == Episodes(8)
    with pytest.raises(ValueError, match="v weighs whole episodes and cannot learn from windows"):
        resolve(cartpole, replace(variant, collection=Unroll(5, 8)))
    assert resolve(cartpole, replace(VARIANTS["async_is"], collection=Unroll(5, 8))).training.collection == Unroll(5, 8)
