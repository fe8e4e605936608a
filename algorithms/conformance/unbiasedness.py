"""Conformance rules for an estimator's exact mean and variance over every batch of a small tree MDP.

A promised factor is tested at discounts 1 and 0.9, also with a KL in the reward. Baselines with a critic are tested
with the exact V and with a wrong one. Below a discount of 1 there are two targets: grad J, and the usual one without
the factor gamma^t.
An estimator without a promise is tested without its scale. With a critic and the exact V its mean is grad J for every
lambda; without a critic its mean is a known multiple of grad J, or points along it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from algorithms.composition import FirstOrder
from algorithms.conformance import decision_tree, gradient_quality
from algorithms.conformance.coefficients import assess_rollout, coefficients, initial_state
from algorithms.conformance.decision_tree import Batches, TreeEpisodes
from algorithms.conformance.declared import success_rates, teachers
from algorithms.conformance.exact import moments
from algorithms.conformance.finding import Finding
from algorithms.conformance.synthetic_rollouts import GAMMA, GROUP, with_tensors
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.kl_penalty import KL
from algorithms.estimators.loss import subtract_kl
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.estimators.surrogate import Score
from algorithms.policies.networks.gru import GRU
from algorithms.training_config import Episodes, TrainingConfig
from algorithms.variant import Promises, Variant
from envs.text.bandit import Bandit
from envs.text.lock import Lock
from envs.text_env import TextFactory, text_task

CLOSE = 1e-6  # relative to |grad J|: nothing is sampled, so only rounding remains
ALONG = 0.9  # the smallest cosine to grad J of an estimator that promises nothing
LARGE = 0.02  # an epsilon larger than this, added to a deviation, is not treated as rounding
TRIO = 3  # episodes per group in the listed batches
BETA = 0.3
LARGEST_Z, LARGEST_SCALE_Z = 5.0, 4.0  # over several hundred coordinates, and of one number
MDPS: tuple[TextFactory, ...] = (Lock(length=2, vocabulary=4, locks=2), Bandit(arms=4, contexts=1))


@dataclass(frozen=True)
class Case:
    """A rollout of all batches, a critic's values, and the gradients of which a mean may be a multiple."""

    name: str
    batches: Batches
    rollout: Rollout
    values: Tensor
    exact_gradients: tuple[Tensor, ...]


def examine(estimator: Estimator, promises: Promises, replicates: int = 0) -> list[Finding]:
    """The rules for the promised mean and variance, or those for any estimator if nothing is promised.

    replicates  gradients that are also sampled through collector, network and learner, if a factor is promised
    """
    findings = []
    of_success = promises.factor in success_rates.FACTORS
    if promises.factor is None or of_success:  # successes are paid after one step, which does not test credit
        findings.append(_unpromised(estimator, promises))
    if promises.factor is not None and of_success:
        findings.append(success_rates.examine(estimator, promises.factor))
    if promises.factor is not None:
        cases = [_success()] if of_success else _cases(estimator)
        findings += [_promised(estimator, promises, case) for case in cases]
    if promises.rloo_variance:
        findings.append(_check_rloo_variance(estimator))
    if promises.factor is not None and replicates:
        # the factor of a success rate is known for one prompt and a reward of 0 or 1
        tasks = MDPS[1:] if of_success else MDPS
        findings += [_sampled(estimator, promises, mdp, replicates) for mdp in tasks]
    return findings


@cache
def _enumerated_batches(gamma: float) -> tuple[TreeEpisodes, Batches]:
    every = decision_tree.tree_episodes(decision_tree.DENSE, decision_tree.DENSE_ROOTS, gamma)
    return every, decision_tree.stratified(every, gamma, TRIO)


@cache
def _success() -> Case:
    every = decision_tree.tree_episodes(decision_tree.SUCCESS, (0,), 1.0)
    batches = decision_tree.stratified(every, 1.0, GROUP)
    return Case("successes", batches, batches.rollout, batches.values, (every.gradient(1.0),))


def _cases(estimator: Estimator) -> Iterator[Case]:
    """Discounts 1 and 0.9; also a wrong critic and a KL in the reward, if the estimator reads them."""
    for gamma in (1.0, GAMMA):
        every, batches = _enumerated_batches(gamma)
        exact_gradients = (every.gradient(gamma), every.gradient(gamma, weighted=False))
        yield Case(f"dense rewards at discount {gamma}", batches, batches.rollout, batches.values, exact_gradients)
        if estimator.baseline.critic and not estimator.credit.bootstraps:
            wrong = torch.cos(5 * batches.rollout.obs[..., 0])
            yield Case(f"dense rewards at discount {gamma}, V wrong", batches, batches.rollout, wrong, exact_gradients)
        if estimator.kl.place == "reward" and estimator.kl.kind == "k1" and gamma == 1:
            yield _with_kl(estimator.kl, every, batches)
    if estimator.teacher is not None:
        every, batches = _enumerated_batches(1.0)
        rollout = teachers.with_teacher(batches.rollout)
        exact = teachers.divergences(every, rollout, batches.index).gradient(1.0)
        yield Case("the KL to a teacher", batches, estimator.teacher.pay(rollout), batches.values, (exact,))


def _with_kl(kl: KL, every: TreeEpisodes, batches: Batches) -> Case:
    """J - 0.3 KL(pi || reference), whose gradient is that of rewards r_t - 0.3 log(pi / reference)."""
    table = torch.from_numpy(np.random.default_rng(8).uniform(-1.5, -0.2, (8, 4)))
    node, action = batches.rollout.obs[:-1, ..., 0].long(), batches.rollout.action
    paid = subtract_kl(kl, replace(batches.rollout, reference=table[node, action]), BETA)
    cost = BETA * (every.logp - table[every.node, every.action]) * every.valid
    exact = replace(every, reward=every.reward - cost).gradient(1.0)
    return Case(f"dense rewards with a KL of {BETA}", batches, paid, batches.values, (exact,))


def _warm(estimator: Estimator, case: Case) -> PartState:
    """The baseline's state after two batches, the same for all members."""
    members, steps = len(case.batches.index), len(case.rollout.valid)
    state = initial_state(estimator, members, steps)
    for batch in (members // 7, members // 3) if state else ():
        tensors = {name: x[:, batch : batch + 1].expand_as(x) for name, x in case.rollout.tensors().items()}
        past = replace(case.rollout, **tensors)  # type: ignore[arg-type]
        _, state = assess_rollout(estimator, past, case.values[:, batch : batch + 1].expand_as(case.values), state)
    return state


def _coefficients(estimator: Estimator, case: Case) -> Tensor:
    """The coefficients of every batch, computed on a copy of the shared batches: an estimator may modify its input."""
    rollout = with_tensors(case.rollout, {name: x.clone() for name, x in case.rollout.tensors().items()})
    own = replace(case, rollout=rollout, values=case.values.clone())
    return coefficients(estimator, rollout, own.values, _warm(estimator, own), len(rollout.valid))


def _mean(estimator: Estimator, case: Case) -> Tensor:
    return case.batches.mean(_coefficients(estimator, case))


def _multiple(mean: Tensor, exact_gradients: tuple[Tensor, ...]) -> tuple[float, float, float]:
    """(size, rest, cosine) for the nearest gradient g: mean = size g + an orthogonal vector of length rest |g|."""
    made = []
    for exact in exact_gradients:
        size = float(mean @ exact / (exact @ exact))
        rest = float((mean - size * exact).norm() / exact.norm())
        made.append((size, rest, float(torch.nn.functional.cosine_similarity(mean, exact, dim=0))))
    return min(made, key=lambda one: one[1])


def _factor(estimator: Estimator, promises: Promises, group: int, batch: int, p: float) -> float:
    """The promised multiple of grad J, before the factor of the aggregation."""
    if promises.factor == "group":
        return (group - 1) / group
    if promises.factor == "batch":
        return (batch - 1) / batch
    if promises.factor in success_rates.FACTORS:
        return success_rates.FACTORS[promises.factor](estimator, group, p)
    return 1.0


def _promised(estimator: Estimator, promises: Promises, case: Case) -> Finding:
    group, batch = case.rollout.group, case.rollout.valid.shape[2]
    every = case.batches.every
    p = float((every.chance * every.reward.sum(1)).sum())
    known = _factor(estimator, promises, group, batch, p)
    if estimator.aggregation == "constant":
        known /= len(case.rollout.valid)
    size, rest, _ = _multiple(_mean(estimator, case), case.exact_gradients)
    eps = getattr(estimator.scale, "eps", 0.0)
    close = CLOSE + (3 * eps if eps < LARGE else 0.0)  # for standard deviations of at least 0.4
    holds = abs(size - known) < close * known and rest < close
    detail = f"expected {known:.6g} grad J exactly; seen {size:.6g} grad J and {rest:.2g} |grad J| orthogonal to it"
    return Finding(f"its mean is {known:.3g} grad J on {case.name}", holds, detail)


def _unpromised(estimator: Estimator, promises: Promises) -> Finding:
    """The mean from advantage and surrogate alone, without scale, token means and corrections, at a discount of 0.9."""
    surrogate = estimator.surrogate if promises.separable else Score()
    bare = replace(estimator, scale=None, aggregation="episode", surrogate=surrogate, correction=None, kl=KL())
    every, batches = _enumerated_batches(GAMMA)
    exact_gradients = (every.gradient(GAMMA), every.gradient(GAMMA, weighted=False))
    case = Case("dense rewards", batches, batches.rollout, batches.values, exact_gradients)
    size, rest, cosine = _multiple(_mean(bare, case), case.exact_gradients)
    group, batch = case.rollout.group, case.rollout.valid.shape[2]
    seen = f"seen {size:.6g} grad J and {rest:.2g} |grad J| orthogonal to it"
    if estimator.baseline.critic:
        holds = abs(size - 1) < CLOSE and rest < CLOSE
        rule = f"with the exact V its mean is grad J on {case.name}"
        return Finding(rule, holds, f"expected 1 grad J before scaling; {seen}")
    rule = f"its mean points along grad J on {case.name}"
    if rest > CLOSE:
        return Finding(rule, cosine > ALONG, f"expected a cosine above {ALONG} before scaling; seen {cosine:.3f}")
    known = (1.0, (group - 1) / group, (batch - 1) / batch)
    # a standardised credit has no unit
    holds = promises.scale_free and estimator.scale is None and size > 0
    holds = holds or min(abs(size - factor) for factor in known) < CLOSE
    return Finding(rule, holds, f"expected 1, (G-1)/G or (N-1)/N grad J before scaling; {seen}")


def _check_rloo_variance(estimator: Estimator) -> Finding:
    """The variance of one group's gradient equals 4 (K-2) / (K (K-1)) z1 + 2 / (K (K-1)) z2, both over all batches."""
    every, _ = _enumerated_batches(1.0)
    batches = decision_tree.one_group(every, 1.0, TRIO)
    share = every.chance / every.roots
    listed = moments.EnumeratedEpisodes(share, every.reward.sum(1), every.score.sum(1), every.root)
    known = moments.rloo_variance(listed, TRIO)
    case = Case("one group", batches, batches.rollout, batches.values, ())
    g = batches.gradients(_coefficients(estimator, case))
    mean = batches.weight @ g
    ratio = float((batches.weight * (g - mean).square().sum(1)).sum()) / known
    detail = f"expected 1 times it; seen {ratio:.6g} times it"
    return Finding("its variance is RLOO's closed form", abs(ratio - 1) < CLOSE, detail)


def _sampled(estimator: Estimator, promises: Promises, mdp: TextFactory, replicates: int) -> Finding:
    """z-scores of the mean of many sampled estimates against the promised multiple of grad J."""
    task = text_task(type(mdp).__name__.lower(), mdp)
    variant = Variant(name="examined", summary="", estimator=estimator, update=FirstOrder())
    training = TrainingConfig(network=GRU(4), collection=Episodes(8, GROUP))
    actor = gradient_quality.gaussian_parameters(task, training, 0.7)
    exact = gradient_quality.exact_gradient(task, training, actor)
    known = _factor(estimator, promises, GROUP, 8, gradient_quality.exact_return(task, training, actor))
    if estimator.aggregation == "constant":
        known /= mdp.horizon
    samples = gradient_quality.replicates(task, variant, training, actor, replicates)
    made = gradient_quality.quality(samples, known * exact)
    holds = made.max_z < LARGEST_Z and abs(made.scale_z) < LARGEST_SCALE_Z
    detail = (
        f"expected z scores below {LARGEST_Z:g}; seen {made.scale:.3f} of the promised length "
        f"(z {made.scale_z:.1f}), largest z of all coordinates {made.max_z:.1f}"
    )
    return Finding(f"its sampled mean is {known:.3g} grad J on {task.name}", holds, detail)
