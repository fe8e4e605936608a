"""The report of an experiment: what is said, in which order."""

from __future__ import annotations

from pathlib import Path

from benchmarks import divergence, verdict
from benchmarks.files import write_text
from benchmarks.leaders import leaders
from benchmarks.panels import Data
from benchmarks.reports import score_tables
from benchmarks.reports.document import Document
from benchmarks.reports.inputs import ReportInput
from benchmarks.reports.sections import budgets, comparisons, facts, training

ENOUGH_SEEDS = 10


def write(report: ReportInput) -> Path:
    """Write everything under `report.out`; returns the path of report.md."""
    scores = score_tables.score_table(report.suite)
    write_text(report.out / "summary.csv", scores.to_csv(index=False, float_format="%.6g"))
    sections = [
        comparisons.answer(report),
        comparisons.sequential(report),
        comparisons.aggregate(report),
        comparisons.equal(report),
        *comparisons.comparisons(report),
        facts.heat_map(report),
        training.curves(report),
        training.efficiency(report),
        training.profile(report),
        training.diagnostics(report),
        training.samples(report),
        training.throughput(report, scores),
        comparisons.guide(report),
        facts.scores(report, scores),
        facts.beside(report),
        facts.failures(report),
        *facts.appendix(report),
        facts.provenance(report),
    ]
    few = verdict.few_seeds(report.suite.seeds, ENOUGH_SEEDS)
    pooled = f"Rows of different numerics stand together here: {'; '.join(report.mixed)}." if report.mixed else ""
    undone = f"Not run yet: {', '.join(report.undone)}." if report.undone else ""
    finding = report.finding.sentence(Data(report.suite, report.measures)) if report.finding else ""
    document = Document(
        report.name,
        report.question,
        "\n\n".join(text for text in (_headline(report), _equal(report)) if text),
        tuple(s for s in sections if s.blocks),
        tuple(w for w in (undone, *divergence.warned(report.suite), few, pooled, *report.suite.notes) if w),
        finding,
        (*report.suite.variants, *report.suite.scales),
    )
    return document.write(report.out, report.kinds)


def _headline(report: ReportInput) -> str:
    """Who has the highest mean, and at which learning rates."""
    suite = report.suite
    note = report.rates.note(suite.tasks(*suite.learners), suite.learners)
    return " ".join(text for text in (verdict.headline(suite, report.ledger), note) if text)


def _equal(report: ReportInput) -> str:
    """What the compared variants had in common, in the sentences that follow the headline."""
    suite, base = report.suite, report.against
    if base is None:
        return ""
    tasks = suite.tasks(*suite.learners)
    found = leaders(suite, suite.learners, tasks) if tasks else None
    return budgets.sentence(suite, report.metas, base, found.best if found else base)
