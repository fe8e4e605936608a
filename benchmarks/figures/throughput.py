"""Speed: steps a second, and seconds to the threshold, of every configuration on each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure, Table
from benchmarks.figures.layout import grid, name_rows, note
from benchmarks.figures.rendering.width import figure_width
from benchmarks.figures.style import GAIN, LOSS, SMALL, STYLE, UNSURE, t_band
from benchmarks.findings import throughput
from benchmarks.statistics.tests import LEVEL
from benchmarks.store.suite import Data
from envs.api import Doubles

LABELS = {"steps_per_s": "environment steps a second", "seconds": "seconds of training to the threshold"}
BASELINE = "black"
PAIR = 2.2  # inches of each of two panels side by side
Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Throughput(PlainFigure):
    """Environment steps a second at the left, seconds to the threshold at the right: a row a task, a dot a process.

    All are compared with `baseline`. Axes are logarithmic, each with limits of its own.
    """

    name: str
    caption: str
    baseline: str

    def draw(self, data: Data) -> Figure:
        table, runs = throughput.table(data, self.baseline), throughput.suite_run_speeds(data)
        tasks = list(dict.fromkeys(table["task"]))
        lines = int(table.groupby("task").size().max())
        titles = {v: data.suite.title(v) for v in dict.fromkeys(table["variant"])}
        with mpl.rc_context(STYLE):
            side_by_side = figure_width() > 2 * PAIR
            made = grid(2 * len(tasks), 2 if side_by_side else 1, 0.24 * lines, least=1.0)
            for i, (task, measure) in enumerate(_places(tasks, side_by_side)):
                axis, rows = made.panels[i], table[table["task"] == task].to_dict("records")
                values = [runs[task, row["variant"]][measure].to_numpy(float) for row in rows]
                _panel(axis, rows, values, measure, self.baseline)
                named = not side_by_side or measure == throughput.MEASURES[0]
                name_rows(axis, [titles[row["variant"]] if named else "" for row in rows], 0.25)
                axis.set_title(data.suite.title(task) if named else "", loc="left")
                if task == tasks[-1]:
                    axis.set_xlabel(LABELS[measure])
            for line in _how_to_read(titles[self.baseline], int(table["repeats"].min())):
                note(made.figure, line)
        return made.figure

    def table(self, data: Data) -> Table:
        table = throughput.table(data, self.baseline)
        return Table(self.name, throughput.page_table(table), throughput.caption(self.baseline))


def _places(tasks: Sequence[str], side_by_side: bool) -> list[tuple[str, str]]:
    """Task and measure of each panel: the measures of a task beside one another, or one measure below the other."""
    if side_by_side:
        return [(task, measure) for task in tasks for measure in throughput.MEASURES]
    return [(task, measure) for measure in throughput.MEASURES for task in tasks]


def _panel(axis: Axes, rows: Sequence[Row], values: Sequence[Doubles], name: str, baseline: str) -> None:
    """A line a configuration: its runs, their geometric mean and its interval, and the ratio at the right."""
    axis.set_xscale("log")
    axis.set_xlim(*_limits(np.concatenate(values)))
    axis.tick_params(axis="y", length=0)
    axis.grid(visible=False, axis="y")
    for y, (row, runs) in enumerate(zip(rows, values, strict=True)):
        measured = runs[np.isfinite(runs)]
        axis.plot(
            measured, np.full(len(measured), y + 0.22), ls="", marker="o", ms=2.6, mfc="none", mec="0.45", mew=0.7
        )
        if len(measured) == len(runs):
            colour = BASELINE if row["variant"] == baseline else _colour(row, name)
            middle, low, high = (float(np.exp(x)) for x in t_band(np.log(measured)))
            axis.plot([low, high], [y - 0.06, y - 0.06], color=colour, lw=1.6)
            axis.plot([middle], [y - 0.06], marker="D", ms=4.5, color=colour)
        ratio = _ratio_label(row, name, baseline)
        axis.annotate(ratio, (1.01, y), xycoords=("axes fraction", "data"), fontsize=SMALL, va="center")


def _limits(values: Doubles) -> tuple[float, float]:
    """Around all runs, a factor of 4 wide at least, so that noise does not fill a panel; intervals may reach beyond."""
    measured = values[np.isfinite(values)]
    middle, half = 0.0, 0.0
    if len(measured):
        low, high = np.log(measured.min()), np.log(measured.max())
        middle, half = (low + high) / 2, (high - low) / 2
    half = max(1.15 * half, np.log(2))
    return float(np.exp(middle - half)), float(np.exp(middle + half))


def _colour(row: Row, name: str) -> str:
    """Of what is shown to be better, or worse, than the baseline, or neither."""
    if not row[f"{name}_p"] < LEVEL:
        return UNSURE
    return GAIN if (row[f"{name}_ratio"] > 1) == (name == "steps_per_s") else LOSS


def _ratio_label(row: Row, name: str, baseline: str) -> str:
    if name == "seconds" and row["reached"] < row["repeats"]:
        return f"{row['reached']} of {row['repeats']} reach it"
    return "1" if row["variant"] == baseline else throughput.ratio_text(row, name)


def _how_to_read(baseline: str, repeats: int) -> tuple[str, str]:
    return (
        f"circle: a run, n = {repeats}; diamond: geometric mean, 95 % t interval; at the right: ratio to {baseline}",
        "blue: shown to be better than it (p < .05 after Holm), orange: shown to be worse, grey: neither",
    )
