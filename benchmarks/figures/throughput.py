"""Speed: steps a second, and seconds to the threshold, of every configuration on each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from benchmarks.design.report_blocks import PlainFigure, Table
from benchmarks.figures.style import GAIN, LOSS, STYLE, UNSURE, t_band
from benchmarks.findings import throughput
from benchmarks.statistics.tests import LEVEL
from benchmarks.store.suite import Data
from envs.api import Doubles

LABELS = {"steps_per_s": "environment steps a second", "seconds": "seconds of training to the threshold"}
BASELINE = "black"
ROOMY = ConstrainedLayoutEngine(rect=(0, 0, 0.95, 1))  # a browser's letters are wider than matplotlib's
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
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(9.9, len(tasks) * (0.7 + 0.24 * lines) + 1.1), layout=ROOMY)
            axes = figure.subplots(len(tasks), 2, squeeze=False)
            for pair, task in zip(axes, tasks, strict=True):
                rows = table[table["task"] == task].to_dict("records")
                for axis, name in zip(pair, throughput.MEASURES, strict=True):
                    values = [runs[task, row["variant"]][name].to_numpy(float) for row in rows]
                    _panel(axis, rows, values, name, self.baseline)
                pair[0].set_title(task, loc="left")
                pair[1].set_yticklabels([])
            for axis, name in zip(axes[-1], throughput.MEASURES, strict=True):
                axis.set_xlabel(LABELS[name])
            figure.suptitle(_how_to_read(self.baseline, int(table["repeats"].min())), fontsize=9)
        return figure

    def table(self, data: Data) -> Table:
        table = throughput.table(data, self.baseline)
        return Table(self.name, throughput.page_table(table), throughput.caption(self.baseline))


def _panel(axis: Axes, rows: Sequence[Row], values: Sequence[Doubles], name: str, baseline: str) -> None:
    """A line a configuration: its runs, their geometric mean and its interval, and the ratio at the right."""
    axis.set_xscale("log")
    axis.set_xlim(*_limits(np.concatenate(values)))
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_yticks(range(len(rows)), [row["variant"] for row in rows])
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", color="0.92", lw=0.8)
    axis.set_axisbelow(True)
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
        axis.annotate(ratio, (1.01, y), xycoords=("axes fraction", "data"), fontsize=7.5, va="center")


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


def _how_to_read(baseline: str, repeats: int) -> str:
    return (
        f"circle: a run, n = {repeats}; diamond: geometric mean, 95 % t interval; at the right: ratio to {baseline}\n"
        "blue: shown to be better than it (p < .05 after Holm), orange: shown to be worse, grey: neither"
    )
