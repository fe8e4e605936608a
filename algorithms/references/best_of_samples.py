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
from envs.language.tasks.review import Review
from envs.text_mdp import Rows
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
        mdp = task.factory
        if not isinstance(mdp, Review) or mdp.samples is None:
            return "needs samples of the reference policy, and this task has none"
        have = mdp.samples.load().gold.shape[2]
        return None if self.n <= have else f"takes the best of {self.n} samples, and the task has {have} a prompt"

    def train(self, plan: TrainingPlan, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        """One Record a seed, by its own samples and reward model."""
        mdp = plan.task.factory
        assert isinstance(mdp, Review)
        assert mdp.samples is not None
        for member, seed in enumerate(plan.members.seeds):
            found, (prompts, have) = judged_samples(mdp, seed, device)
            order = found[mdp.judge].reshape(prompts, have).argsort(axis=1, kind="stable")
            weights = weights_of_best(have, self.n)
            best = {
                name: float((np.take_along_axis(x.reshape(prompts, have), order, 1) @ weights).mean())
                for name, x in found.items()
                if name not in OF_SETS or (self.n == 1 and name in ("agreement", "reward_accuracy"))
            }
            kl = kl_bound(self.n)
            value = best[mdp.judge] - plan.task.beta * kl
            yield Record(seed, 0.0, 0, 0.0, 0, 0, 0.0, value, value, False, {**best, "kl": kl}, member=member)


@lru_cache(KEPT)
def judged_samples(mdp: Review, seed: int, device: str) -> tuple[Mapping[str, Doubles], tuple[int, int]]:
    """All measures [X n] of a member's samples, and (X, n): its prompts, and samples of each."""
    assert mdp.samples is not None
    samples = mdp.samples.load()
    shape = len(mdp.openings), samples.gold.shape[2]
    every, count = mdp.reference_rows(), shape[0] * shape[1]
    first = samples.seeds.tolist().index(seed) * count
    rows = Rows(every.transcript[first : first + count], every.hidden[first : first + count])
    found = mdp.measures(mdp.paid(rows, device), count, device)
    found["length"] = (mdp.answers(rows.transcript) > 0).sum(1).astype(np.float64)
    return found, shape
