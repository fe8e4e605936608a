"""Figures of the gradient laboratory: measured and exact properties of each estimator's gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from algorithms.conformance.unbiasedness import success_factor
from benchmarks.figures.style import STYLE, LineStyle, line_styles

BLUE, ORANGE = "#0072B2", "#D55E00"
TIMES = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
MIN_COSINE = 0.98  # the smallest cosine at which a mean gradient counts as parallel to grad J


def variance_ladder(rows: pd.DataFrame, order: Sequence[str]) -> Figure:
    """A bar a variant: variance over the square of its own signal, over REINFORCE's; marked where the mean is not
    parallel to grad J.
    """
    tasks, variants = list(dict.fromkeys(rows["task"])), [v for v in order if v in set(rows["variant"])]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.1 * len(tasks) + 1.6, 0.19 * len(variants) + 1.4), layout="constrained")
        axes = figure.subplots(1, len(tasks), squeeze=False, sharey=True)[0]
        for axis, task in zip(axes, tasks, strict=True):
            of_task = rows[rows["task"] == task].set_index("variant").reindex(variants)
            y_positions, times = np.arange(len(variants)), of_task["times"].to_numpy(float)
            straight = of_task["straight"].to_numpy(bool)
            for on, colour in ((straight, BLUE), (~straight, ORANGE)):
                axis.barh(y_positions[on], times[on] - 1, left=1, color=colour, height=0.7)
            for i in np.flatnonzero(~straight):
                axis.annotate(f" {of_task['direction'].iloc[i]:.2f}", (max(times[i], 1), i), fontsize=6, va="center")
            axis.axvline(1.0, color="0.3", lw=0.8)
            axis.set(xscale="log", title=task)
            axis.set_xticks(TIMES, [f"{x:g}" for x in TIMES], fontsize=7)
            axis.minorticks_off()
            axis.set_xlim(min(0.2, 0.8 * times.min()), max(5.0, 1.6 * times.max()))
        axes[0].set_yticks(np.arange(len(variants)), variants, fontsize=7)
        axes[0].set_ylim(len(variants) - 0.4, -0.6)
        figure.supxlabel("variance of one gradient / square of its signal, in units of reinforce", fontsize=9)
        named = ((BLUE, "mean along grad J"), (ORANGE, f"mean not along grad J (cosine below {MIN_COSINE})"))
        handles = [mpl.patches.Patch(color=c, label=n) for c, n in named]
        figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def axes_panels(frame: pd.DataFrame) -> Figure:
    """A column an axis: relative variance above, mean cosine of one gradient to the exact one below."""
    names = list(dict.fromkeys(frame["axis"]))
    variants = list(dict.fromkeys(frame["variant"]))
    styles = line_styles(variants)
    columns = 4
    bands = math.ceil(len(names) / columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.0 * columns, 3.7 * bands + 0.9), layout="constrained")
        grid = figure.subplots(2 * bands, columns, squeeze=False)
        for axis in grid.flat:
            axis.set_visible(False)
        for i, name in enumerate(names):
            row, column = 2 * (i // columns), i % columns
            for axis, measure in zip(grid[row : row + 2, column], ("relative", "single"), strict=True):
                axis.set_visible(True)
                _axis_panel(axis, frame[frame["axis"] == name], measure, styles)
            grid[row, column].set_title(name)
        for row in range(bands):
            grid[2 * row, 0].set_ylabel("variance / signal²")
            grid[2 * row + 1, 0].set_ylabel("cosine of one gradient")
        handles = [mpl.lines.Line2D([], [], color=styles[v].colour, ls=styles[v].dash, label=v) for v in variants]
        figure.legend(handles=handles, loc="outside upper center", ncols=6)
    return figure


def _axis_panel(axis: Axes, axis_rows: pd.DataFrame, measure: str, styles: dict[str, LineStyle]) -> None:
    places = axis_rows.drop_duplicates("x").sort_values("x")
    positions = {x: i for i, x in enumerate(places["x"])}  # unequal steps are drawn at equal distances
    for variant, (colour, dash, _) in styles.items():
        line = axis_rows[axis_rows["variant"] == variant].sort_values("x")
        axis.plot([positions[x] for x in line["x"]], line[measure], color=colour, ls=dash, lw=1.2, marker=".", ms=4)
    axis.set_xticks(list(positions.values()), places["label"], fontsize=7)
    if measure == "relative":
        axis.set_yscale("log")
    else:
        axis.set_ylim(bottom=0.0)


def crossover(rows: pd.DataFrame) -> Figure:
    """A panel a reward: the exact variance of RLOO over that of REINFORCE along exact ascent, a line a group size."""
    rewards, sizes = list(dict.fromkeys(rows["reward"])), sorted(set(rows["K"]))
    styles = line_styles([f"K={k}" for k in sizes])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(max(2.9 * len(rewards), 4.2), 3.1), layout="constrained")
        axes = figure.subplots(1, len(rewards), squeeze=False, sharey=True)[0]
        for axis, reward in zip(axes, rewards, strict=True):
            for k in sizes:
                line = rows[(rows["reward"] == reward) & (rows["K"] == k)]
                colour, dash, _ = styles[f"K={k}"]
                axis.plot(line["score"], line["ratio"], color=colour, ls=dash, marker=".", lw=1.3)
            axis.axhline(1.0, color="0.55", lw=0.8, ls=":")
            axis.set(title=reward, yscale="log")
        figure.supxlabel("normalised score of the policy", fontsize=9)
        figure.supylabel("variance of RLOO / REINFORCE", fontsize=9)
        handles = [mpl.lines.Line2D([], [], color=c, ls=d, label=n) for n, (c, d, _) in styles.items()]
        figure.legend(
            handles=handles, loc="outside upper center", ncols=len(sizes), title="K episodes of one prompt each"
        )
    return figure


def success(rows: pd.DataFrame) -> Figure:
    """w_G(p): lines from its closed form, points measured, bars two standard errors."""
    labels = list(dict.fromkeys(rows["label"]))
    styles = line_styles(labels)
    p = np.geomspace(0.005, 0.5, 60)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.4, 3.2), layout="constrained")
        axis = figure.subplots()
        for label in labels:
            colour, dash, _ = styles[label]
            theory = [success_factor(int(label.removeprefix("G=")), x) for x in p]
            axis.plot(p, theory, color=colour, ls=dash, lw=1.3, label=label)
            measured = rows[rows["label"] == label]
            axis.errorbar(
                measured["x"],
                measured["scale"],
                yerr=2 * measured["scale_error"],
                fmt="o",
                color=colour,
                ms=4,
                capsize=2,
            )
        axis.set(xscale="log", xlabel="success rate p", ylabel="length of the mean gradient over grad J")
        figure.legend(loc="outside upper center", ncols=len(labels), title="division by the group's deviation: w_G(p)")
    return figure


def bias_variance_over_lambda(rows: pd.DataFrame) -> Figure:
    """Bias, variance and their sum against lambda, a line a critic."""
    labels = list(dict.fromkeys(rows["label"]))
    styles = line_styles(labels)
    bias = rows["bias"] ** 2
    measures = {"bias²": bias, "variance": rows["variance"], "bias² + variance": bias + rows["variance"]}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 3.1), layout="constrained")
        axes = list(figure.subplots(1, 3))
        for axis, (name, values) in zip(axes, measures.items(), strict=True):
            for label in labels:
                line = rows[rows["label"] == label].sort_values("x")
                colour, dash, _ = styles[label]
                axis.plot(line["x"], values[line.index], color=colour, ls=dash, marker=".", lw=1.3)
                if name == "bias²":
                    axis.fill_between(line["x"], 1e-12, line["noise"] ** 2, color=colour, alpha=0.06, lw=0)
            axis.set(title=name, yscale="log")
        axes[0].set_ylim(bottom=float((rows["noise"] ** 2).min()) / 10)
        figure.supxlabel("lambda", fontsize=9)
        handles = [mpl.lines.Line2D([], [], color=styles[n].colour, ls=styles[n].dash, label=n) for n in labels]
        figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return figure


def kl_bars(rows: pd.DataFrame) -> Figure:
    """Relative error of each KL estimator and placement, a bar for each scale of the policy's parameters."""
    names, noises = list(dict.fromkeys(rows["estimator"])), sorted(set(rows["noise"]))
    colours: Sequence[str] = ("#56B4E9", "#0072B2", "#000000")
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 3.0), layout="constrained")
        axis = figure.subplots()
        wide = 0.8 / len(noises)
        for i, noise in enumerate(noises):
            errors = rows[rows["noise"] == noise].set_index("estimator").reindex(names)["error"]
            bars = axis.bar(
                np.arange(len(names)) + (i - (len(noises) - 1) / 2) * wide, errors, wide, color=colours[i % 3]
            )
            axis.bar_label(bars, [f"{x:.2f}" for x in errors], fontsize=6)
        axis.set_xticks(
            np.arange(len(names)), [n.replace(" in", "\nin").replace(", ", ",\n") for n in names], fontsize=7
        )
        axis.set_ylabel("|E[g] - grad KL| / |grad KL|")
        handles = [mpl.patches.Patch(color=colours[i % 3], label=f"{n:g}") for i, n in enumerate(noises)]
        title = "deviation of the policy's parameters"
        figure.legend(handles=handles, loc="outside upper center", ncols=len(noises), title=title)
    return figure
