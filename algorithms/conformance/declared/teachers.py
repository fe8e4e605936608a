"""Conformance rules for a teacher: what it pays, and the gradient that this has in the mean, over all episodes of a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from algorithms.conformance import decision_tree
from algorithms.conformance.coefficients import coefficients
from algorithms.conformance.decision_tree import TreeEpisodes
from algorithms.conformance.finding import Finding, close_to_zero
from algorithms.estimators.baseline import Zero
from algorithms.estimators.credit import RewardToGo
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.kl_penalty import Teacher
from algorithms.estimators.rollout import Rollout
from algorithms.estimators.surrogate import Score

CLOSE = 1e-10


def with_teacher(rollout: Rollout) -> Rollout:
    """The rollout of a tree with the log-probabilities of some teacher."""
    table = torch.from_numpy(np.random.default_rng(9).uniform(-1.5, -0.2, (8, 4)))
    return replace(rollout, teacher=table[rollout.obs[:-1, ..., 0].long(), rollout.action])


def divergences(every: TreeEpisodes, rollout: Rollout, index: Tensor) -> TreeEpisodes:
    """The episodes that pay log teacher - log pi; `index` [P, N] says which of them are the columns of the rollout."""
    assert rollout.teacher is not None
    logp = torch.zeros_like(every.reward)
    logp[index.flatten()] = rollout.teacher.flatten(1).T
    return replace(every, reward=(logp - every.logp) * every.valid)


def examine(teacher: Teacher) -> Iterator[Finding]:
    """The findings of all rules, from rewards-to-go without a baseline."""
    every = decision_tree.tree_episodes(decision_tree.DENSE, decision_tree.DENSE_ROOTS, 1.0)
    batches = decision_tree.stratified(every, 1.0, 1)
    bare, rollout = Estimator(RewardToGo(), Zero(), Score()), with_teacher(batches.rollout)
    c = coefficients(bare, teacher.pay(rollout), batches.values, horizon=len(rollout.valid))
    louder = teacher.pay(replace(rollout, reward=3 * rollout.reward + 1))
    off = coefficients(bare, louder, batches.values, horizon=len(rollout.valid)) - c
    yield close_to_zero("with a teacher the task's rewards do not count", off, CLOSE)
    known = divergences(every, rollout, batches.index).gradient(teacher.discount, weighted=False)
    yield close_to_zero(
        f"the mean gradient is that of -KL(pi || teacher) at a discount of {teacher.discount:g}",
        batches.mean(c) - known,
        CLOSE,
    )
