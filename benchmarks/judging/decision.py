"""When a candidate is better, worse, or neither: looks at growing numbers of seeds, against one rival or several.

"Better" means better than every rival. The test of a union of null hypotheses rejects where each of them is rejected at the
full level (Berger 1982, the intersection-union test), so nothing is corrected for the number of rivals: if the candidate is
not better than some rival, it passes only where that one test errs. "Worse" means worse than some rival, which Holm's
correction over the rivals allows for. Looks share alpha as in benchmarks.statistics.sequential. The tests are two-sided, so
"better" where it is not true has a probability of at most alpha / 2.

Costly rivals wait in a later stage, until those before are beaten. "Better" still needs every rival, so its error is the
same. A false "worse" has at most alpha / 2 in the first stage, and alpha / 2 in the stage after it: alpha in all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.statistics import sequential
from benchmarks.statistics.intervals import Doubles, moments, t_interval
from benchmarks.statistics.sequential import SequentialDecision

Outcome = Literal["better", "not shown", "worse"]


@dataclass(frozen=True)
class Standing:
    """The candidate against one rival at the last look at which the two were compared.

    decision     "open" where nothing was decided
    low, high    interval of the difference; at all looks together it holds the true one with probability 1 - alpha
    p_corrected  for the looks: the least so far of p alpha / alpha_k
    """

    rival: str
    decision: str
    seeds: int
    difference: float
    low: float
    high: float
    p_corrected: float


@dataclass
class Judgement:
    """The looks so far. `alpha` is shared by `looks` looks, and differences below `margin` count as none.

    stages  rivals that are met together; the next stage begins at its first look when all before are beaten
    at      the stage that is played
    taken   looks of that stage
    """

    stages: Sequence[Sequence[str]]
    looks: int
    alpha: float
    margin: float
    at: int = 0
    taken: int = 0
    decided: dict[str, SequentialDecision] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)

    @property
    def undecided(self) -> list[str]:
        """Rivals of this stage that the candidate must still be compared with."""
        return [rival for rival in self.stages[self.at] if rival not in self.decided]

    @property
    def not_met(self) -> list[str]:
        """Rivals that the candidate was not compared with."""
        return [rival for stage in self.stages for rival in stage if rival not in self.standings]

    @property
    def seeds(self) -> int:
        """The most seeds that were looked at."""
        return max((standing.seeds for standing in self.standings.values()), default=0)

    @property
    def outcome(self) -> Outcome | None:
        """What is decided; None where more seeds may decide it."""
        kinds = [decision.kind for decision in self.decided.values()]
        if "worse" in kinds:
            return "worse"
        if not self.not_met and kinds.count("better") == len(self.standings):
            return "better"
        return "not shown" if "same" in kinds or self.taken == self.looks else None

    def look(self, differences: Mapping[str, Doubles], lost: Collection[str] = ()) -> None:
        """Take the next look. differences: candidate minus each undecided rival, one a seed. lost: sequential.look's."""
        level = float(sequential.levels(self.looks, self.alpha)[self.taken])
        self.taken += 1
        found = sequential.look(differences, level, self.margin, lost)  # what Holm shows, each test shows alone
        for rival, d in differences.items():
            alone = sequential.look({rival: d}, level, self.margin, lost)
            found |= {r: one for r, one in alone.items() if one.kind == "better"}
            p = sequential.adjusted({rival: d}, level, self.alpha)[rival]
            before = self.standings.get(rival)
            low, high = t_interval(d, 1 - level)
            kind = found[rival].kind if rival in found else "open"
            p = p if before is None else min(p, before.p_corrected)
            self.standings[rival] = Standing(rival, kind, len(d), moments(d)[0], low, high, p)
        self.decided |= found
        beaten = all(one.kind == "better" for one in self.decided.values())
        if beaten and not self.undecided and self.at + 1 < len(self.stages):
            self.at, self.taken = self.at + 1, 0
