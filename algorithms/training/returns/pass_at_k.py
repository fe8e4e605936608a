"""pass@k of a policy on an enumerable text MDP: the chance that one of k texts of a prompt is right, without sampling.

    pass@k = sum_x p(x) (1 - (1 - p_x)^k),    p_x = sum_s pi(s | x) P(s is right)

A text is right if its return, without a KL, is above the middle of the task's scale; where a final reward of 1 or 0 is paid
by chance, if it is 1. Chen et al. (2021, arXiv 2107.03374, eq. 1) estimate the same from samples.
"""

from __future__ import annotations

import numpy as np

from algorithms.training.returns.episode_tree import EpisodeTree
from envs.api import Doubles, Ints

KS = (1, 2, 4, 8, 16, 32, 64)
NAMES = tuple(f"pass@{k}" for k in KS)


class RightTexts:
    """The right texts of a task, prompt by prompt.

    right   the chance that each of the S listed episodes is right [S]
    prompt  the index of each episode's prompt [S], 0 .. X-1
    chance  the environment's factor p(s) of each episode [S]
    start   p(x) of each prompt [X]
    """

    def __init__(self, right: Doubles, prompt: Ints, chance: Doubles, start: Doubles) -> None:
        self._weight, self._prompt, self._start = right * chance, prompt, start
        self._orders: dict[tuple[int, int], tuple[Doubles, Ints, Ints, Ints]] = {}  # of each tree, by its episodes

    def chances(self, tree: EpisodeTree, pi: Doubles) -> Doubles:
        """p(x) p_x [P, X] of the texts of one tree, from pi of the episodes that end at its edges [P, E]."""
        key = tree.part.start, tree.part.stop
        if key not in self._orders:
            prompt = tree.at_ends(self._prompt)
            order = np.argsort(prompt, kind="stable")
            first = np.flatnonzero(np.diff(prompt[order], prepend=-1))
            self._orders[key] = tree.collect(self._weight)[order], order, first, prompt[order][first]
        weight, order, first, prompts = self._orders[key]
        total = np.zeros((len(pi), len(self._start)))
        total[:, prompts] = np.add.reduceat(pi[:, order] * weight, first, 1)
        return total

    def measures(self, chances: Doubles) -> dict[str, Doubles]:
        """pass@k [P] for each of KS, from p(x) p_x [P, X] of all texts."""
        wrong = 1 - (chances / self._start).clip(0, 1)
        return {f"pass@{k}": 1 - wrong**k @ self._start for k in KS}
