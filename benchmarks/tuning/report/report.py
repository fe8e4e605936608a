"""The report of tuning studies: is tuned better than default, and does the ranking of variants survive it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.design.report_blocks import Section
from benchmarks.figures.rendering.file_kinds import SUFFIXES
from benchmarks.reports.document import Document
from benchmarks.tuning.report.budget import budget_section
from benchmarks.tuning.report.gains import gains_section
from benchmarks.tuning.report.headline import headline
from benchmarks.tuning.report.importance import importance_section
from benchmarks.tuning.report.losses import losses_section
from benchmarks.tuning.report.optimism import optimism_section
from benchmarks.tuning.report.protocol import protocol_section
from benchmarks.tuning.report.ranking import ranking_section
from benchmarks.tuning.report.sensitivity import coordinates_section, sensitivity_section
from benchmarks.tuning.report.warnings import report_warnings
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.summary import Summary, by_task_and_variant
from envs.validation import UsageError

SECTIONS: tuple[Callable[[Summary], Section | None], ...] = (
    gains_section,
    ranking_section,
    budget_section,
    optimism_section,
    importance_section,
    sensitivity_section,
    coordinates_section,
    losses_section,
    protocol_section,
)


def write(name: str, question: str, studies: Sequence[StudyResult], out: Path, kinds: Sequence[str] = SUFFIXES) -> Path:
    """The report of these studies under `out`; returns the path of report.md."""
    return compose(name, question, studies).write(out, kinds)


def compose(name: str, question: str, studies: Sequence[StudyResult]) -> Document:
    """What the report says."""
    summary = Summary(by_task_and_variant(studies))
    if not summary.studies:
        return Document(name, question, "Nothing was tuned.", ())
    check_units(studies)
    sections = tuple(section for part in SECTIONS if (section := part(summary)) is not None)
    names = (*summary.variants, *summary.tasks)
    return Document(name, question, headline(summary), sections, tuple(report_warnings(summary)), names=names)


def check_units(studies: Sequence[StudyResult]) -> None:
    """UsageError where returns of several tasks would be averaged."""
    tasks = dict.fromkeys(task for study in studies for task in study.tasks)
    raw = [task for study in studies for task, scale in study.task_scales.items() if not scale.normalised]
    if raw and len(tasks) > 1:
        raise UsageError(
            f"a report of studies averages over tasks, and {raw[0]} has no ceiling: give --ceiling, or tune it in a folder "
            "of its own (--study)"
        )
