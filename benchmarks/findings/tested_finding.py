"""The protocol of findings that test pairs of variants."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from benchmarks.statistics.families import Ledger
from benchmarks.store.suite import Suite


@runtime_checkable
class TestedFinding(Protocol):
    """A finding that enters its families in the ledger before those of the report, which refer to them."""

    def decide(self, suite: Suite, ledger: Ledger) -> None: ...
