"""How often a policy's texts are better by gold than those of SFT on the same prompts."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.statistics.families import Ledger
from benchmarks.statistics.intervals import t_interval
from benchmarks.store.suite import Data, Suite


@dataclass(frozen=True)
class WinRate:
    """learner: the policy gradient; task: on which."""

    learner: str
    task: str

    def sentence(self, data: Data) -> str:
        """The win rate at the last checkpoint, and whether its interval leaves out one half."""
        points = data.series(self.task, self.learner, "win_rate")
        if not points or len(points[-1][1]) < 2:
            return ""
        values = points[-1][1]
        low, high = t_interval(values)
        said = "more often" if low > 0.5 else "less often" if high < 0.5 else "not shown to be more or less often"
        return (
            f"`{self.learner}`'s texts are {said} better by gold than SFT's on the same prompts: "
            f"{values.mean():.0%} of pairs (95 % interval {low:.0%} to {high:.0%}, {len(values)} seeds)."
        )

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """It compares no variants."""
