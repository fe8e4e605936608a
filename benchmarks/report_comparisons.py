"""The sections of a report that compare: the experiment's own figures, aggregates, families of pairs, the guide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import pandas as pd

from benchmarks import guide as decision_guide
from benchmarks import pairs, stats, suite_figures, tables, verdict
from benchmarks.document import Block, Drawn, Prose, Section, Table, Warned, joined
from benchmarks.drawings import Sweep
from benchmarks.experiment import Tabled
from benchmarks.pairs import Pair
from benchmarks.panels import Data
from benchmarks.report_input import ReportInput
from benchmarks.suite import Suite

MATRIX = 20  # variants up to which all pairs are drawn: so many fill the page's width, and bytes grow with their square
ENDS = " (0: the uniform policy, 1: the optimum or the published reference)"
EXPLAINED = (
    "The difference of the {unit}, mean over the tasks that both have, with a 95 % t interval. `p` is the exact sign-flip "
    "test of pairs of seeds (Welch's where runs were imported); `p (Holm)` corrects for all rows. `P(better)` is the "
    "probability that a random seed of the variant beats one of the other on a random task; `better` counts tasks with a "
    "higher mean, `shown` those where the difference is shown after Holm's correction over the tasks; `detectable` is the "
    "true difference that these seeds would show four times in five."
)


def explained(suite: Suite) -> str:
    """What the columns of a family's table are."""
    return EXPLAINED.format(unit=suite.unit + (ENDS if suite.normalised else ""))


def answer(report: ReportInput) -> Section:
    """The experiment's own figures, and what its knob does to each variant."""
    data = Data(report.suite, report.measures)
    blocks: list[Block] = []
    for drawing in report.drawings if data.moving else ():
        blocks.append(Drawn(drawing.name, partial(drawing.draw, data), drawing.caption))
        if not isinstance(drawing, Tabled) or (table := drawing.table(data)).frame.empty:
            continue
        blocks.append(table)
        if isinstance(drawing, Sweep):
            blocks.insert(0, Prose(joined(verdict.of_sweep(table.frame, drawing.label))))
    return Section("The answer in figures", tuple(blocks))


def sequential(report: ReportInput) -> Section:
    """What was decided as seeds were added."""
    found = report.sequential
    if not found:
        return Section("Adaptive seeds", ())
    said = (
        f"Seeds were added in blocks until every variant's place against `{found['baseline']}` was decided, or until "
        f"{found['cap']}. The looks share an error of {found['alpha']:g} (benchmarks/adaptive.py); these decisions hold, "
        "whereas the p values of the sections below are those of a fixed number of seeds and do not know of the looks. "
        f"`same`: no difference of the {found.get('unit', 'normalised score')} larger than {found['margin']:g}."
    )
    table = pd.DataFrame(found["decisions"], columns=["variant", "decision", "seeds", "difference", "p"])
    table = table.astype({"difference": float, "p": float})  # None is NaN
    return Section("Adaptive seeds", (Prose(said), Table("adaptive", table)))


def aggregate(report: ReportInput) -> Section:
    """Suite scores of each variant, their intervals, and who may be the best."""
    suite = report.suite
    if not suite.averages(list(suite.scales)):
        return Section("Aggregate", ())
    table = tables.aggregate_table(suite, list(suite.scales))
    tasks = suite.tasks(*suite.learners) if suite.learners else []
    found = pairs.leaders(suite, suite.learners, tasks) if tasks else None
    top = {found.best, *found.others} if found else set()
    bold = {"variant": [v in top for v in table["variant"]]}
    caption = (
        f"{suite.final_unit.capitalize()} over the tasks a variant has, {report.n} or more: mean with a 95 % t interval "
        f"over seeds; IQM with a bootstrap that resamples whole seeds ({stats.RESAMPLES:,} times); median of the "
        f"tasks' means{'; mean shortfall from 1' if suite.normalised else ''}. Bold: may be the best of those on "
        "all tasks (95 %, Hsu 1984). "
        "References run on the tasks that have them: compare them per task. `diverged` counts members, `missing` "
        "tasks without rows."
    )
    drawn = Drawn(
        "aggregate",
        partial(suite_figures.aggregate, suite, table, f"{suite.final_unit.capitalize()}, {report.n}"),
        f"{suite.final_unit.capitalize()} over all tasks, a dot a seed, {report.n}.",
    )
    return Section("Aggregate", (drawn, Table("aggregate", table, caption, bold)))


def comparisons(report: ReportInput) -> Iterator[Section]:
    """The three families of pairs, in the order in which they are to be read."""
    suite = report.suite
    rungs = pairs.rungs(suite, report.parents)
    yield _family(report, rungs, "rungs", "What each ingredient buys", "from", "each rung minus its parent")
    base = report.against
    held = pairs.against(suite, base) if base else []
    if base and {*held} != {*rungs}:
        yield _family(report, held, "baseline", f"Against {base}", "over", f"each variant minus {base}")
    every = pairs.everyone(suite)
    if len(every) > 1:
        yield _all_pairs(report, every)


def _family(report: ReportInput, family: Sequence[Pair], stem: str, title: str, word: str, what: str) -> Section:
    """Sentences, figure and tables of one family of comparisons."""
    if not family:
        return Section(title, ())
    by_task = pairs.task_table(report.suite, family)
    table = pairs.suite_table(report.suite, family, by_task)
    if table.empty:  # nothing over all tasks: one by one they may be compared
        unit = report.suite.unit
        caption = f"{what.capitalize()}, differences of the {unit}; corrected over the tasks of each pair (Holm)."
        return Section(title, () if by_task.empty else (Table(f"{stem}_by_task", by_task, caption),))
    shown = table.drop(columns="test") if table["test"].eq("sign-flip").all() else table.copy()
    if stem == "rungs":
        shown.insert(2, "changes", [report.changes.get(str(v), "") for v in shown["variant"]])
    seeds = int(table["seeds"].min())
    heading = f"{what.capitalize()}, n = {seeds} seeds"
    name = "ingredients" if stem == "rungs" else stem
    caption = f"{heading}: mean over tasks, a dot a seed, 95 % t intervals; filled where p < .05 after Holm."
    blocks: list[Block] = [Warned(text)] if (text := verdict.too_few(table)) else []
    blocks += [
        Prose(joined(verdict.of_pairs(table, report.suite.unit))),
        Drawn(name, partial(suite_figures.differences, report.suite, table, word, heading), caption),
        Table(stem, shown, explained(report.suite)),
        Table(f"{stem}_by_task", by_task, "Corrected over the tasks of each pair (Holm).", title=f"{title}, by task"),
    ]
    return Section(title, tuple(blocks))


def _all_pairs(report: ReportInput, every: Sequence[Pair]) -> Section:
    suite = report.suite
    table = pairs.suite_table(suite, every, pairs.task_table(suite, every))
    if table.empty:
        return Section("All pairs", ())
    sure = int((table["p_holm"] < pairs.LEVEL).sum())
    blocks: list[Block] = [Warned(text)] if (text := verdict.too_few(table)) else []
    blocks.append(Prose(f"{sure} of {len(table)} differences are shown after Holm's correction over all of them."))
    if len(suite.learners) <= MATRIX:
        title = f"Row minus column, {report.n}\na number: p < .05 after Holm; a dot: not shown"
        caption = f"All pairs: the row's variant minus the column's, {report.n}; numbers where the difference is shown."
        blocks.append(Drawn("pairs", partial(suite_figures.matrix, suite, table, title), caption))
    return Section("All pairs", (*blocks, Table("pairs", table, "Each pair once; columns as above.")))


def guide(report: ReportInput) -> Section:
    """What this experiment tells a reader who must choose."""
    table = decision_guide.table(report.suite, report.situations)
    caption = "Made from this report's runs: the best mean, whom it is not told apart from, and what the tests show."
    return Section("Decision guide", () if table.empty else (Table("guide", table, caption),))
