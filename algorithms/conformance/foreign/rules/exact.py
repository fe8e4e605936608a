"""The exact mean of a complete estimator: over all batches of a small tree MDP, against grad J.

A function of advantages is complete with the score: the gradient is 1/B sum_it A_it grad log pi_it. A loss is complete if it
takes rewards. There are 400 batches of two texts for each of two prompts (conformance/decision_tree.py).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from algorithms.conformance import decision_tree
from algorithms.conformance.decision_tree import Batches, TreeEpisodes
from algorithms.conformance.foreign.adapters.adapter import Foreign
from algorithms.conformance.foreign.texts import Texts, texts
from algorithms.conformance.synthetic_rollouts import GAMMA

PAIR = 2  # texts of a prompt
ALONG = 0.5  # the smallest cosine to grad J of an estimator that promises nothing
CLOSE = 1e-5


class Mean(NamedTuple):
    """E[gradient] = multiple x grad J + an orthogonal vector of length rest |grad J|."""

    multiple: float
    rest: float
    cosine: float


@cache
def _listed(gamma: float) -> tuple[TreeEpisodes, Batches]:
    every = decision_tree.tree_episodes(decision_tree.DENSE, decision_tree.DENSE_ROOTS, gamma)
    return every, decision_tree.stratified(every, gamma, PAIR)


def complete(foreign: Foreign) -> bool:
    """Whether the function's result gives a gradient without a further choice."""
    return foreign.kind == "advantages" or (foreign.kind == "loss" and bool(foreign.takes & {"rewards", "scores"}))


def mean_gradient(foreign: Foreign) -> Mean:
    """The nearest of grad J with and without the factor gamma^t, for a function that reads a discount."""
    gamma = GAMMA if "gamma" in foreign.takes else 1.0
    every, batches = _listed(gamma)
    c = torch.zeros_like(batches.rollout.valid)
    for p in range(len(batches.index)):
        batch = _texts(batches, p, gamma)
        c[:, p] = (foreign(batch) * batch.mask).T / (len(batch.mask) if foreign.kind == "advantages" else 1)
    seen = batches.mean(c)
    return min((_against(seen, every.gradient(gamma, weighted)) for weighted in (True, False)), key=lambda m: m.rest)


def _against(seen: Tensor, exact: Tensor) -> Mean:
    multiple = float(seen @ exact / (exact @ exact))
    rest = float((seen - multiple * exact).norm() / exact.norm())
    return Mean(multiple, rest, float(torch.nn.functional.cosine_similarity(seen, exact, dim=0)))


def _texts(batches: Batches, p: int, gamma: float) -> Texts:
    """Batch p of the list as texts."""
    rollout = batches.rollout

    def rows(x: Tensor) -> Tensor:
        return x[:, p].T.contiguous()

    mask, logp = rows(rollout.valid), rows(rollout.logp)
    assert rollout.greedy_return is not None
    blank = texts(len(mask) // PAIR, PAIR, mask.shape[1], gamma)
    return blank.each(
        reward=rows(rollout.reward) * mask, mask=mask, exists=mask, old_logp=logp, logp=logp.clone(),
        value=rows(batches.values[:-1]) * mask, baseline=rollout.greedy_return[0, p],
        sum_pi_squared=0.5 * mask,
    )  # fmt: skip
