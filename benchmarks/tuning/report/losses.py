"""Trials that were pruned, are missing or diverged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import pandas as pd

from benchmarks.design.report_blocks import Prose, Section, Table, joined
from benchmarks.reports.table_formats import number
from benchmarks.tuning.report.phrases import SCORE, protocol_count
from benchmarks.tuning.result import StageResult, StudyResult, TrialResult
from benchmarks.tuning.summary.summary import Summary
from benchmarks.tuning.summary.trials import complete_trials

CAPTION = "Studies with such trials or runs; a run is a seed on a task, in any stage."


def losses_section(summary: Summary) -> Section:
    """Trials that were pruned, are missing or diverged."""
    rows = [{"task": task, "variant": v, **count_losses(study)} for (task, v), study in summary.raw_studies.items()]
    table = pd.DataFrame(rows)
    total = {name: int(table[name].sum()) for name in table.columns[2:]}
    shown = table[table[["pruned", "other", "missing", "not a number", "exactly 0"]].any(axis=1)]
    tables = () if shown.empty else (Table("losses", shown, CAPTION),)
    prose = Prose(joined(list(_sentences(summary, total))))
    return Section("Pruned, failed and missing trials", (prose, *tables))


def _sentences(summary: Summary, total: Mapping[str, int]) -> Iterator[str]:
    trials, complete, pruned = (number(total[name]) for name in ("trials", "complete", "pruned"))
    runs = number(total["runs"])
    yield f"{complete} of {trials} trials are complete; {pruned} were pruned."
    if total["other"] or total["missing"]:
        yield f"{total['other']} have no value, and {total['missing']} that the protocol asks for are missing."
    if total["not a number"]:
        yield (
            f"{total['not a number']} of {runs} runs diverged or returned no finite number. Each counts as the lowest of "
            "its task's floor and the worst score that it is compared with."
        )
    if diverged := sum(t.state == "diverged" for study in summary.raw_studies.values() for t in study.trials):
        yield f"Trials that lost all runs on a task, have no value and cannot be chosen: {diverged}."
    if summary.unit == SCORE:
        yield (
            f"{total['exactly 0']} of {runs} runs scored exactly 0, their task's floor. In earlier releases, runs that "
            "diverged scored 0 too."
        )


def count_losses(study: StudyResult) -> dict[str, int]:
    """Counts of a study's trials by state, and of its runs without a score or at the floor."""
    staged: list[TrialResult | StageResult] = [*study.trials, *study.selection, *study.test.values()]
    runs = [score for scored in staged for by_seed in scored.scores.values() for score in by_seed]
    complete, pruned = len(complete_trials(study)), Counter(t.state for t in study.trials)["pruned"]
    return {
        "trials": len(study.trials), "complete": complete, "pruned": pruned,
        "other": len(study.trials) - complete - pruned,
        "missing": max(protocol_count(study, "trials") - len(study.trials), 0), "runs": len(runs),
        "not a number": sum(s != s for s in runs), "exactly 0": sum(s == 0 for s in runs),
    }  # fmt: skip
