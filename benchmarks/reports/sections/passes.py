"""The section on pass@k: what several texts of one prompt are worth."""

from __future__ import annotations

from functools import partial
from operator import itemgetter

import pandas as pd

from algorithms.training.returns.pass_at_k import KS, NAMES
from benchmarks.design.report_blocks import Block, FigureBlock, Prose, Section, Table, joined
from benchmarks.figures.layout import line_groups
from benchmarks.figures.pass_at_k import pass_at_k, passes, tasks_with_passes
from benchmarks.figures.style import band_title
from benchmarks.reports.inputs import ReportInput
from benchmarks.store.suite import Data

SHOWN = 0.005  # a smaller difference is not seen in two decimals
EXPLAINED = (
    "pass@k is the chance that at least one of k texts of a prompt is right. It is exact, not sampled. A text is right if "
    "its return is above halfway from the floor to the optimum. The chance is averaged over prompts, and then over seeds."
)


def passes_of(report: ReportInput) -> Section:
    """Curves and a table of pass@k at the last checkpoint."""
    data = report.data
    if not (tasks := tasks_with_passes(data)):
        return Section("pass@k", ())
    table = passes_table(data)
    blocks: list[Block] = [Prose(f"{EXPLAINED}\n\n{joined(sentences(table))}")]
    for i, lines in enumerate(line_groups(report.suite.variants_with_curves)):
        draw = partial(pass_at_k, data, lines, band_title(report.suite.seeds))
        caption = f"pass@k at the end of training: {', '.join(lines)} on {', '.join(tasks)}."
        blocks.append(FigureBlock(f"pass_at_k_{i + 1}", draw, caption))
    blocks.append(Table("pass_at_k", table, "pass@k at the last checkpoint, means over seeds."))
    return Section("pass@k", tuple(blocks))


def passes_table(data: Data) -> pd.DataFrame:
    """A row a task and variant: pass@k for each k, means over seeds at the last checkpoint."""
    rows = []
    for task in tasks_with_passes(data):
        for variant in data.suite.variants:
            if points := passes(data, task, variant):
                means = {f"pass@{k:g}": float(values.mean()) for k, values in points}
                rows.append({"task": task, "variant": variant, **means})
    return pd.DataFrame(rows)


def sentences(table: pd.DataFrame) -> list[str]:
    """For each task, who has the highest mean with one text and with many; no test is behind it."""
    lines, last = [], NAMES[-1]
    for task, rows in table.groupby("task", sort=False):
        every = rows.to_dict("records")
        one, many = (max(every, key=itemgetter(name)) for name in ("pass@1", last))
        line = f"On {task}, `{one['variant']}` has the highest mean pass@1 ({one['pass@1']:.2f})"
        if many[last] - one[last] < SHOWN:
            lines.append(f"{line} and {last} ({one[last]:.2f}).")
        else:
            other = f"`{one['variant']}` {one[last]:.2f}"
            lines.append(f"{line}. `{many['variant']}` has the highest mean {last} ({many[last]:.2f}; {other}).")
    return [*lines, f"These are means over seeds; k = {KS[0]} and {KS[-1]} were not tested."] if lines else []
