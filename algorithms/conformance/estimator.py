"""The conformance kit: rules that every estimator must satisfy, including estimators defined elsewhere.

    for finding in examine(my_estimator, Promises(factor="one")):
        print(finding)

The deterministic rules in this file read the coefficients c_t of the gradient sum_t c_t grad log pi(a_t | s_t). The
estimator computes them from a synthetic rollout: episodes of unequal length in groups, rewards without symmetry and
two members. Each part is also examined by itself: credit and critic target by their response to one reward (credit),
ratios off policy (off_policy, surrogate), scale, KL and entropy (objective_terms), baselines and memory (memory). Mean
and variance are computed over every batch of a small tree MDP (unbiasedness).
See docs/decisions/0027-what-the-kit-can-see.md.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from algorithms.conformance import credit as credit_rules
from algorithms.conformance import memory as memory_rules
from algorithms.conformance import objective_terms as objective_terms_rules
from algorithms.conformance import off_policy as off_policy_rules
from algorithms.conformance import surrogate as surrogate_rules
from algorithms.conformance import unbiasedness as unbiasedness_rules
from algorithms.conformance.coefficients import assess_rollout, coefficients, surrogate_coefficients
from algorithms.conformance.declared import numbers as numbers_rules
from algorithms.conformance.declared import teachers as teachers_rules
from algorithms.conformance.finding import Finding, close_to_zero
from algorithms.conformance.synthetic_rollouts import (
    ENVS,
    LONGEST_FIRST,
    STEPS,
    corrupted,
    synthetic_rollout,
    windows,
    with_returns,
    with_tensors,
)
from algorithms.estimators.estimator import Credit, Estimator
from algorithms.estimators.loss import row_weights, subtract_kl
from algorithms.estimators.rollout import Rollout
from algorithms.variant import Promises

__all__ = ["coefficients", "examine"]

CLOSE = 1e-7
REPEATS = 4  # assessments of one rollout: one alone may agree by chance


def examine(estimator: Estimator, promises: Promises | None = None, replicates: int = 0) -> list[Finding]:
    """The findings of all rules, in order. An estimator that cannot be computed raises its own error.

    replicates  gradients that are also sampled through collector, network and learner, if a factor is promised
    """
    promises = promises or Promises()
    fresh = copy.deepcopy(estimator)
    subject = Subject(estimator)
    findings = [
        subject.repeated(),
        *subject.rows(),
        subject.members(),
        subject.permuted(),
        subject.padded(),
        *([subject.doubled(promises.scale_free)] if promises.homogeneous else []),
        subject.referred(),
        _singleton(estimator),
    ]
    if estimator.credit.bootstraps:
        findings += [subject.cut_and_ended(), _windowed(estimator.credit)]
    if promises.separable:
        findings.append(subject.in_parts())
    if promises.shift_invariant:
        findings.append(subject.shifted())
    findings += credit_rules.examine(estimator, promises.scale_free)
    findings += off_policy_rules.examine(estimator)
    findings += surrogate_rules.examine(estimator.surrogate, promises.separable)
    findings += objective_terms_rules.examine(estimator, promises.factor is not None)
    findings += numbers_rules.examine(estimator, promises.scale_free)
    findings += memory_rules.examine(estimator, fresh)
    if estimator.teacher is not None:
        findings += teachers_rules.examine(estimator.teacher)
    return findings + unbiasedness_rules.examine(estimator, promises, replicates)


class Subject:
    """An estimator on a synthetic rollout. Each rule says how its coefficients respond to a change of the rollout."""

    def __init__(self, estimator: Estimator) -> None:
        self.estimator = estimator
        self.rollout, self.values = synthetic_rollout()
        self.base = coefficients(estimator, self.rollout, self.values)
        self.last = self.rollout.valid * (1 - self.rollout.continues)

    def _of(self, rollout: Rollout, values: Tensor | None = None) -> Tensor:
        return coefficients(self.estimator, rollout, self.values if values is None else values)

    def _unmoved(self, rule: str, changed: Rollout) -> Finding:
        """The coefficients of valid rows do not change."""
        return close_to_zero(rule, (self._of(changed) - self.base)[self.rollout.valid > 0], CLOSE)

    def repeated(self) -> Finding:
        """The rollout alone decides: no clock, no chance and no count of calls. Else the other rules read noise."""
        off = torch.stack([self._of(self.rollout) - self.base for _ in range(REPEATS)])
        return close_to_zero("the same rollout has the same coefficients", off, CLOSE)

    def rows(self) -> list[Finding]:
        garbage = corrupted(self.rollout, "reward", "logp", "discount", "continues", "score_norm_sq", "parts")
        return [
            close_to_zero("rows that are not valid weigh nothing", self.base[self.rollout.valid == 0], CLOSE),
            self._unmoved("what stands in rows that are not valid has no influence", garbage),
        ]

    def members(self) -> Finding:
        off = []
        for member in (0, 1):
            louder, parts = self.rollout.reward.clone(), self.rollout.tensors()["parts"].clone()
            louder[:, member] *= 3.0
            parts[:, member, ..., 0] *= 3.0
            changed = (self._of(replace(self.rollout, reward=louder, parts=parts)) - self.base) * self.rollout.valid
            off.append(changed[:, 1 - member])
        return close_to_zero("a member does not see the others", torch.stack(off), CLOSE)

    def permuted(self) -> Finding:
        """The order of groups, and that of episodes within them, has no influence."""
        rng = np.random.default_rng(3)
        groups = np.arange(ENVS).reshape(-1, self.rollout.group)
        order = torch.from_numpy(np.concatenate([rng.permutation(g) for g in rng.permutation(groups)]))
        moved = with_tensors(self.rollout, {k: v[:, :, order] for k, v in self.rollout.tensors().items()})
        off = self._of(moved, self.values[:, :, order]) - self.base[:, :, order]
        return close_to_zero("the order of episodes does not matter", off, CLOSE)

    def padded(self) -> Finding:
        """Two more rows after the end of every episode have no influence."""
        more = {k: torch.cat([v, torch.zeros_like(v[:2])]) for k, v in self.rollout.tensors().items()}
        longer = self._of(with_tensors(self.rollout, more), torch.cat([self.values, self.values[:2]]))
        off = longer - torch.cat([self.base, torch.zeros_like(self.base[:2])])
        return close_to_zero("padding does not matter", off, CLOSE)

    def doubled(self, scale_free: bool) -> Finding:
        twice = replace(with_returns(self.rollout, factor=2), reward=2 * self.rollout.reward)
        off = self._of(twice, 2 * self.values) - (1 if scale_free else 2) * self.base
        # an epsilon added to the deviation sets a scale, so differences of its size are allowed
        eps = getattr(self.estimator.scale, "eps", 0.0) if scale_free else 0.0
        expected = f"coefficients times {1 if scale_free else 2}"
        return close_to_zero("rewards and values times 2", off[self.rollout.valid > 0], CLOSE + eps, expected)

    def referred(self) -> Finding:
        referred = subtract_kl(self.estimator.kl, replace(self.rollout, reference=self.rollout.logp - 1), 0.0)
        return self._unmoved("a reference that costs nothing changes nothing", referred)

    def shifted(self) -> Finding:
        more = replace(with_returns(self.rollout, more=10), reward=self.rollout.reward + 10 * self.last)
        return self._unmoved("a constant on every final reward changes nothing", more)

    def cut_and_ended(self) -> Finding:
        """V of an episode's last state counts if the episode was truncated, and does not if it terminated."""
        other = self.values.clone()
        other[1:][self.last > 0] += 5.0  # the last observation of an episode; no valid row acts on it
        ended = float((self._of(self.rollout, other) - self.base).abs().max())
        cut = replace(self.rollout, discount=self.rollout.discount + self.last)
        bare = Subject(replace(self.estimator, scale=None))  # a scale may treat rows alike that differ in V
        moved = float((bare._of(cut, other) - bare._of(cut))[self.last > 0].abs().min())
        holds = ended < CLOSE and moved > 100 * CLOSE
        detail = f"expected V of the last state to count if cut only; seen {ended:.2g} if over, {moved:.2g} if cut"
        return Finding("a cut episode bootstraps, one that is over does not", holds, detail)

    def in_parts(self) -> Finding:
        """Advantages and weights come from the whole batch, the surrogate from two halves that split the groups."""
        made, _ = assess_rollout(self.estimator, self.rollout, self.values)
        weights, parts = row_weights(self.estimator, self.rollout, STEPS), torch.zeros_like(self.base)
        for index in (torch.arange(0, ENVS, 2), torch.arange(1, ENVS, 2)):
            part = with_tensors(self.rollout, {k: v[:, :, index] for k, v in self.rollout.tensors().items()})
            parts[:, :, index] = surrogate_coefficients(
                self.estimator, part, made.advantage[:, :, index], weights[:, :, index]
            )
        return close_to_zero("the gradients of micro-batches add up", parts - self.base, CLOSE)


def _windowed(credit: Credit) -> Finding:
    """Credit of a window's first episode ignores what follows it, and credit of its second ignores what precedes it."""
    rollout, values = windows()
    length = (rollout.valid == 0).long().argmax(0)  # [P, N] of the first episode
    altered = corrupted(rollout, "reward", "discount", "continues")
    q, off = credit(altered, values), []
    for rows in range(1, LONGEST_FIRST + 1):
        alone = credit(with_tensors(rollout, {k: v[:rows] for k, v in rollout.tensors().items()}), values[: rows + 1])
        off.append((q[:rows] - alone)[:, length == rows].flatten())
    t = torch.arange(len(q))[:, None, None]
    early = replace(altered, reward=torch.where(t < length, 3 * rollout.reward, altered.reward))
    off.append((credit(early, values) - q)[t > length])
    return close_to_zero("no credit crosses from one episode of a window into another", torch.cat(off), CLOSE)


def _singleton(estimator: Estimator) -> Finding:
    """A group of one gives a gradient or an error. Its gradient is never silently 0."""
    rollout, values = synthetic_rollout(group=1)
    try:
        made = coefficients(estimator, rollout, values)
    except ValueError as error:
        return Finding("a group of one", True, f"expected a gradient or an error; seen the error: {error}")
    silent = float(made.abs().max()) < CLOSE
    detail = f"expected a gradient or an error; seen {'a gradient that is silently 0' if silent else 'a gradient'}"
    return Finding("a group of one", not silent, detail)
