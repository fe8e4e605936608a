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
        low, high = t_interval(values, limits=data.limits(self.task, "win_rate"))
        said = "more often" if low > 0.5 else "less often" if high < 0.5 else "not shown to be more or less often"
        pairs, bounds = f"{100 * values.mean():.0f} %", f"{100 * low:.0f} % to {100 * high:.0f} %"
        return (
            f"By gold, the texts of `{self.learner}` are {said} better than SFT's on the same prompts: in {pairs} of pairs "
            f"(95 % interval {bounds}, {len(values)} seeds)."
        )

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """It compares no variants."""
