"""Our scores and published ones after as many environment steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure, Table
from benchmarks.figures.layout import grid, name_rows, note, round_ticks
from benchmarks.figures.parts.legends import mark_legend
from benchmarks.figures.rendering.width import figure_width
from benchmarks.figures.style import GAIN, LOSS, STYLE, TYPE
from benchmarks.findings import published_scores
from benchmarks.published.scores import PublishedScore
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.store.suite import Data

MARKS: dict[str, dict[str, Any]] = {
    "published": {"marker": "x", "ls": "none"},
    "ours, reached": {"marker": "o", "ls": "-", "color": GAIN, "mfc": "white", "ms": 4.2},
    "missed": {"marker": "o", "ls": "-", "color": LOSS, "mfc": "white", "ms": 4.2},
    "greedy": {"marker": "D", "ls": "none", "color": GAIN, "ms": 3.4},
}


@dataclass(frozen=True)
class PublishedScores(PlainFigure):
    """A panel a task: a row a published score (a cross), and our mean with its interval."""

    name: str
    caption: str
    scores: tuple[PublishedScore, ...]

    def draw(self, data: Data) -> Figure:
        scores = published_scores.table(data, self.scores)
        if scores.empty:
            figure = Figure(figsize=(figure_width(), 0.5))
            figure.text(
                0.5, 0.5, "no checkpoint of ours lies near a published budget", ha="center", va="center", fontsize=TYPE
            )
            return figure
        tasks = list(dict.fromkeys(scores["task"]))
        most = int(scores.groupby("task").size().max())
        with mpl.rc_context(STYLE):
            made = grid(len(tasks), 3, 0.24 * max(most, 3), least=2.4)
            for axis, task in zip(made.panels, tasks, strict=True):
                _panel(axis, scores[scores["task"] == task])
                axis.set_title(data.suite.title(task))
            made.label("return")
            mark_legend(made.figure, MARKS)
            seeds = count_noun(int(scores["seeds"].min()), "seed")
            note(made.figure, f"mean of {seeds}, 95 % t interval; greedy actions where the source's are")
        return made.figure

    def table(self, data: Data) -> Table:
        table = published_scores.table(data, self.scores)
        return Table(self.name, published_scores.page_table(table), published_scores.CAPTION)


def _panel(axis: Axes, rows: pd.DataFrame) -> None:
    records = rows.to_dict("records")
    for y, row in enumerate(records):
        colour = GAIN if row["reached"] else LOSS
        axis.plot([row["low"], row["high"]], [y, y], color=colour, lw=1.8)
        axis.plot([row["ours"]], [y], "o", ms=4.2, color=colour, mfc="white")
        axis.plot([row["greedy"]], [y], "D", ms=3.4, color=GAIN if row["reached_greedy"] else LOSS)
        axis.plot([row["published"]], [y], "x", ms=5, color="black")
    name_rows(
        axis, [f"{r['variant']}, {r['source']}, {published_scores.short_steps(r['env_steps'])}" for r in records], 0.25
    )
    axis.xaxis.set_major_locator(round_ticks())
    axis.ticklabel_format(axis="x", useOffset=False)  # 999.2, not -0.8 and "+1e3" below
