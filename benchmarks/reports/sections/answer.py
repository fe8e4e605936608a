"""The sections with which a report answers: the experiment's own figures, aggregates, budgets, the guide."""

from __future__ import annotations

from functools import partial

import pandas as pd

from benchmarks.design.report_blocks import Block, FigureBlock, Prose, Section, Table, joined
from benchmarks.figures import final_scores
from benchmarks.reports import score_tables
from benchmarks.reports.inputs import ReportInput
from benchmarks.reports.sections import budgets
from benchmarks.reports.sections import guide as decision_guide
from benchmarks.reports.sections.pairs import JOINT_TEST
from benchmarks.reports.sections.verdicts import EXPLAINED, over_tasks, with_reference
from benchmarks.statistics.best import leaders
from benchmarks.statistics.intervals import RESAMPLES


def answer(report: ReportInput) -> Section:
    """The experiment's own figures, their tables and sentences."""
    data = report.data
    blocks: list[Block] = []
    for figure in report.figures if data.suite.variants_with_curves else ():
        blocks.append(FigureBlock(figure.name, partial(figure.draw, data), figure.caption))
        table = figure.table(data)
        if table is None or table.frame.empty:
            continue
        blocks.append(table)
        if sentences := figure.sentences(table):
            blocks.insert(0, Prose(joined(sentences)))
    return Section("The answer in figures", tuple(blocks))


def sequential(report: ReportInput) -> Section:
    """What was decided as seeds were added."""
    decisions = report.sequential
    if not decisions:
        return Section("Adaptive seeds", ())
    text = (
        f"Seeds were added in blocks until every variant was decided against `{decisions['baseline']}`, or until there were "
        f"{decisions['cap']}. The looks share a familywise error of {decisions['alpha']:g} (statistics/sequential.py). The "
        "sections below keep these decisions; their other p values assume a fixed number of seeds. "
        f"`same`: no difference of the {decisions.get('unit', 'normalised score')} larger than {decisions['margin']:g}."
    )
    table = pd.DataFrame(decisions["decisions"])
    numbers = [c for c in ("difference", "p", "p_corrected") if c in table]
    table = table.astype(dict.fromkeys(numbers, float))  # None is NaN
    return Section("Adaptive seeds", (Prose(text), Table("adaptive", table)))


def aggregate(report: ReportInput) -> Section:
    """Suite scores of each variant with their intervals, and which variants are not shown to score less than the best."""
    suite = report.suite
    if not suite.can_average(list(suite.scales)):
        return Section("Aggregate", ())
    against = over_tasks(report)
    table = with_reference(score_tables.aggregate_table(suite, list(suite.scales)), report, against, "high")
    tasks = suite.tasks(*suite.learners) if suite.learners else []
    leading = leaders(suite, suite.learners, tasks, report.ledger) if tasks else None
    top = {leading.best, *leading.not_separated} if leading else set()
    bold = {"variant": [v in top for v in table["variant"]]}
    reference = f" `difference`: to `{report.against}`, over the tasks that both have. {EXPLAINED}" if against else ""
    caption = (
        f"Final {suite.unit} over the tasks a variant has, {report.n} or more. Mean with a 95 % t interval over seeds."
        f"{reference} IQM: interquartile mean with a bootstrap that resamples whole seeds ({RESAMPLES:,} times). Median "
        f"of the tasks' means.{' `optimality gap`: mean shortfall from 1.' if suite.normalised else ''} "
        f"Bold: the highest mean and those not shown to be lower ({JOINT_TEST}). "
        "References run on the tasks that have them: compare them by task. `diverged` counts members, `missing` tasks "
        "without rows."
    )
    drawn = FigureBlock(
        "aggregate",
        partial(final_scores.aggregate, suite, table, f"Final {suite.unit}, {report.n}"),
        f"Final {suite.unit} over all tasks, a dot a seed, {report.n}.",
    )
    return Section("Aggregate", (drawn, Table("aggregate", table, caption, bold)))


def equal(report: ReportInput) -> Section:
    """What the comparisons hold equal between the variants, and what not."""
    base = report.against
    if base is None or len(report.suite.learners) < 2:
        return Section("What is equal", ())
    caption = (
        "Sums over each variant's tasks at the last checkpoint, means over the seeds that did not diverge. Ratios are "
        f"geometric means over the tasks shared with `{base}`. `training s a seed`: of the process that trained a block "
        "of seeds, divided by their number. `-`: not counted or not timed here."
    )
    return Section("What is equal", (Table("budgets", budgets.table(report.suite, report.metas, base), caption),))


def guide(report: ReportInput) -> Section:
    """The decision guide of this experiment."""
    table = decision_guide.table(report.suite, report.cases, report.rates, report.ledger)
    caption = (
        "Made from this report's runs: the highest mean, the variants that are not shown to be lower, and what is shown "
        f"({JOINT_TEST}). `by at least`: lower confidence bounds that hold together."
    )
    return Section("Decision guide", () if table.empty else (Table("guide", table, caption),))
