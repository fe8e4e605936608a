"""The sections with every score, failures, methods and provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from benchmarks.design.report_blocks import Block, FigureBlock, Prose, Samples, Section, Table, joined
from benchmarks.figures import final_scores
from benchmarks.reports import methods as papers
from benchmarks.reports import score_tables
from benchmarks.reports.inputs import ReportInput
from benchmarks.reports.markup import code_span, escaped
from benchmarks.reports.sections.verdicts import EXPLAINED, on_each_task, with_reference
from benchmarks.statistics.best import leaders
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.store.file_names import file_names

NAMED = 5  # cells of a processor that are named


def heat_map(report: ReportInput) -> Section:
    """Variants x tasks at a glance."""
    title = f"{report.suite.final_unit.capitalize()}, {report.n}"
    caption = (
        f"Mean {report.suite.final_unit} of variants x tasks, {report.n}. `xk`: k members diverged. `-`: no mean, because "
        "the variant does not run there or all members diverged."
    )
    return Section("Heat map", (FigureBlock("heat_map", partial(final_scores.heat_map, report.suite, title), caption),))


def scores(report: ReportInput, scores: pd.DataFrame) -> Section:
    """Final returns, a table a task."""
    explanation = (
        "Final sampled return: mean with a 95 % t interval over seeds, interquartile mean. `greedy` is the most probable "
        "action's return. `reached` counts the seeds whose evaluation reached the threshold at a checkpoint; steps and "
        "seconds to it are their medians. A diverged member counts as the lowest of the task's floor and the worst finite "
        "return there, and has reached nothing. Where all diverged there is no mean. Bold: the task's highest mean and "
        "those not shown to be lower (all pairs tested together, familywise error 5 %)."
    )
    suite, found = report.suite, on_each_task(report)
    if found:
        explanation += f" `difference` of the {suite.unit}: to `{report.against}`. {EXPLAINED}"
    blocks: list[Block] = [Prose(explanation)]
    files = file_names(suite.scales)
    for task in suite.scales:
        rows = with_reference(scores[scores["task"] == task].drop(columns="task"), report, found.get(task, {}), "score")
        leading = leaders(suite, [v for v in suite.learners if (task, v) in suite.curves], [task], report.ledger)
        top = {leading.best, *leading.not_separated} if leading else set()
        bold = {"variant": [v in top for v in rows["variant"]]}
        blocks.append(Table(f"scores/{files[task]}", rows, "", bold, title=task))
    return Section("Scores by task", tuple(blocks))


def other_measures(report: ReportInput) -> Section:
    """Measures other than the return."""
    table = score_tables.measure_table(report.measures, report.suite)
    caption = (
        "Means over seeds at the last checkpoint. Entropy and KL to the reference policy are in nats an episode, length in "
        "actions an episode. Other columns: the return of the same policy on other prompts or under another reward."
    )
    return Section("Other measures", () if table.empty else (Table("measures", table, caption),))


def failures(report: ReportInput) -> Section:
    """What failed, diverged or is missing, counted."""
    suite = report.suite
    failed = [escaped(line.splitlines()[0]) for line in report.failures]
    lines = [
        *failed,
        *(f"missing: {line}" for line in score_tables.missing_cells(suite)),
        *map(escaped, _notices(report)),
    ]
    members = sum(len(c.seeds) for c in suite.curves.values())
    lost = sum(int(c.diverged.sum()) for c in suite.curves.values())
    listed = joined(lines) if lines else "None failed or is missing."
    blocks: list[Block] = [Prose(f"{lost} of {members} members diverged.\n\n{listed}")]
    if traces := [line for failure in report.failures for line in failure.splitlines() if "\n" in failure]:
        blocks.append(Samples("Where it failed", tuple(traces)))
    return Section("Failures and missing cells", tuple(blocks))


def _notices(report: ReportInput) -> Iterator[str]:
    """Notices about the training of cells."""
    for meta in report.metas:
        cell = meta["cell"]
        for notice in meta.get("notices", ()):
            yield f"{cell['task']['name']} x {cell['algorithm']['name']}: {notice}"


def appendix(report: ReportInput) -> Iterator[Section]:
    """How the numbers were made: a paragraph for a paper, and every hyper-parameter."""
    suite, metas = report.suite, report.metas
    if text := papers.methods(metas, suite, report.provenance):
        yield Section("Methods", (Prose(text),))
    libraries = ", ".join(papers.trained_by_libraries(metas))
    tables = (
        Table(
            "settings", papers.settings_table(metas, list(suite.scales)), "What a comparison holds fixed, and where."
        ),
        Table("learning_rates", papers.rates_table(metas, suite), "Learning rates."),
        Table("parts", papers.parts_table(metas, suite.present), "The parts of each variant's estimator."),
        Table("library_settings", papers.library_table(metas), f"What {libraries} trained, where not at its defaults."),
    )
    yield Section("Hyper-parameters", tuple(t for t in tables if not t.frame.empty))


def provenance(report: ReportInput) -> Section:
    """Where the numbers come from."""
    seeds = sorted({int(s) for c in report.suite.curves.values() for s in c.seeds})
    facts = {**report.provenance, "seeds": f"{seeds[0]} to {seeds[-1]}" if seeds else "-"}
    return Section("Provenance", (Prose(joined([*unlike_processors(report.metas), *origin_lines(facts)])),))


def origin_lines(facts: Mapping[str, object]) -> list[str]:
    """A line for each fact of where numbers come from."""
    return [f"{key}: {code_span(str(x)) if key == 'command' else escaped(str(x))}" for key, x in facts.items()]


def unlike_processors(metas: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sentences that name the cells of each processor, where cells of one folder were trained on several kinds."""
    cells: dict[str, list[str]] = {}
    for meta in metas:
        if processor := meta.get("provenance", {}).get("processor"):
            label = f"{meta['cell']['task']['name']} x {meta['cell']['algorithm']['name']}"
            cells.setdefault(str(processor), []).append(label)
    if len(cells) < 2:
        return []
    parts = []
    for processor, labels in sorted(cells.items(), key=lambda item: -len(item[1])):
        names = list(dict.fromkeys(labels))
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        shown = ", ".join(escaped(name) for name in names[:NAMED]) + more
        parts.append(f"{escaped(processor)}: {count_noun(len(labels), 'cell')} ({shown}).")
    return [f"Cells were trained on {len(cells)} kinds of processor, whose numbers may differ by rounding.", *parts]
