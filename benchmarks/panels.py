"""Panels for the figures that experiments declare (benchmarks/drawings.py)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import stats
from benchmarks.drawings import Frontier, Measured, Sweep
from benchmarks.figures import STYLE, line_styles
from benchmarks.tables import Scale, final_rows


@dataclass(frozen=True)
class Data:
    """What a drawing is made of: the tidy frame, the measures in long form, the scales and variants in order."""

    frame: pd.DataFrame
    measures: pd.DataFrame
    scales: Mapping[str, Scale]
    variants: Sequence[str]

    @property
    def moving(self) -> list[str]:
        """The variants that learn: those with more than one checkpoint."""
        points = self.frame.groupby("variant")["checkpoint"].nunique()
        return [v for v in self.variants if points.get(v, 0) > 1]

    def series(self, task: str, variant: str, measure: str) -> pd.DataFrame:
        """Rows (seed, checkpoint, env_steps, value) of one measure; "score" is the normalised return."""
        rows = self.frame if measure == "score" else self.measures[self.measures["measure"] == measure]
        rows = rows[(rows["task"] == task) & (rows["variant"] == variant)].copy()
        if measure == "score":
            scale = self.scales[task]
            rows["value"] = (rows["eval_return"] - scale.floor) / (scale.ceiling - scale.floor)
        return rows[["seed", "checkpoint", "env_steps", "value"]].dropna()


def _band(axis: Axes, x: Sequence[float], groups: Sequence[np.ndarray], colour: str, dash: object, label: str) -> None:
    """Means of groups against x, with 95 % t intervals."""
    means = [float(g.mean()) for g in groups]
    intervals = [stats.t_interval(g) for g in groups]
    axis.plot(x, means, color=colour, ls=dash, lw=1.6, label=label)
    axis.fill_between(x, [i.low for i in intervals], [i.high for i in intervals], color=colour, alpha=0.12, lw=0)


INCHES_AN_ENTRY = 1.6  # of a legend


def _legend(figure: Figure, names: Sequence[str], title: str, columns: int) -> None:
    styles = line_styles(names)
    handles = [mpl.lines.Line2D([], [], color=styles[n][0], ls=styles[n][1], lw=1.6, label=n) for n in names]
    fit = max(2, int(figure.get_figwidth() / INCHES_AN_ENTRY))
    figure.legend(handles=handles, loc="outside upper center", ncols=min(len(names), columns, fit), title=title)


def _title(data: Data) -> str:
    seeds = int(data.frame.groupby(["task", "variant"])["seed"].nunique().min())
    return f"mean of {seeds} seeds, band: 95 % t interval"


def sweep(data: Data, what: Sweep) -> Figure:
    """Final normalised score against a knob."""
    final = final_rows(data.frame, data.scales)
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
                tasks = [t for t in what.x if t in data.scales and (not by_task or what.lines[t] == line)]
                points = []
                for task in sorted(tasks, key=lambda t: what.x[t]):
                    scores = final[(final["task"] == task) & (final["variant"] == variant)]["score"].to_numpy(float)
                    if len(scores):
                        points.append((what.x[task], scores))
                if points:
                    _band(axis, [x for x, _ in points], [g for _, g in points], *styles[line], label=line)
            axis.set_title(panel)
            if what.log:
                axis.set_xscale("log")
            axis.axhline(1.0, color="0.55", lw=0.8, ls=":")
            axis.set_ylim(-0.08, 1.08)
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        figure.supxlabel(what.label, fontsize=9)
        figure.supylabel("normalised final score", fontsize=9)
        _legend(figure, lines, _title(data), 5)
    return figure


def measured(data: Data, what: Measured) -> Figure:
    """Measures against environment steps."""
    tasks, lines = list(data.scales), data.moving
    with mpl.rc_context(STYLE):
        size = (max(3.0 * len(tasks), 5.4), 2.2 * len(what.measures) + 1.1)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(len(what.measures), len(tasks), squeeze=False, sharex="col")
        for i, measure in enumerate(what.measures):
            axes[i, 0].set_ylabel(UNITS.get(measure, f"return: {measure}"))
            for j, task in enumerate(tasks):
                _measure_panel(axes[i, j], data, task, measure, what.levels.get((task, measure), ()))
        for axis, task in zip(axes[0], tasks, strict=True):
            axis.set_title(task)
        figure.supxlabel("environment steps a seed", fontsize=9)
        _legend(figure, lines, _title(data), 5 if len(tasks) > 1 else 3)
    return figure


def _measure_panel(axis: Axes, data: Data, task: str, measure: str, levels: Sequence[tuple[str, float]]) -> None:
    styles = line_styles(data.moving)
    for variant, (colour, dash) in styles.items():
        groups = [g for _, g in data.series(task, variant, measure).groupby("checkpoint")]
        x = [float(g["env_steps"].mean()) for g in groups]
        if groups:
            _band(axis, x, [g["value"].to_numpy(float) for g in groups], colour, dash, label=variant)
    axis.set_visible(bool(axis.lines))  # not every task has every view
    if measure == "score":  # noise of 1e-8 about a constant is not to fill the panel
        low, high = axis.get_ylim()
        axis.set_ylim(min(low, -0.08), max(high, 1.08))
    for label, height in levels:
        axis.axhline(height, color="0.55", lw=0.8, ls=":")
        axis.annotate(label, (0.99, height), xycoords=("axes fraction", "data"), fontsize=6, color="0.35", ha="right",
                      va="bottom")  # fmt: skip
    axis.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
    axis.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))


UNITS = {
    "score": "normalised score",
    "entropy": "entropy, nats an episode",
    "length": "actions an episode",
    "kl": "KL to the reference, nats",
}


def frontier(data: Data, what: Frontier) -> Figure:
    """Proxy and gold against KL: mean paths over seeds, a mark at each checkpoint, and the exact frontier."""
    tasks, lines = [t for t in data.scales if t in what.mdps], data.moving
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
        _legend(figure, ["exact frontier", *lines], f"{_title(data).split(',')[0]}, a mark a checkpoint", 3)
    return figure


def _path(data: Data, task: str, variant: str, judge: str, beta: float) -> pd.DataFrame:
    """Mean KL and mean proxy or gold at each checkpoint; the proxy is the return with its KL put back."""
    rows = data.measures[(data.measures["task"] == task) & (data.measures["variant"] == variant)]
    wide = rows.pivot_table(index=["checkpoint", "seed"], columns="measure", values="value")
    if judge == "gold":
        wide["value"] = wide["gold"]
    else:
        frame = data.frame[(data.frame["task"] == task) & (data.frame["variant"] == variant)]
        paid = frame.set_index(["checkpoint", "seed"])["eval_return"]
        wide["value"] = paid + beta * wide["kl"]
    return wide.groupby("checkpoint")[["kl", "value"]].mean()
