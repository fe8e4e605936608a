"""The findings that experiments declare: one sentence each, that claims no more than the corrected tests show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.panels import Data
    from benchmarks.statistics.families import Ledger
    from benchmarks.suite import Suite


@dataclass(frozen=True)
class Staleness:
    """How large a lag shows a loss, and what each correction gains or loses: over the suite, and on each task.

    fresh        the synchronous run        stale    the uncorrected runs by lag
    at           the lag of the repairs     repairs  by their names in the sentence
    corrections  by their names in the sentence, by lag: each is held against the same lag uncorrected
    late         a lag and its corrections, which are held against one another by task too
    """

    fresh: str
    stale: Mapping[int, str]
    at: int
    repairs: Mapping[str, str]
    late: tuple[int, tuple[str, ...]] | None = None
    corrections: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def sentence(self, data: Data) -> str:
        from benchmarks import finding_texts

        return finding_texts.staleness(data.suite, self)

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the two families of this finding: its sentences and the tables below them say the same."""
        from benchmarks import finding_texts

        finding_texts.of_lags(suite, self, ledger)
        finding_texts.of_corrections(suite, self, ledger)


@dataclass(frozen=True)
class Bonuses:
    """Which entropy bonuses differ from none over the suite and on which tasks, and some of them from one another.

    none       the variant without a bonus      bonuses  those with one
    contrasts  pairs of bonuses, the first held against the second
    """

    none: str
    bonuses: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...] = ()

    def sentence(self, data: Data) -> str:
        from benchmarks import finding_texts

        return finding_texts.bonuses(data.suite, self)

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Enter the family of this finding: its sentence and the tables below it say the same."""
        from benchmarks import finding_texts
        from benchmarks.statistics.families import compare_family

        compare_family(suite, finding_texts.asked_of_bonuses(self), ledger)
