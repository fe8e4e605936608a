"""The best of n samples of the reference policy by what a text task pays: what can be had without training anything.

Every measure is its mean over all subsets of n of the N samples of a prompt, which is unbiased (Stiennon et al. 2020,
appendix G.3). KL: at most log n - (n - 1) / n nats (Beirami et al. 2024).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from algorithms.algorithm import TrainingPlan
from algorithms.language.best_of_n import kl_bound, weights_of_best
from algorithms.references.reference import Reference
from algorithms.training.records import Record, TrainingEvent
from algorithms.training.state import RunState
from envs.api import Doubles, Task
from envs.language.judged_mdp import OF_MEMBERS
from envs.language.samples import HasSamples, with_samples
from envs.validation import check_least

OF_SETS = ("win_rate", *OF_MEMBERS)  # of all texts or of two at once: no mean over single texts
KEPT = 32  # members and tasks whose samples are judged once for every n


@dataclass(frozen=True, kw_only=True)
class BestOfSamples(Reference):
    """n: samples of which the best is taken; 1 is the reference policy itself."""

    n: int

    def __post_init__(self) -> None:
        check_least(n=(self.n, 1))

    def reason_unsupported(self, task: Task) -> str | None:
        """Why there is no best of n; None if there is one."""
        if (mdp := with_samples(task)) is None:
            return "needs samples of the reference policy, and this task has none"
        have = mdp.samples_each
        return None if self.n <= have else f"takes the best of {self.n} samples, and the task has {have} a prompt"

    def train(self, plan: TrainingPlan, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        """One Record a seed, by its own samples and reward model."""
        mdp = with_samples(plan.task)
        assert mdp is not None
        for member, seed in enumerate(plan.members.seeds):
            found, have = judged_samples(mdp, seed, device), mdp.samples_each
            order = found[mdp.judge].reshape(-1, have).argsort(axis=1, kind="stable")
            weights = weights_of_best(have, self.n)
            best = {
                name: float((np.take_along_axis(x.reshape(-1, have), order, 1) @ weights).mean())
                for name, x in found.items()
                if name not in OF_SETS or (self.n == 1 and name in ("agreement", "reward_accuracy"))
            }
            kl = kl_bound(self.n)
            value = best[mdp.judge] - plan.task.beta * kl
            yield Record(seed, 0.0, 0, 0.0, 0, 0, 0.0, value, value, False, {**best, "kl": kl}, member=member)


@lru_cache(KEPT)
def judged_samples(mdp: HasSamples, seed: int, device: str) -> Mapping[str, Doubles]:
    """All measures [X n] of a member's samples."""
    return mdp.judged_samples(seed, device)
