"""The report of an experiment: what is said, in which order."""

from __future__ import annotations

from pathlib import Path

from benchmarks import divergence, report_comparisons, report_facts, report_training, tables, verdict
from benchmarks.document import Document
from benchmarks.formats import write_text
from benchmarks.panels import Data
from benchmarks.report_input import ReportInput

ENOUGH_SEEDS = 10


def write(report: ReportInput) -> Path:
    """Write everything under `report.out`; returns the path of report.md."""
    scores = tables.score_table(report.suite)
    write_text(report.out / "summary.csv", scores.to_csv(index=False, float_format="%.6g"))
    sections = [
        report_comparisons.answer(report),
        report_comparisons.sequential(report),
        report_comparisons.aggregate(report),
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
        verdict.headline(report.suite),
        tuple(s for s in sections if s.blocks),
        tuple(w for w in (undone, *divergence.warned(report.suite), few, pooled) if w),
        finding,
    )
    return document.write(report.out, report.kinds)
