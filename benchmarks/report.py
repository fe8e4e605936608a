"""The report of an experiment: what is said, in which order."""

from __future__ import annotations

from pathlib import Path

from benchmarks import budgets, divergence, report_comparisons, report_facts, report_training, tables, verdict
from benchmarks.document import Document
from benchmarks.leaders import leaders
from benchmarks.panels import Data
from benchmarks.report_input import ReportInput
from benchmarks.store.files import write_text

ENOUGH_SEEDS = 10


def write(report: ReportInput) -> Path:
    """Write everything under `report.out`; returns the path of report.md."""
    scores = tables.score_table(report.suite)
    write_text(report.out / "summary.csv", scores.to_csv(index=False, float_format="%.6g"))
    sections = [
        report_comparisons.answer(report),
        report_comparisons.sequential(report),
        report_comparisons.aggregate(report),
        report_comparisons.equal(report),
        *report_comparisons.comparisons(report),
        report_facts.heat_map(report),
        report_training.curves(report),
        report_training.efficiency(report),
        report_training.profile(report),
        report_training.diagnostics(report),
        report_training.samples(report),
        report_training.throughput(report, scores),
        report_comparisons.guide(report),
        report_facts.scores(report, scores),
        report_facts.beside(report),
        report_facts.failures(report),
        *report_facts.appendix(report),
        report_facts.provenance(report),
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
