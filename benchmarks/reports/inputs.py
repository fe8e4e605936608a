"""The input of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.design.guide_case import GuideCase
from benchmarks.design.report_blocks import Figure, Finding
from benchmarks.figures.rendering.file_kinds import SUFFIXES
from benchmarks.reports.rate_notes import RateNotes
from benchmarks.statistics.best import decide_all_pairs
from benchmarks.statistics.comparisons import all_pairs, baseline_pairs, rung_pairs
from benchmarks.statistics.families import ADAPTIVE, BASELINE, RUNGS, Decision, Ledger, decide_pairs, hypothesis
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.store.suite import Data, Suite


@dataclass(frozen=True)
class ReportInput:
    """The results of an experiment and what it declares; `parents` and `changes` are of the rungs among the variants."""

    name: str
    question: str
    suite: Suite
    measures: pd.DataFrame  # columns: store.sources.MEASURE_COLUMNS
    texts: Mapping[str, Mapping[str, list[str]]]  # task -> writer -> sample texts
    parents: Mapping[str, str | None]
    changes: Mapping[str, str]
    out: Path
    kinds: Sequence[str] = SUFFIXES  # of figure files
    text_scores: Mapping[str, Mapping[str, list[dict[str, float]]]] = field(default_factory=dict)  # of these, by name
    text_measures: tuple[str, ...] = ()  # in a table of their own, in this order
    baseline: str | None = None  # all others are compared with it; None: the first learner
    figures: tuple[Figure, ...] = ()  # the experiment's own figures
    finding: Finding | None = None
    cases: tuple[GuideCase, ...] = ()
    metas: Sequence[Mapping[str, Any]] = ()
    failures: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()  # tasks and variants of the experiment without a row
    rates: RateNotes = field(default_factory=RateNotes)  # on rates that were selected for another variant
    sequential: Mapping[str, Any] = field(default_factory=dict)  # what `run --adaptive` decided
    mixed: tuple[str, ...] = ()  # differences between the cells' numerics
    own_tasks: frozenset[str] = frozenset()  # the user's, which --ceiling can give a ceiling
    provenance: Mapping[str, object] = field(default_factory=dict)

    @property
    def against(self) -> str | None:
        learners = self.suite.learners
        return self.baseline if self.baseline in learners else (learners[0] if learners else None)

    @cached_property
    def ledger(self) -> Ledger:
        """The decisions of the page, each in the first family that holds it; single tasks add theirs later."""
        ledger, suite = Ledger(), self.suite
        if self.finding is not None:
            self.finding.decide(suite, ledger)
        enter_sequential(self.sequential, suite, ledger)
        decide_pairs(suite, rung_pairs(suite, self.parents), ledger, RUNGS)
        if self.against:
            decide_pairs(suite, baseline_pairs(suite, self.against), ledger, BASELINE)
        decide_all_pairs(suite, all_pairs(suite), ledger)
        return ledger

    @cached_property
    def data(self) -> Data:
        """The input of figures and findings."""
        return Data(self.suite, self.measures)

    @property
    def n(self) -> str:
        """How many seeds, for captions."""
        return f"n = {count_noun(self.suite.seeds, 'seed')}"


def enter_sequential(decided: Mapping[str, Any], suite: Suite, ledger: Ledger) -> None:
    """Enter what was decided as seeds were added, with p corrected for variants and looks.

    decided  the file that `run --adaptive` writes. Earlier ones hold no corrected p: it is below alpha where a difference
             was decided, and else not
    """
    decisions = decided.get("decisions", ())
    for row in decisions:
        alpha, baseline = float(decided["alpha"]), decided["baseline"]
        p = float(row.get("p_corrected", 1.0))
        p = min(p, np.nextafter(alpha, 0.0)) if row["decision"] in ("better", "worse") else max(p, alpha)
        key = hypothesis(row["variant"], baseline, suite.tasks(row["variant"], baseline))
        ledger.decisions.setdefault(key, Decision(p, ADAPTIVE, len(decisions)))
