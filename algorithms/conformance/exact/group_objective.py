"""Which objective a group estimator climbs where answers are right (reward 1) or wrong (0), by enumeration.

Let p be the probability of a right answer to a prompt, S_i = grad log pi of answer i, and let the estimator be
g = sum_i c_i S_i over a group of G answers. If c_i depends on the rewards alone, then E[S | right] = grad p / p and
E[S | wrong] = -grad p / (1 - p) give

    E[g] = w(p) grad p,    w(p) = G sum_k Bin(k; G - 1, p) (c_right(k + 1) - c_wrong(k)),

where k of the G - 1 other answers are right, and c_right(K), c_wrong(K) are the weights of a right and of a wrong answer in
a group with K right ones. So E[g] is the gradient of F(p) with F' = w: w = 1 for E[R] (REINFORCE), k (1 - p)^(k - 1) for
pass@k, 1 / p for log p. MaxRL (Tajwar et al. 2026, arXiv 2602.02710) has the partial sum of order G - 1 of
log p = - sum_m (1 - p)^m / m.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb

import numpy as np
import torch
from torch import Tensor

from algorithms.conformance.coefficients import coefficients
from algorithms.estimators.advantage_scale import reads_parts
from algorithms.estimators.baseline import reads_pool
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.rollout import Rollout
from envs.api import Doubles

EQUAL = 1e-12  # of the largest weight: rounding
LOGP = (-1.0, -0.2)  # two probabilities of all answers: weights that differ between them depend on the policy


@dataclass(frozen=True)
class GroupWeights:
    """Weights c_i of an answer in a group with K right ones: right, wrong [G + 1]; NaN where the group has none such."""

    right: Doubles
    wrong: Doubles

    @property
    def group(self) -> int:
        return len(self.right) - 1

    def factor(self, p: Doubles) -> Doubles:
        """w(p), in the shape of p."""
        others, right = np.arange(self.group), np.asarray(p, np.float64)[..., None]
        ways = np.array([comb(self.group - 1, k) for k in others])
        chance = ways * right**others * (1 - right) ** (self.group - 1 - others)
        total: Doubles = self.group * (chance * (self.right[1:] - self.wrong[:-1])).sum(-1)
        return total


def reason_reads_more(estimator: Estimator) -> str | None:
    """Why a listed group of episodes does not determine this estimator's gradient; None if it does."""
    baseline = estimator.baseline
    if baseline.critic:
        return "has a critic"
    if baseline.needs_score_norms or baseline.needs_greedy_return:
        return "reads more of the policy than its rewards"
    if baseline.initial(1, 1):
        return "remembers earlier rollouts"
    if estimator.reads_prefixes:
        return "reads more of the texts than their rewards"
    if reads_pool(baseline):
        return "reads episodes that are not in the group"
    if reads_parts(estimator.scale):
        return "reads the parts of a reward"
    return None


def reason_without_weights(estimator: Estimator) -> str | None:
    """Why the weights of this estimator do not follow from the rewards of a group; None if they may."""
    if reason := reason_reads_more(estimator):
        return reason
    if getattr(estimator.scale, "gates", False):
        return "weighs answers by their probabilities"
    return None


def group_weights(estimator: Estimator, group: int) -> GroupWeights:
    """The weights at pi = mu of answers of one token, from the estimator's own code, in groups of `group` answers.

    ValueError where they depend on more than the rewards, or where the estimator refuses such a group.
    """
    if reason := reason_without_weights(estimator):
        raise ValueError(f"this estimator {reason}, so its weights are no function of a group's rewards")
    first, second = (_weights(estimator, group, logp) for logp in LOGP)
    reward = _rewards(group)
    right, wrong = (_common(first, reward == paid) for paid in (1, 0))
    if not torch.allclose(first, second, rtol=0, atol=EQUAL * max(1.0, float(first.abs().max()))):
        raise ValueError("this estimator's weights depend on the probabilities of answers, not on the rewards alone")
    return GroupWeights(right, wrong)


def _rewards(group: int) -> Tensor:
    """[G + 1, G]: K right answers, then wrong ones, in row K."""
    return (torch.arange(group) < torch.arange(group + 1)[:, None]).double()


def _weights(estimator: Estimator, group: int, logp: float) -> Tensor:
    """c [G + 1, G] of each answer in a group with K right ones."""
    reward = _rewards(group)[None]
    ones = torch.ones_like(reward)
    rollout = Rollout(
        obs=torch.zeros(2, *reward.shape[1:], 1, dtype=torch.float64),
        action=torch.zeros(reward.shape, dtype=torch.long),
        logp=logp * ones,
        reward=reward,
        discount=0 * ones,
        continues=0 * ones,
        valid=ones,
        action_mask=None,
        group=group,
    )
    if estimator.reads_current_logp:
        rollout = replace(rollout, current_logp=rollout.logp)
    values = torch.zeros(2, *reward.shape[1:], dtype=torch.float64)
    return coefficients(estimator, rollout, values, horizon=1)[0]


def _common(weights: Tensor, on: Tensor) -> Doubles:
    """The one weight of each row where `on`; NaN for rows without any. ValueError where a row has several."""
    found = np.full(len(weights), np.nan)
    for k, (row, kept) in enumerate(zip(weights, on, strict=True)):
        values = row[kept]
        if not len(values):
            continue
        if float(values.max() - values.min()) > EQUAL * max(1.0, float(weights.abs().max())):
            raise ValueError("this estimator gives answers with equal rewards unequal weights")
        found[k] = float(values.mean())
    return found


# ---- objectives that have a name: w(p) of each, up to a constant factor


def expected_reward(p: Doubles) -> Doubles:
    """w of E[R] = p."""
    return np.ones_like(np.asarray(p, np.float64))


def pass_at(k: int, p: Doubles) -> Doubles:
    """w of pass@k = 1 - (1 - p)^k."""
    return k * (1 - np.asarray(p, np.float64)) ** (k - 1)


def log_of_order(order: int, p: Doubles) -> Doubles:
    """w of - sum_{m=1}^{order} (1 - p)^m / m, the partial sums of log p: (1 - (1 - p)^order) / p."""
    powers = (1 - np.asarray(p, np.float64))[..., None] ** np.arange(order)
    total: Doubles = powers.sum(-1)
    return total
