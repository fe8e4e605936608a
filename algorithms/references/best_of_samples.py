"""The best of n samples of the reference policy by what a text task pays: what can be had without training anything.

Every measure is its mean over all subsets of n of the N samples of a prompt, which is unbiased (Stiennon et al. 2020,
appendix G.3). KL: at most log n - (n - 1) / n nats (Beirami et al. 2024).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from algorithms.algorithm import TrainingPlan
from algorithms.language.best_of_n import kl_bound, weights_of_best
from algorithms.references.reference import Reference
from algorithms.training.records import Record, TrainingEvent
from algorithms.training.state import RunState
from envs.api import Task
from envs.language.judged_mdp import OF_MEMBERS
from envs.language.tasks.review import Review
from envs.text_mdp import Rows
from envs.validation import check_least

OF_SETS = ("win_rate", *OF_MEMBERS)  # of all texts or of two at once: no mean over single texts


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
        samples = mdp.samples.load()
        prompts, have = len(mdp.openings), samples.gold.shape[2]
        every, members = mdp.reference_rows(), samples.seeds.tolist()
        for member, seed in enumerate(plan.members.seeds):
            rows = slice(members.index(seed) * prompts * have, (members.index(seed) + 1) * prompts * have)
            found = mdp.measures(
                mdp.paid(Rows(every.transcript[rows], every.hidden[rows]), device), prompts * have, device
            )
            found["length"] = (mdp.answers(every.transcript[rows]) > 0).sum(1).astype(np.float64)
            order = found[mdp.judge].reshape(prompts, have).argsort(axis=1, kind="stable")
            weights = weights_of_best(have, self.n)
            best = {
                name: float((np.take_along_axis(x.reshape(prompts, have), order, 1) @ weights).mean())
                for name, x in found.items()
                if name not in OF_SETS
            }
            kl = kl_bound(self.n)
            value = best[mdp.judge] - plan.task.beta * kl
            yield Record(seed, 0.0, 0, 0.0, 0, 0, 0.0, value, value, False, {**best, "kl": kl}, member=member)
