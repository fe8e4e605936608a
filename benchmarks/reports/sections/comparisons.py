"""The sections of a report that compare: the experiment's own figures, aggregates, families of pairs, the guide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import pandas as pd

from benchmarks.design.report_blocks import Block, FigureBlock, Notice, Prose, Section, Table, joined
from benchmarks.figures import final_scores
from benchmarks.reports import score_tables
from benchmarks.reports.inputs import ReportInput
from benchmarks.reports.sections import budgets
from benchmarks.reports.sections import guide as decision_guide
from benchmarks.statistics.best import all_pairs_table, leaders
from benchmarks.statistics.comparison_tables import suite_table, task_table
from benchmarks.statistics.comparisons import Pair, all_pairs, baseline_pairs, rung_pairs
from benchmarks.statistics.families import ALL_PAIRS
from benchmarks.statistics.intervals import RESAMPLES
from benchmarks.statistics.tests import LEVEL
from benchmarks.statistics.wording import sentences
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.store.suite import Data

MAX_MATRIX = (
    20  # variants up to which all pairs are drawn: they fill the page's width, and bytes grow with their square
)
BY_TASK_EXPLAINED = (
    "`p (Holm)` is corrected over the tasks of each pair, unless the finding above decided it. Intervals are of each "
    "difference alone, not corrected. `identical`: both are one run there."
)
JOINT_TEST = "all pairs tested together by sign-flips of whole seeds, familywise error 5 %"


def _columns_explained(unit: str) -> str:
    """The columns of a family of comparisons."""
    return (
        f"Difference of the {unit}: mean over the tasks that both have, with a 95 % t interval of this difference alone, "
        "not corrected. `p`: exact sign-flip test of pairs of seeds (Welch's test where runs were imported). `p (Holm)`: "
        "corrected for all rows. A pair that an earlier family of this report tested keeps its p; `corrected in` names that "
        "family and its size. `P(better)`: probability that a random seed of the variant beats one of the other on a random "
        "task. `better`: tasks with a higher mean. `identical`: tasks where both are one run (equal at every checkpoint of "
        "every shared seed, to rounding). `tied`: other tasks of equal means. Both are zeros in the difference. `lost` "
        "(where there are any): tasks on which the two lost different runs; equal means are no tie "
        "there. `shown`: tasks on which the difference is shown, corrected over the pair's tasks. "
        "`detectable`: the true difference that is "
        "shown with probability .8 or more if differences vary as they do here, tested at .05 divided by the size of the "
        "family, the level that Holm's correction guarantees to each; `-` where nothing can be shown."
    )


def answer(report: ReportInput) -> Section:
    """The experiment's own figures, their tables and sentences."""
    data = Data(report.suite, report.measures)
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
        f"{decisions['cap']}. The looks share a familywise error of {decisions['alpha']:g} "
        f"(statistics/sequential.py). The sections "
        "below keep these decisions; their other p values assume a fixed number of seeds. "
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
    table = score_tables.aggregate_table(suite, list(suite.scales))
    tasks = suite.tasks(*suite.learners) if suite.learners else []
    leading = leaders(suite, suite.learners, tasks, report.ledger) if tasks else None
    top = {leading.best, *leading.not_separated} if leading else set()
    bold = {"variant": [v in top for v in table["variant"]]}
    caption = (
        f"Final {suite.unit} over the tasks a variant has, {report.n} or more: mean with a 95 % t interval over seeds; "
        f"interquartile mean with a bootstrap that resamples whole seeds ({RESAMPLES:,} times); median of the tasks' "
        f"means{'; mean shortfall from 1' if suite.normalised else ''}. "
        f"Bold: the highest mean and those not shown to be lower ({JOINT_TEST}). "
        "References run on the tasks that have them: compare them per task. `diverged` counts members, `missing` "
        "tasks without rows."
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
        "Means over each variant's tasks at the last checkpoint, of seeds that did not diverge; ratios are geometric means "
        f"over the tasks shared with `{base}`. `training s a seed`: of the process that trained a block of seeds, divided "
        "by their number. `-`: not counted or not timed here."
    )
    return Section("What is equal", (Table("budgets", budgets.table(report.suite, report.metas, base), caption),))


def comparisons(report: ReportInput) -> Iterator[Section]:
    """The three families of pairs, in the order in which they are to be read."""
    suite = report.suite
    rungs = rung_pairs(suite, report.parents)
    yield _family(report, rungs, "rungs", "What each ingredient buys", "from", "each rung minus its parent")
    base = report.against
    with_baseline = baseline_pairs(suite, base) if base else []
    if base and {*with_baseline} != {*rungs}:
        yield _family(report, with_baseline, "baseline", f"Against {base}", "over", f"each variant minus {base}")
    every = all_pairs(suite)
    if len(every) > 1:
        yield _all_pairs(report, every)


def _family(report: ReportInput, family: Sequence[Pair], stem: str, title: str, word: str, what: str) -> Section:
    """Sentences, figure and tables of one family of comparisons."""
    if not family:
        return Section(title, ())
    ledger, unit = report.ledger, report.suite.unit
    by_task = task_table(report.suite, family, ledger=ledger)
    table = suite_table(report.suite, family, by_task, ledger, stem)
    if table.empty:  # nothing over all tasks: one by one they may be compared
        caption = f"{what.capitalize()}, differences of the {unit}. {BY_TASK_EXPLAINED}"
        return Section(title, () if by_task.empty else (Table(f"{stem}_by_task", by_task, caption),))
    shown = _page_columns(table)
    if stem == "rungs":
        shown.insert(2, "changes", [report.changes.get(str(v), "") for v in shown["variant"]])
        shown = shown.join(budgets.ratios(report.suite, report.metas, [Pair(*p) for p in _variant_pairs(table)]))
    explained = _columns_explained(report.suite.unit) + (f" {budgets.RATIOS_EXPLAINED}" if stem == "rungs" else "")
    seeds = int(table["seeds"].min())
    heading = f"{what.capitalize()}, n = {count_noun(seeds, 'seed')}"
    name = "ingredients" if stem == "rungs" else stem
    caption = (
        f"{heading}: mean over tasks, a dot a seed, 95 % t interval of each difference alone, not corrected; filled where "
        "p < .05 after Holm."
    )
    blocks: list[Block] = [Notice(text)] if (text := sentences.too_few(table)) else []
    blocks += [
        Prose(joined(sentences.pair_sentences(table, report.suite.unit, by_task))),
        FigureBlock(name, partial(final_scores.differences, report.suite, table, word, heading), caption),
        Table(stem, shown, explained),
        Table(f"{stem}_by_task", by_task, BY_TASK_EXPLAINED, title=f"{title}, by task"),
    ]
    return Section(title, tuple(blocks))


def _page_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The table for a page, without columns that are constant or empty."""
    shown = table.drop(columns=[c for c in ("identical", "tied") if not table[c].any()])
    if table["test"].eq("sign-flip").all():
        shown = shown.drop(columns="test")
    if table["family"].nunique() > 1:
        shown["corrected in"] = [f"{name}, {size}" for name, size in zip(table["family"], table["of"], strict=True)]
    return shown.drop(columns=["family", "of"])


def _variant_pairs(table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """The pairs of a table."""
    return zip(table["variant"], table["against"], strict=True)


def _all_pairs(report: ReportInput, every: Sequence[Pair]) -> Section:
    suite = report.suite
    table = all_pairs_table(suite, every, report.ledger)
    if table.empty:
        return Section("All pairs", ())
    sure = int((table["p_joint"] < LEVEL).sum())
    blocks: list[Block] = [Notice(text)] if (text := sentences.too_few(table)) else []
    blocks.append(Prose(f"{sure} of {len(table)} differences are shown ({JOINT_TEST}{_decided_before(table)})."))
    if len(suite.learners) <= MAX_MATRIX:
        title = f"Row minus column, {report.n}\na number: p < .05, corrected; a dot: not shown"
        caption = f"All pairs: the row's variant minus the column's, {report.n}; numbers where the difference is shown."
        blocks.append(FigureBlock("pairs", partial(final_scores.matrix, suite, table, title), caption))
    caption = (
        f"Each pair once; `p (joint)`: corrected for all of them ({JOINT_TEST}; single-step max T, Westfall and "
        f"Young 1993). "
        "The first sentence of this report and the bold names are of this test. A pair that a family above decided keeps "
        "its p everywhere (`corrected in`). Other columns as above."
    )
    return Section("All pairs", (*blocks, Table("pairs", _page_columns(table), caption)))


def _decided_before(table: pd.DataFrame) -> str:
    """How many of all pairs another family of the page has decided."""
    count = int((table["family"] != ALL_PAIRS).sum())
    return f"; {count} of them keep the decision of a family above" if count else ""


def guide(report: ReportInput) -> Section:
    """The decision guide of this experiment."""
    table = decision_guide.table(report.suite, report.cases, report.rates, report.ledger)
    caption = (
        "Made from this report's runs: the highest mean, the variants that are not shown to be lower, and what is shown "
        f"({JOINT_TEST}). `by at least`: lower confidence bounds that hold together."
    )
    return Section("Decision guide", () if table.empty else (Table("guide", table, caption),))
