"""The optimal policy of a task as a teacher: its log-probabilities of what a student wrote, exactly."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from algorithms.estimators.rollout import Rollout
from algorithms.training.returns.exact_return import reason_not_enumerable, text_mdp
from algorithms.training.returns.listed_prefixes import ListedPrefixes
from envs.api import Task
from envs.enumeration import enumerate_episodes
from envs.solver import softened_optimum

LEAST = np.finfo(np.float64).tiny  # a smaller probability counts as this one, so that no logarithm is infinite


def reason_no_teacher(task: Task) -> str | None:
    """Why the task's optimal policy cannot teach; None if it can."""
    if text_mdp(task) is None:
        return "learns from the task's optimal policy, and that of this task is not known"
    reason = reason_not_enumerable(task)
    return f"learns from the optimal policy after every text, and {reason}" if reason else None


class OptimalTeacher:
    """The optimum softened at this temperature, or that of J if the task has a beta (envs.solver.softened_optimum)."""

    def __init__(self, task: Task, temperature: float) -> None:
        mdp = text_mdp(task)
        if mdp is None:
            raise ValueError(f"{task.name}: a student {reason_no_teacher(task)}")
        episodes = enumerate_episodes(mdp)
        solution = softened_optimum(mdp, mdp.beta or temperature)
        self._prefixes = ListedPrefixes(task, episodes)
        sets = np.array([len(policy) for policy in solution.policy])
        before = np.cumsum(sets) - sets  # information sets are numbered by step
        row = self._prefixes.of_each(before[:, None] + episodes.information)
        self._log_policy = np.log(np.maximum(np.concatenate(solution.policy)[row], LEAST))  # [texts, V]

    def __call__(self, rollout: Rollout) -> Tensor:
        """log teacher(a_t|s_t) [T, P, N] of a rollout with numbers of its texts; 0 on rows that are not valid."""
        assert rollout.prefix is not None
        logp = self._log_policy[self._prefixes.places(rollout.prefix), rollout.action.cpu().numpy()]
        return torch.from_numpy(logp).to(rollout.valid) * rollout.valid


@functools.lru_cache(maxsize=4)
def teacher_of(task: Task, temperature: float) -> OptimalTeacher:
    """The OptimalTeacher of a task, listed once."""
    return OptimalTeacher(task, temperature)
