"""The families of pairs of a report, in the order in which they are read: rungs, the reference, all pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import pandas as pd

from benchmarks.design.report_blocks import Block, FigureBlock, Notice, Prose, Section, Table, joined
from benchmarks.figures import final_scores
from benchmarks.reports.inputs import ReportInput
from benchmarks.reports.sections import budgets
from benchmarks.reports.sections.verdicts import EXPLAINED, with_verdict
from benchmarks.statistics.best import all_pairs_table
from benchmarks.statistics.comparison_tables import suite_table, task_table
from benchmarks.statistics.comparisons import Pair, all_pairs, baseline_pairs, rung_pairs
from benchmarks.statistics.families import ALL_PAIRS
from benchmarks.statistics.tests import LEVEL
from benchmarks.statistics.wording import sentences
from benchmarks.statistics.wording.phrases import count_noun

# variants up to which all pairs are drawn: they fill the page's width, and bytes grow with their square
MAX_MATRIX = 20
BY_TASK_EXPLAINED = (
    "`p (Holm)` is corrected over the tasks of each pair, unless the finding above decided it. Intervals are of each "
    "difference alone, not corrected. `identical`: both are one run there."
)
JOINT_TEST = "all pairs tested together by sign-flips of whole seeds, familywise error 5 %"


def _columns_explained(unit: str) -> str:
    """The columns of a family of comparisons."""
    return (
        f"Difference of the {unit}: mean over the tasks that both have. Its 95 % t interval is of this difference alone, "
        "not corrected. `p`: exact sign-flip test of pairs of seeds (Welch's test where runs were imported). `p (Holm)`: "
        f"corrected for all rows. {EXPLAINED} A pair that an earlier family of this report tested keeps its p; `corrected "
        "in` names that family and its size. `P(better)`: probability that a random seed of the variant beats one of the "
        "other on a random task. `better`: tasks with a higher mean. `identical`: tasks where both are one run (equal at "
        "every checkpoint of every shared seed, to rounding). `tied`: other tasks of equal means. Both are zeros in the "
        "difference. `lost` (where there are any): tasks on which the two lost different runs; equal means are no tie "
        "there. `shown`: tasks on which the difference is shown, corrected over the pair's tasks. `detectable`: the true "
        "difference that would be found in 80 % of such experiments or more, if differences vary as they do here. It is "
        "tested at .05 divided by the size of the family, the level that Holm's correction guarantees to each. `-`: "
        "nothing can be shown."
    )


def families(report: ReportInput) -> Iterator[Section]:
    """The three families of pairs."""
    suite = report.suite
    rungs = rung_pairs(suite, report.parents)
    first = _family(report, rungs, "rungs", "What each ingredient buys", "from", "each rung minus its parent")
    yield first
    base = report.against
    with_baseline = baseline_pairs(suite, base) if base else []
    if base and {*with_baseline} != {*rungs}:
        what = f"each variant minus {suite.title(base)}"
        above = any(isinstance(block, Table) and block.name == "rungs" for block in first.blocks)
        yield _family(report, with_baseline, "baseline", f"Against {base}", "over", what, above)
    every = all_pairs(suite)
    if len(every) > 1:
        yield _all_pairs(report, every)


def _family(report: ReportInput, family: Sequence[Pair], stem: str, title: str, word: str, what: str,
            above: bool = False) -> Section:  # fmt: skip
    """Sentences, figure and tables of one family of comparisons.

    above  whether a section above has explained the columns
    """
    if not family:
        return Section(title, ())
    ledger, unit = report.ledger, report.suite.unit
    by_task = task_table(report.suite, family, ledger=ledger)
    table = suite_table(report.suite, family, by_task, ledger, stem)
    if table.empty:  # nothing over all tasks: one by one they may be compared
        caption = f"{what.capitalize()}, differences of the {unit}. {BY_TASK_EXPLAINED}"
        return Section(title, () if by_task.empty else (Table(f"{stem}_by_task", with_verdict(by_task), caption),))
    shown = _page_columns(table)
    if stem == "rungs":
        shown["changes"] = [report.changes.get(str(v), "") for v in shown["variant"]]
        shown = shown.join(budgets.ratios(report.suite, report.metas, [Pair(*p) for p in _variant_pairs(table)]))
    explained = f"{EXPLAINED} Other columns as above." if above else _columns_explained(report.suite.unit)
    explained += f" {budgets.RATIOS_EXPLAINED}" if stem == "rungs" else ""
    seeds = int(table["seeds"].min())
    heading = f"{what.capitalize()}, n = {count_noun(seeds, 'seed')}"
    name = "ingredients" if stem == "rungs" else stem
    caption = (
        f"{heading}: mean over tasks, a dot a seed. Bars: 95 % t interval of each difference alone, not corrected. Filled: "
        "p < .05 after Holm."
    )
    blocks: list[Block] = [Notice(text)] if (text := sentences.too_few(table)) else []
    blocks += [
        Prose(joined([*sentences.pair_sentences(table, report.suite.unit, by_task), sentences.BRACKETS])),
        FigureBlock(name, partial(final_scores.differences, report.suite, table, word, heading), caption),
        Table(stem, shown, explained),
        Table(f"{stem}_by_task", with_verdict(by_task), BY_TASK_EXPLAINED, title=f"{title}, by task"),
    ]
    return Section(title, tuple(blocks))


def _page_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The table for a page, without columns that are constant or empty."""
    shown = table.drop(columns=[c for c in ("identical", "tied") if not table[c].any()])
    if table["test"].eq("sign-flip").all():
        shown = shown.drop(columns="test")
    if table["family"].nunique() > 1:
        shown["corrected in"] = [f"{name}, {size}" for name, size in zip(table["family"], table["of"], strict=True)]
    return with_verdict(shown.drop(columns=["family", "of"]))


def _variant_pairs(table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """The pairs of a table."""
    return zip(table["variant"], table["against"], strict=True)


def _all_pairs(report: ReportInput, every: Sequence[Pair]) -> Section:
    """All pairs, where they can show more than the families above do; else a sentence on why they are left out."""
    suite = report.suite
    table = all_pairs_table(suite, every, report.ledger)
    if table.empty:
        return Section("All pairs", ())
    if text := _why_left_out(table):
        return Section("All pairs", (Prose(text),))
    sure = int((table["p_joint"] < LEVEL).sum())
    blocks: list[Block] = [
        Prose(f"{sure} of {len(table)} differences are shown ({JOINT_TEST}). {_decided_before(table)}")
    ]
    if len(suite.learners) <= MAX_MATRIX:
        title = f"Row minus column, {report.n}\na number: p < .05, corrected; a dot: not shown"
        caption = f"All pairs: the row's variant minus the column's, {report.n}; numbers where the difference is shown."
        blocks.append(FigureBlock("pairs", partial(final_scores.matrix, suite, table, title), caption))
    caption = (
        f"Each pair once. `p (joint)`: corrected for all of them ({JOINT_TEST}; single-step max T, Westfall and Young "
        "1993). The first sentence of this report and the bold names are of this test. A pair that a family above decided "
        "keeps its p everywhere (`corrected in`). Other columns as above."
    )
    return Section("All pairs", (*blocks, Table("pairs", _page_columns(table), caption)))


def _why_left_out(table: pd.DataFrame) -> str:
    """Why all pairs would show nothing more than the families above; empty where they could."""
    new = table[table["family"] == ALL_PAIRS]
    if new.empty:
        return "All pairs are not shown: the comparisons above hold each of them."
    if (new["least_p"] >= LEVEL).all():
        few = sentences.too_few(new).partition(" Use more seeds")[0]
        return f"All pairs are not shown, because they could show nothing. {few}"
    return ""


def _decided_before(table: pd.DataFrame) -> str:
    """How many of all pairs another family of the page has decided."""
    count = int((table["family"] != ALL_PAIRS).sum())
    return f"{count} of them keep the decision of a family above." if count else ""
