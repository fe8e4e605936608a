"""Panels for the figures that experiments declare (benchmarks/drawings.py)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.drawings import Frontier, Measured, Sweep
from benchmarks.figures import STYLE, banded, legend, line_styles, t_band, thousands
from benchmarks.statistics.wording.phrases import counted
from benchmarks.suite import Doubles, Suite


@dataclass(frozen=True)
class Data:
    """What a drawing is made of: the curves, and the measures in long form."""

    suite: Suite
    measures: pd.DataFrame

    @property
    def moving(self) -> list[str]:
        """The variants that learn: those with more than one checkpoint."""
        moving = {v for (_, v), curve in self.suite.curves.items() if curve.moving}
        return [v for v in self.suite.present if v in moving]

    def series(self, task: str, variant: str, measure: str) -> list[tuple[float, Doubles]]:
        """(env_steps, values of the seeds) at each checkpoint of one measure; "score" is in the suite's unit."""
        curve = self.suite.curves.get((task, variant))
        if curve is None:
            return []
        if measure == "score":
            return list(zip(curve.env_steps.mean(axis=1).tolist(), curve.score, strict=True))
        rows = self.measures[self.measures["measure"] == measure]
        rows = rows[(rows["task"] == task) & (rows["variant"] == variant)].dropna(subset="value")
        groups = (g for _, g in rows.groupby("checkpoint"))
        return [(float(g["env_steps"].mean()), g["value"].to_numpy(float)) for g in groups]


def _band(axis: Axes, points: Sequence[tuple[float, Doubles]], style: tuple[str, object], label: str) -> None:
    """Means of groups against x, with 95 % t intervals; groups may differ in size."""
    bounds = np.array([t_band(group) for _, group in points]).T
    banded(axis, np.array([x for x, _ in points]), (bounds[0], bounds[1], bounds[2]), style, label)


def _title(data: Data) -> str:
    return f"mean of {counted(data.suite.seeds, 'seed')}, band: 95 % t interval"


def sweep(data: Data, what: Sweep) -> Figure:
    """Final score against a knob."""
    curves = data.suite.curves
    by_task = list(dict.fromkeys(what.lines.values()))
    panels = data.moving if by_task else [""]
    lines = by_task or data.moving
    columns = min(4, len(panels))
    height = math.ceil(len(panels) / columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(max(3.0 * columns, 5.4), 2.5 * height + 1.0), layout="constrained")
        axes = list(figure.subplots(height, columns, squeeze=False, sharey=True).flat)
        styles = line_styles(lines)
        for axis, panel in zip(axes, panels, strict=False):
            for line in lines:
                variant = panel or line
                tasks = [t for t in what.x if (t, variant) in curves and (not by_task or what.lines[t] == line)]
                points = [(what.x[t], curves[t, variant].score[-1]) for t in sorted(tasks, key=lambda t: what.x[t])]
                if points:
                    _band(axis, points, styles[line], line)
            axis.set_title(panel)
            if what.log:
                axis.set_xscale("log")
            if data.suite.normalised:
                axis.axhline(1.0, color="0.55", lw=0.8, ls=":")
                axis.set_ylim(-0.08, 1.08)
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        figure.supxlabel(what.label, fontsize=9)
        figure.supylabel(data.suite.final_unit, fontsize=9)
        legend(figure, lines, _title(data), 5)
    return figure


def measured(data: Data, what: Measured) -> Figure:
    """Measures against environment steps."""
    tasks, lines = list(data.suite.scales), data.moving
    with mpl.rc_context(STYLE):
        size = (max(3.0 * len(tasks), 5.4), 2.2 * len(what.measures) + 1.1)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(len(what.measures), len(tasks), squeeze=False, sharex="col")
        for i, measure in enumerate(what.measures):
            word = data.suite.unit if measure == "score" else UNITS.get(measure, f"return: {measure}")
            axes[i, 0].set_ylabel(word)
            for j, task in enumerate(tasks):
                _measure_panel(axes[i, j], data, task, measure, what.levels.get((task, measure), ()))
        for axis, task in zip(axes[0], tasks, strict=True):
            axis.set_title(task)
        figure.supxlabel("environment steps a seed", fontsize=9)
        legend(figure, lines, _title(data), 5 if len(tasks) > 1 else 3)
    return figure


def _measure_panel(axis: Axes, data: Data, task: str, measure: str, levels: Sequence[tuple[str, float]]) -> None:
    for variant, style in line_styles(data.moving).items():
        if points := data.series(task, variant, measure):
            _band(axis, points, style, variant)
    axis.set_visible(bool(axis.lines))  # not every task has every view
    if measure == "score" and data.suite.normalised:  # noise of 1e-8 about a constant is not to fill the panel
        low, high = axis.get_ylim()
        axis.set_ylim(min(low, -0.08), max(high, 1.08))
    for label, height in levels:
        axis.axhline(height, color="0.55", lw=0.8, ls=":")
        axis.annotate(label, (0.99, height), xycoords=("axes fraction", "data"), fontsize=6, color="0.35", ha="right",
                      va="bottom")  # fmt: skip
    thousands(axis)


UNITS = {
    "entropy": "entropy, nats an episode",
    "length": "actions an episode",
    "kl": "KL to the reference, nats",
}


def frontier(data: Data, what: Frontier) -> Figure:
    """Proxy and gold against KL: mean paths over seeds, a mark at each checkpoint, and the exact frontier."""
    tasks, lines = [t for t in data.suite.scales if t in what.mdps], data.moving
    betas = np.geomspace(100, 0.002, 120)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(max(3.4 * len(tasks), 5.4), 5.4), layout="constrained")
        axes = figure.subplots(2, len(tasks), squeeze=False, sharex="col", sharey="row")
        styles = line_styles(["exact frontier", *lines])
        for column, task in enumerate(tasks):
            points = what.mdps[task].frontier(betas)
            kl = [p.kl for p in points]
            exact = {"proxy": [p.proxy for p in points], "gold": [p.gold for p in points]}
            for axis, judge in zip(axes[:, column], ("proxy", "gold"), strict=True):
                axis.plot(kl, exact[judge], color=styles["exact frontier"][0], lw=1.2, label="exact frontier")
                if judge == "gold":
                    axis.axhline(exact["gold"][0], color="0.55", lw=0.8, ls=":")
                for variant in lines:
                    path = _path(data, task, variant, judge, what.mdps[task].beta)
                    axis.plot(path["kl"], path["value"], color=styles[variant][0], ls=styles[variant][1], lw=1.3,
                              marker="o", ms=2.5, label=variant)  # fmt: skip
                if column == 0:
                    axis.set_ylabel(f"{judge} an episode")
            axes[0, column].set_title(task)
        figure.supxlabel("KL to the reference, nats an episode", fontsize=9)
        legend(figure, ["exact frontier", *lines], f"{_title(data).split(',')[0]}, a mark a checkpoint", 3)
    return figure


def _path(data: Data, task: str, variant: str, judge: str, beta: float) -> pd.DataFrame:
    """Mean KL and mean proxy or gold at each checkpoint; the proxy is the return with its KL put back."""
    rows = data.measures[(data.measures["task"] == task) & (data.measures["variant"] == variant)]
    wide = rows.pivot_table(index=["checkpoint", "seed"], columns="measure", values="value")
    if judge == "gold":
        wide["value"] = wide["gold"]
    else:
        curve = data.suite.curves[task, variant]
        paid = pd.DataFrame(curve.value, columns=curve.seeds).rename_axis(index="checkpoint", columns="seed").stack()
        wide["value"] = paid + beta * wide["kl"]
    return wide.groupby("checkpoint")[["kl", "value"]].mean()
