"""The findings that experiments declare: one sentence each, that claims no more than the corrected tests show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.panels import Data


@dataclass(frozen=True)
class Staleness:
    """How large a lag shows a loss, what is shown to win some of it back at one lag, and both by task at a late one.

    fresh    the synchronous run        stale  the uncorrected runs by lag
    at       the lag of the repairs     repairs  by their names in the sentence
    late     a lag and its corrections, for the part by task
    """

    fresh: str
    stale: Mapping[int, str]
    at: int
    repairs: Mapping[str, str]
    late: tuple[int, tuple[str, ...]] | None = None

    def sentence(self, data: Data) -> str:
        from benchmarks import finding_texts

        return finding_texts.staleness(data.suite, self)


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
