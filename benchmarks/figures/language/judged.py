"""What judges say of texts: against the distance from the reference policy, and against the labels that were used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from algorithms.references.best_of_samples import BestOfSamples
from benchmarks.design.report_blocks import PlainFigure, Table
from benchmarks.figures.layout import grid, label_axes, matrix_of_panels, note
from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.style import STYLE, LineStyle, line_styles, t_band
from benchmarks.statistics.intervals import t_interval
from benchmarks.store.suite import Data

BEST = "best of n"
JUDGES = {"reward": "reward model", "gold": "gold", "held_out": "held-out judge"}
LABELS = ("demonstrations", "comparisons", "rewarded texts")
MEASURES = (
    "gold",
    "win_rate",
    "held_out",
    "reward",
    "reward_accuracy",
    "agreement",
    "kl",
    "nll",
    "length",
    "distinct_2",
    "cut",
)


@dataclass(frozen=True)
class RewardFrontier(PlainFigure):
    """A row a judge, a column a task: a line a variant through its checkpoints, and the best of n samples.

    best  in ascending order of n
    """

    name: str
    caption: str
    best: tuple[BestOfSamples, ...]

    def draw(self, data: Data) -> Figure:
        tasks = list(data.suite.scales)
        references = [b.name for b in self.best]
        lines = [v for v in data.suite.variants if v not in references and not v.startswith("best_of_")]
        among = [*data.suite.variants, BEST]
        styles = line_styles([BEST, *lines], among)
        suite = data.suite
        with mpl.rc_context(STYLE):
            made = matrix_of_panels(len(JUDGES), len(tasks), 1.3, most=3, least=2.1, sharey=True)
            for row, (judge, label) in zip(made.rows, JUDGES.items(), strict=True):
                for axis, task, first in zip(row, tasks, made.first, strict=True):
                    for variant in lines:
                        _path(
                            axis, data.series(task, variant, "kl"), data.series(task, variant, judge), styles[variant]
                        )
                    kl, worth = (
                        [point for name in references for point in data.series(task, name, measure)]
                        for measure in ("kl", judge)
                    )
                    _path(axis, kl, worth, styles[BEST])
                    if first:
                        axis.set_ylabel(label)
            for axis, task in zip(made.rows[0], tasks, strict=True):
                axis.set_title(suite.title(task))
            label_axes(made.figure, "KL to SFT, nats an episode")
            line_legend(made.figure, [BEST, *lines], "", among, {}, {v: suite.title(v) for v in lines})
            note(made.figure, f"mean of {suite.seeds} seeds with 95 % intervals, a mark: a checkpoint")
        return made.figure


def _path(axis: Axes, kl: Sequence[tuple[float, np.ndarray]], paid: Sequence[tuple[float, np.ndarray]],
          style: LineStyle) -> None:  # fmt: skip
    """A line through means, with an interval at the last point."""
    if not kl or len(kl) != len(paid):
        return
    x, bands = [float(v.mean()) for _, v in kl], np.array([t_band(v) for _, v in paid])
    axis.plot(x, bands[:, 0], lw=1.2, **style.settings())
    axis.plot([x[-1]] * 2, bands[-1, 1:], color=style.colour, lw=1.0)


@dataclass(frozen=True)
class LabelsUsed(PlainFigure):
    """Gold against labels: demonstrations and comparisons of those who learn from them, and of reward models.

    comparisons   those that a reward model was fitted to, which all that it pays have used
    paid_by_gold  tasks on which gold itself pays: a call of it for each text
    unlabelled    variants that use no labels
    """

    name: str
    caption: str
    comparisons: int
    paid_by_gold: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()

    def draw(self, data: Data) -> Figure:
        tasks = list(data.suite.scales)
        frame = self.frame(data)
        styles = line_styles(list(dict.fromkeys(frame["variant"])), data.suite.variants)
        with mpl.rc_context(STYLE):
            made = grid(len(tasks), 3, 2.0, least=2.1, sharey=True)
            for axis, task in zip(made.panels, tasks, strict=True):
                for row in frame[(frame["task"] == task) & (frame["labels"] > 0)].to_dict("records"):
                    gold, color = row["gold"], styles[row["variant"]].colour
                    error = [[gold - row["gold_low"]], [row["gold_high"] - gold]]
                    axis.errorbar(
                        row["labels"], gold, error, color=color, marker=styles[row["variant"]].marker, ms=3, lw=1
                    )
                axis.set_xscale("log")
                axis.set_title(data.suite.title(task))
            made.label("labels used: demonstrations, comparisons and calls of gold", "gold, last checkpoint")
            titles = {v: data.suite.title(v) for v in styles}
            line_legend(made.figure, list(styles), "", data.suite.variants, {}, titles)
            note(made.figure, f"mean of {data.suite.seeds} seeds, 95 % interval")
        return made.figure

    def table(self, data: Data) -> Table:
        caption = (
            "Labels that each seed used, and measures at the last checkpoint: means over seeds with 95 % intervals. Each "
            "seed has demonstrations, pairs, a reward model and a policy of its own; only the base and its judge's model "
            "are shared. Win rate: by gold against texts of SFT on the same prompt. Every variant begins at SFT, whose "
            "demonstrations are not counted. Agreement: how often the reward model and gold put two of its texts in the "
            "same order. KL of the best of n: its bound. What the best of n reads when it is used is not counted."
        )
        return Table("labels_and_measures", self.frame(data), caption)

    def frame(self, data: Data) -> pd.DataFrame:
        """A row for each task and variant."""
        rows = []
        for (task, variant), curve in data.suite.curves.items():
            row: dict[str, object] = {"task": task, "variant": variant}
            used = self.used(data, task, variant, float(curve.env_steps.max()))
            row |= used | {"labels": sum(used.values())}
            for measure in MEASURES:
                values = _last(data, task, variant, measure)
                if len(values) > 1:
                    low, high = t_interval(values, limits=data.limits(task, measure))
                    row |= {measure: float(values.mean()), f"{measure}_low": low, f"{measure}_high": high}
            rows.append(row)
        return pd.DataFrame(rows)

    def used(self, data: Data, task: str, variant: str, env_steps: float) -> dict[str, float]:
        """Labels of each kind that a seed of a variant has used, on average."""
        counts = {m: _last(data, task, variant, m) for m in LABELS}
        known = {m: float(v.mean()) for m, v in counts.items() if len(v)}
        used = dict.fromkeys(("demonstrations", "comparisons", "judge calls"), 0.0)
        if own := {m: x for m, x in known.items() if m in used}:
            return used | own
        if variant in self.unlabelled:
            return used
        if task not in self.paid_by_gold:
            return used | {"comparisons": float(self.comparisons)}
        if (read := known.get("rewarded texts")) is not None:
            return used | {"judge calls": read}
        # steps are tokens, and gold reads a text once: about as many calls as texts
        return used | {"judge calls": env_steps / float(data.per_seed(task, variant, "length").mean())}


def _last(data: Data, task: str, variant: str, measure: str) -> np.ndarray:
    points = data.series(task, variant, measure)
    return points[-1][1] if points else np.zeros(0)
