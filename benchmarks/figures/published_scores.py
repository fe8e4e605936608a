"""Our scores and published ones after as many environment steps."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure, Table
from benchmarks.figures.layout import constrained_grid
from benchmarks.figures.style import GAIN, LOSS, STYLE
from benchmarks.findings import published_scores
from benchmarks.published.scores import PublishedScore
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.store.suite import Data


@dataclass(frozen=True)
class PublishedScores(PlainFigure):
    """A panel a task: a row a published score (a cross), and our mean with its interval."""

    name: str
    caption: str
    scores: tuple[PublishedScore, ...]

    def draw(self, data: Data) -> Figure:
        scores = published_scores.table(data, self.scores)
        if scores.empty:
            figure = Figure(figsize=(5.0, 0.8))
            figure.text(0.5, 0.5, "no checkpoint of ours lies near a published budget", ha="center", va="center")
            return figure
        tasks = list(dict.fromkeys(scores["task"]))
        with mpl.rc_context(STYLE):
            grid = constrained_grid(len(tasks), 3, (4.0, 2.3), 0.8, least=6.2)
            for axis, task in zip(grid.panels, tasks, strict=True):
                _panel(axis, scores[scores["task"] == task])
                axis.set_title(task)
            grid.figure.suptitle(
                f"cross: published; circle: ours, mean of {count_noun(int(scores['seeds'].min()), 'seed')}, 95 % t "
                f"interval\n"
                "diamond: ours with greedy actions, where the source's are; blue: reached, orange: missed",
                fontsize=9,
            )
        return grid.figure

    def table(self, data: Data) -> Table:
        table = published_scores.table(data, self.scores)
        return Table(self.name, published_scores.page_table(table), published_scores.CAPTION)


def _panel(axis: Axes, rows: pd.DataFrame) -> None:
    records = rows.to_dict("records")
    for y, row in enumerate(records):
        colour = GAIN if row["reached"] else LOSS
        axis.plot([row["low"], row["high"]], [y, y], color=colour, lw=1.8)
        axis.plot([row["ours"]], [y], "o", ms=4.6, color=colour, mfc="white")
        axis.plot([row["greedy"]], [y], "D", ms=3.6, color=GAIN if row["reached_greedy"] else LOSS)
        axis.plot([row["published"]], [y], "x", ms=6, color="black")
    labels = [f"{r['variant']}, {r['source']}, {published_scores.short_steps(r['env_steps'])}" for r in records]
    axis.set_yticks(range(len(rows)), labels)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.ticklabel_format(axis="x", useOffset=False)  # 999.2, not -0.8 and "+1e3" below
    axis.set_xlabel("return")
