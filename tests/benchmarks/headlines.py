"""The headline of a suite as one text: its answer, then its details."""

from __future__ import annotations

from benchmarks.statistics.families import Ledger
from benchmarks.statistics.wording.leader import headline as answer_of
from benchmarks.store.suite import Suite


def headline(suite: Suite, ledger: Ledger | None = None) -> str:
    answer = answer_of(suite, ledger)
    return " ".join([answer.text, *answer.details])
