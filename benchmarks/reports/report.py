"""The report of an experiment that compares variants: its sections in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchmarks.design.experiment import ComparisonExperiment, Outcome
from benchmarks.design.report_blocks import Group, Section, with_details
from benchmarks.figures.rendering.file_kinds import SUFFIXES
from benchmarks.loading.suites import read_folder
from benchmarks.reports import loading, score_tables
from benchmarks.reports.document import Document
from benchmarks.reports.inputs import ReportInput
from benchmarks.reports.rate_report import rate_report
from benchmarks.reports.sections import answer, budgets, facts, names, pairs, passes, texts, training
from benchmarks.reports.sections import guide as decision_guide
from benchmarks.statistics import divergence
from benchmarks.statistics.best import leaders
from benchmarks.statistics.wording import leader
from benchmarks.statistics.wording.sentences import few_seeds
from benchmarks.store import pooling
from benchmarks.store.files import Damaged, write_text
from benchmarks.store.many.footers import read_metas
from benchmarks.store.sources import imported_cells, read_results, stored_cells
from envs.validation import UsageError

ENOUGH_SEEDS = 10
REPRODUCIBLE = "reproducible"  # a fact of a cell's numerics
NOT_REPRODUCIBLE = (
    "Not all runs here can be repeated bit by bit: processes that play on their own are never in step twice."
)


def write_report(
    experiment: ComparisonExperiment,
    outcome: Outcome,
    folder: Path,
    baseline: str | None = None,
    kinds: Sequence[str] = SUFFIXES,
) -> Path | None:
    """The report of the cells of a run, and of imported curves; None where there are none.

    An experiment that trains at every rate selects rates; all others compare variants. Tasks and variants come in the
    experiment's order; those without a cell are listed as missing.
    """
    if not outcome.paths and not imported_cells(folder):
        return None
    if experiment.rates:
        return rate_report(experiment, outcome, folder, kinds)
    return comparison_report(experiment, outcome, folder, baseline, kinds)


def report_folder(
    experiment: ComparisonExperiment, folder: Path, baseline: str | None = None, kinds: Sequence[str] = SUFFIXES
) -> Path | None:
    """The report of everything that lies in an experiment's folder."""
    try:
        paths = pooled_cells(folder)
        return write_report(experiment, Outcome(tuple(paths), ()), folder, baseline, kinds)
    except Damaged as error:
        raise UsageError(f"damaged: {error}; run the experiment again to replace it") from error


def guide_rows(experiment: ComparisonExperiment, folder: Path) -> pd.DataFrame | None:
    """The experiment's rows of the decision guide; None where it declares no cases or `folder` has no cells."""
    if not experiment.guide:
        return None
    try:
        if not stored_cells(folder):
            return None
        results = read_results(pooled_cells(folder))
    except Damaged as error:
        raise UsageError(f"damaged: {error}; run {experiment.name} again to replace it") from error
    report = loading.build_report_input(experiment, results, folder)
    rows = decision_guide.table(report.suite, report.cases, report.rates, report.ledger)
    return rows.assign(experiment=experiment.name)


def comparison_report(
    experiment: ComparisonExperiment,
    outcome: Outcome,
    folder: Path,
    baseline: str | None = None,
    kinds: Sequence[str] = SUFFIXES,
) -> Path:
    """Write the report of an experiment that compares variants; returns the path of report.md."""
    report = loading.build_report_input(experiment, read_folder(outcome.paths, folder), folder, baseline)
    return write(replace(report, failures=outcome.failures, kinds=kinds))


def pooled_cells(folder: Path) -> list[Path]:
    """The cells of a folder's last run, and of earlier ones in the same settings (benchmarks/store/pooling.py)."""
    paths = stored_cells(folder)
    return [paths[i] for i in pooling.of_last_run(folder, paths, read_metas(paths))]


def write(report: ReportInput) -> Path:
    """Write everything under `report.out`; returns the path of report.md."""
    scores = score_tables.score_table(report.suite)
    write_text(report.out / "summary.csv", scores.to_csv(index=False, float_format="%.6g"))
    return build_document(report, scores).write(report.out, report.kinds)


def build_document(report: ReportInput, scores: pd.DataFrame) -> Document:
    """The document of a comparison; `scores` as score_tables.score_table makes them."""
    return Document(
        report.name,
        report.question,
        _headline(report),
        tuple(
            replace(section, group=group)
            for group, sections in _sections(report, scores).items()
            for section in sections
            if section.blocks
        ),
        tuple(warning for warning in _warnings(report) if warning),
        report.finding.sentence(report.data) if report.finding else "",
        (*report.suite.variants, *report.suite.scales),
        tuple(note for note in _notes(report) if note),
    )


def _sections(report: ReportInput, scores: pd.DataFrame) -> dict[Group, list[Section]]:
    """All sections by group, in the order in which they are read."""
    return {
        "Answer": [
            answer.answer(report),
            answer.sequential(report),
            answer.aggregate(report),
            answer.equal(report),
        ],
        "Evidence": [
            *pairs.families(report),
            facts.heat_map(report),
            facts.scores(report, scores),
            answer.guide(report),
            facts.other_measures(report),
            passes.passes_of(report),
            texts.measures(report),
            texts.reward_models(report),
            texts.samples(report),
        ],
        "Learning": [
            training.curves(report),
            training.efficiency(report),
            training.profile(report),
            training.diagnostics(report),
            training.throughput(report, scores),
        ],
        "Details": [names.names(report), facts.failures(report), *facts.appendix(report), facts.provenance(report)],
    }


def _warnings(report: ReportInput) -> list[str]:
    """What the reader should act on, before the results; some may be empty."""
    suite = report.suite
    can_have = [task for task in divergence.without_ceiling(suite) if task in report.own_tasks]
    averaged = suite.can_average(list(suite.scales)) or not can_have
    return [
        *divergence.score_warnings(suite),
        "" if averaged else f"{divergence.not_averaged(suite)} Give each a ceiling (--ceiling, or a Task of your own).",
        few_seeds(suite.seeds, ENOUGH_SEEDS),
        *(f"The runs were not made alike: {what}." for what in report.mixed if not what.startswith(REPRODUCIBLE)),
    ]


def _notes(report: ReportInput) -> list[str]:
    """What is to be known of the results and calls for nothing; some may be empty."""
    suite, own = report.suite, report.own_tasks
    return [
        f"Not run yet: {', '.join(report.not_run)}." if report.not_run else "",
        "" if any(task in own for task in divergence.without_ceiling(suite)) else divergence.not_averaged(suite),
        NOT_REPRODUCIBLE if any(what.startswith(REPRODUCIBLE) for what in report.mixed) else "",
        *suite.notes,
    ]


def _headline(report: ReportInput) -> str:
    """The variant with the highest mean; below it the note on learning rates, and what the comparison holds equal."""
    suite = report.suite
    best = leader.headline(suite, report.ledger)
    note = report.rates.note(suite.tasks(*suite.learners), suite.learners)
    return with_details(best.text, [*best.details, note, *equal_budgets(report)])


def equal_budgets(report: ReportInput) -> list[str]:
    """What the compared variants had in common."""
    suite, base = report.suite, report.against
    if base is None:
        return []
    tasks = suite.tasks(*suite.learners)
    leading = leaders(suite, suite.learners, tasks) if tasks else None
    return budgets.sentences(suite, report.metas, base, leading.best if leading else base)
