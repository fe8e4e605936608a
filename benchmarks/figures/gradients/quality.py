"""Figures of the gradient laboratory: measured and exact properties of each estimator's gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from algorithms.conformance.declared.success_rates import success_factor
from benchmarks.figures.layout import grid, matrix_of_panels, name_rows, note
from benchmarks.figures.parts.legends import line_legend, patch_legend
from benchmarks.figures.style import SMALL, STYLE, LineStyle, line_styles

Titles = Mapping[str, str]
NO_TITLES: Titles = MappingProxyType({})
COSINE = "cosine of one gradient"
BLUE, ORANGE = "#0072B2", "#D55E00"
TIMES = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
MIN_COSINE = 0.98  # the smallest cosine at which a mean gradient counts as parallel to grad J


def variance_ladder(rows: pd.DataFrame, order: Sequence[str], titles: Titles = NO_TITLES) -> Figure:
    """A bar a variant: variance over the square of its own signal, over REINFORCE's; marked where the mean is not
    parallel to grad J.

    titles  what tasks and variants are called, where not by their names
    """
    tasks, variants = list(dict.fromkeys(rows["task"])), [v for v in order if v in set(rows["variant"])]
    with mpl.rc_context(STYLE):
        made = grid(len(tasks), 3, 0.16 * len(variants), least=1.9, sharey=True)
        for axis, task in zip(made.panels, tasks, strict=True):
            of_task = rows[rows["task"] == task].set_index("variant").reindex(variants)
            y_positions, times = np.arange(len(variants)), of_task["times"].to_numpy(float)
            straight = of_task["straight"].to_numpy(bool)
            for on, colour in ((straight, BLUE), (~straight, ORANGE)):
                axis.barh(y_positions[on], times[on] - 1, left=1, color=colour, height=0.7)
            for i in np.flatnonzero(~straight):
                axis.annotate(
                    f"{of_task['direction'].iloc[i]:.2f}", (max(times[i], 1), i), (2.5, 0), textcoords="offset points",
                    fontsize=SMALL, va="center",
                )  # fmt: skip
            axis.axvline(1.0, color="0.3", lw=0.8)
            axis.set(xscale="log", title=titles.get(task, task))
            axis.set_xticks(TIMES, [f"{x:g}" for x in TIMES])
            axis.minorticks_off()
            axis.set_xlim(min(0.2, 0.8 * times.min()), max(5.0, 2.2 * times.max()))
            axis.grid(visible=False, axis="y")
            axis.tick_params(axis="y", length=0)
        name_rows(made.panels[0], [titles.get(v, v) for v in variants], share=0.45)
        made.label(
            f"variance of one gradient / square of its signal, in units of {titles.get('reinforce', 'reinforce')}"
        )
        patch_legend(
            made.figure, {"mean along grad J": BLUE, f"mean not along grad J (cosine below {MIN_COSINE})": ORANGE}
        )
    return made.figure


def axes_panels(frame: pd.DataFrame, titles: Titles = NO_TITLES) -> Figure:
    """A column an axis: relative variance above, mean cosine of one gradient to the exact one below."""
    names = list(dict.fromkeys(frame["axis"]))
    variants = list(dict.fromkeys(frame["variant"]))
    styles = line_styles(variants)
    with mpl.rc_context(STYLE):
        made = matrix_of_panels(2, len(names), 1.25)
        for i, name in enumerate(names):
            for row, measure, words in zip(
                made.rows, ("relative", "single"), ("variance / signal²", COSINE), strict=True
            ):
                _axis_panel(row[i], frame[frame["axis"] == name], measure, styles)
                if made.first[i]:
                    row[i].set_ylabel(words)
            made.rows[0][i].set_title(name)
        line_legend(made.figure, variants, "", variants, {}, titles)
    return made.figure


def _axis_panel(axis: Axes, axis_rows: pd.DataFrame, measure: str, styles: dict[str, LineStyle]) -> None:
    places = axis_rows.drop_duplicates("x").sort_values("x")
    positions = {x: i for i, x in enumerate(places["x"])}  # unequal steps are drawn at equal distances
    for variant, style in styles.items():
        line = axis_rows[axis_rows["variant"] == variant].sort_values("x")
        axis.plot([positions[x] for x in line["x"]], line[measure], lw=1.2, **style.settings())
    axis.set_xticks(list(positions.values()), places["label"])
    if measure == "relative":
        axis.set_yscale("log")
    else:
        axis.set_ylim(bottom=min(0.0, axis.get_ylim()[0]))


def crossover(rows: pd.DataFrame) -> Figure:
    """A panel a reward: the exact variance of RLOO over that of REINFORCE along exact ascent, a line a group size."""
    rewards, sizes = list(dict.fromkeys(rows["reward"])), sorted(set(rows["K"]))
    styles = line_styles([f"K={k}" for k in sizes])
    with mpl.rc_context(STYLE):
        made = grid(len(rewards), 4, 1.5, sharey=True)
        for axis, reward in zip(made.panels, rewards, strict=True):
            for k in sizes:
                line = rows[(rows["reward"] == reward) & (rows["K"] == k)]
                axis.plot(line["score"], line["ratio"], lw=1.3, **styles[f"K={k}"].settings())
            axis.axhline(1.0, color="0.45", lw=0.8, ls=(0, (1, 2)))
            axis.set(title=reward, yscale="log")
        made.label("normalised score of the policy", "variance of RLOO / REINFORCE")
        line_legend(made.figure, list(styles))
        note(made.figure, "K: episodes of one prompt each")
    return made.figure


def success(rows: pd.DataFrame) -> Figure:
    """w_G(p): lines from its closed form, points measured, bars two standard errors."""
    labels = list(dict.fromkeys(rows["label"]))
    styles = line_styles(labels)
    p = np.geomspace(0.005, 0.5, 60)
    with mpl.rc_context(STYLE):
        made = grid(1, 1, 2.2)
        (axis,) = made.panels
        for label in labels:
            style = styles[label]
            theory = [success_factor(int(label.removeprefix("G=")), x) for x in p]
            axis.plot(p, theory, color=style.colour, ls=style.dash, lw=1.3)
            measured = rows[rows["label"] == label]
            error = 2 * measured["scale_error"]
            axis.errorbar(
                measured["x"],
                measured["scale"],
                yerr=error,
                fmt=style.marker,
                color=style.colour,
                ms=4,
                mew=0,
                capsize=2,
            )
        axis.set(xscale="log", xlabel="success rate p", ylabel="|mean gradient| / |grad J|")
        line_legend(made.figure, labels)
        note(
            made.figure,
            "lines: w_G(p), what division by the group's deviation does; marks: measured, two standard errors",
        )
    return made.figure


def bias_variance_over_lambda(rows: pd.DataFrame) -> Figure:
    """Bias, variance and their sum against lambda, a line a critic."""
    labels = list(dict.fromkeys(rows["label"]))
    styles = line_styles(labels)
    bias = rows["bias"] ** 2
    measures = {"bias²": bias, "variance": rows["variance"], "bias² + variance": bias + rows["variance"]}
    with mpl.rc_context(STYLE):
        made = grid(3, 3, 1.5)
        for axis, (name, values) in zip(made.panels, measures.items(), strict=True):
            for label in labels:
                line = rows[rows["label"] == label].sort_values("x")
                axis.plot(line["x"], values[line.index], lw=1.3, **styles[label].settings())
                if name == "bias²":
                    axis.fill_between(
                        line["x"], 1e-12, line["noise"] ** 2, color=styles[label].colour, alpha=0.06, lw=0
                    )
            axis.set(title=name, yscale="log")
        made.panels[0].set_ylim(bottom=float((rows["noise"] ** 2).min()) / 10)
        made.label("lambda")
        line_legend(made.figure, labels)
    return made.figure


def kl_bars(rows: pd.DataFrame) -> Figure:
    """Relative error of each KL estimator and placement, a bar for each scale of the policy's parameters."""
    names, noises = list(dict.fromkeys(rows["estimator"])), sorted(set(rows["noise"]))
    colours: Sequence[str] = ("#56B4E9", "#0072B2", "#000000")
    with mpl.rc_context(STYLE):
        made = grid(1, 1, 0.17 * len(names) * len(noises) + 0.1 * len(names))
        (axis,) = made.panels
        wide = 0.84 / len(noises)
        for i, noise in enumerate(noises):
            errors = rows[rows["noise"] == noise].set_index("estimator").reindex(names)["error"]
            places = np.arange(len(names)) + (i - (len(noises) - 1) / 2) * wide
            bars = axis.barh(places, errors, wide, color=colours[i % 3])
            axis.bar_label(bars, [f" {x:.2f}" for x in errors], fontsize=SMALL)
        name_rows(axis, names)
        axis.set_xlim(right=1.12 * float(rows["error"].max()))
        axis.set_xlabel("|E[g] - grad KL| / |grad KL|")
        legend = {f"{n:g}": colours[i % 3] for i, n in enumerate(noises)}
        patch_legend(made.figure, legend, "standard deviation of the policy's parameters")
    return made.figure
