"""Figures over training: learning curves on three axes, sample efficiency, profiles, diagnostics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from algorithms.estimators.diagnostics import DESCRIPTIONS, NAMES
from benchmarks.figures.layout import LEAST, LINES_A_PANEL, grid, line_groups, note, round_ticks, thousands
from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.parts.line_ends import ends_of, label_line_ends
from benchmarks.figures.parts.order import variants_by_score
from benchmarks.figures.style import STYLE, Band, LineStyle, banded, line_styles, t_band
from benchmarks.statistics.comparisons import SEED
from benchmarks.statistics.learning_curves import iqm_curve, performance_profile, profile_band
from benchmarks.store.curves import Curve
from benchmarks.store.suite import Suite
from envs.api import Doubles, Scale
from envs.control.limits import ANYTHING, Limits

AXES = {
    "env_steps": "environment steps a seed",
    "updates": "updates",
    "wall_s": "seconds of training, all seeds of a block",
}
PANEL, SINGLE = 1.15, 2.1  # inches of a panel among many, and of one of few
LABELLED = 2  # panels up to which lines have their names at their ends
LEVEL_DASHES = {
    "threshold": (0, (4, 2)),
    "random": (0, (1, 2)),
    "optimal": (0, (7, 1.5, 1, 1.5)),
    "exact_pg": (0, (2, 1)),
}
OTHER_LEVEL = (0, (3, 1, 1, 1, 1, 1))
TAUS = np.linspace(-0.1, 1.1, 121)
BANDS = 2_000  # resamples of a band: for display only
LEAST_EXPLAINED = (
    -1.0
)  # explained variance below which a curve is cut off: a critic worse than none may be so by thousands


def learning_curves(suite: Suite, lines: Sequence[str], x: str, title: str) -> Figure:
    """One panel a task: mean return of `lines` against steps, updates or seconds, t-interval bands; references flat.

    One or two panels have the names at the ends of the lines, where they fit; else there is a legend.
    """
    learning = {v for (_, v), curve in suite.curves.items() if curve.has_curve}
    flat = [v for v in suite.present if v not in suite.learners or v not in learning]
    titles = {v: suite.title(v) for v in suite.present}
    few = len(suite.scales) <= LABELLED and len(lines) <= LINES_A_PANEL
    height = SINGLE if few else PANEL
    with mpl.rc_context(STYLE):
        made = grid(len(suite.scales), LABELLED if few else 4, height, least=2.6 if few else LEAST)
        styles = line_styles(lines, suite.present)
        levels: dict[str, Any] = {}
        drawn: list[tuple[Axes, dict[str, tuple[Doubles, Doubles]]]] = []
        for axis, (task, scale) in zip(made.panels, suite.scales.items(), strict=True):
            limits = suite.limits.get(task, ANYTHING)
            curves = {v: suite.curves[task, v] for v in lines if (task, v) in suite.curves}
            shown = {
                v: points
                for v, curve in curves.items()
                if (points := _draw_curve(axis, curve, x, styles[v], v, limits))
            }
            own = {
                v: float(c.value[-1].mean()) for v in flat if (c := suite.curves.get((task, v))) and not c.lost.all()
            }
            levels |= _draw_levels(axis, own, scale, titles)
            axis.set_title(suite.title(task))
            thousands(axis)
            drawn.append((axis, shown))
        made.label(AXES[x], "evaluation return")
        legend = {name: {"color": "0.45", "lw": 1.0, "ls": dash} for name, dash in levels.items()}
        ends = [(axis, ends_of(titles, shown, styles)) for axis, shown in drawn if shown]
        labelled = few and label_line_ends(ends, height)
        shown_lines = [] if labelled else list(lines)
        line_legend(made.figure, [*shown_lines, *legend], "", suite.present, legend, titles)
        note(made.figure, title)
    return made.figure


def _draw_curve(
    axis: Axes, curve: Curve, x: str, style: LineStyle, label: str, limits: Limits
) -> tuple[Doubles, Doubles] | None:
    """Draw it; its points, or None where it was not measured against this axis."""
    at: Doubles = getattr(curve, x)
    if not curve.has_curve or not np.isfinite(at).all() or at.max() <= 0:
        return None  # imported runs may not tell updates or seconds
    band = t_band(curve.value, limits)
    banded(axis, at.mean(axis=1), band, style, label)
    return at.mean(axis=1), band[0]


def _draw_levels(axis: Axes, levels: Mapping[str, float], scale: Scale, titles: Mapping[str, str]) -> dict[str, Any]:
    """References and the threshold as thin lines; the dash of each by its title."""
    lines = dict(levels)
    if math.isfinite(scale.threshold) and "optimal" not in levels:
        lines["threshold"] = scale.threshold
    names = {"threshold": "Threshold", **titles}
    dashes: dict[str, Any] = {names.get(name, name): LEVEL_DASHES.get(name, OTHER_LEVEL) for name in lines}
    for name, level in lines.items():
        axis.axhline(level, color="0.45", lw=0.8, ls=dashes[names.get(name, name)], zorder=1)
    return dashes


def _small_multiples(
    suite: Suite, lines: Mapping[str, tuple[Doubles, Band]], labels: tuple[str, str], title: str
) -> Figure:
    """A panel for every six variants, the highest score first, all the others in grey behind them.

    lines  x and band of each variant
    """
    groups = line_groups([v for v in variants_by_score(suite) if v in suite.learners and v in lines])
    titles = {v: suite.title(v) for v in lines}
    styles = line_styles(list(lines), suite.present)
    with mpl.rc_context(STYLE):
        made = grid(len(groups), 2, SINGLE, least=2.6, sharex=True, sharey=True)
        for axis, group in zip(made.panels, groups, strict=True):
            for x, band in lines.values():
                axis.plot(x, band[0], color="0.85", lw=0.8, zorder=0)
            for variant in group:
                banded(axis, *lines[variant], styles[variant], variant)
        means = {v: (x, band[0]) for v, (x, band) in lines.items()}
        ends = [ends_of(titles, {v: means[v] for v in group}, styles) for group in groups]
        if not label_line_ends(list(zip(made.panels, ends, strict=True)), SINGLE):
            line_legend(made.figure, [v for group in groups for v in group], "", suite.present, {}, titles)
        made.label(*labels)
        note(made.figure, title)
    return made.figure


def profile(suite: Suite, title: str) -> Figure:
    """Performance profiles: the share of (seed, task) whose score is above tau (Agarwal et al. 2021)."""
    scores, lines = profiled(suite), {}
    taus = TAUS if suite.normalised else _taus_over(list(scores.values()))
    for variant, matrix in scores.items():
        low, high = profile_band(matrix, taus, np.random.default_rng(SEED), BANDS)
        lines[variant] = (taus, (performance_profile(matrix, taus), low, high))
    return _small_multiples(suite, lines, (f"{suite.unit} τ", f"share of runs with a {suite.unit} above τ"), title)


def profiled(suite: Suite) -> dict[str, Doubles]:
    """Final scores [seeds, tasks] of the learners that have a mean over their tasks."""
    scores = {v: suite.final(v, suite.tasks(v)).to_numpy(float) for v in suite.learners}
    return {v: matrix for v, matrix in scores.items() if matrix.size} if suite.can_average(list(suite.scales)) else {}


def _taus_over(scores: Sequence[Doubles]) -> Doubles:
    """As TAUS, a tenth further than the lowest and the highest of these scores."""
    low, high = min(float(s.min()) for s in scores), max(float(s.max()) for s in scores)
    air = 0.1 * (high - low) or 1.0
    return np.linspace(low - air, high + air, len(TAUS))


def sample_efficiency(suite: Suite, title: str) -> Figure:
    """IQM of the score over tasks and seeds against the share of the budget."""
    lines = {}
    for variant in suite.learners:
        tasks = suite.tasks(variant)
        scores = suite.scores(variant, tasks)
        if scores is not None and len(scores) > 1:
            bounds = iqm_curve(scores, np.random.default_rng(SEED), BANDS)
            lines[variant] = (suite.curves[tasks[0], variant].fraction, bounds)
    return _small_multiples(
        suite, lines, ("share of the budget of environment steps", f"IQM of the {suite.unit}"), title
    )


def has_sample_efficiency(suite: Suite) -> bool:
    """Whether any variant has scores over its tasks at every checkpoint."""
    return any(suite.scores(v, suite.tasks(v)) is not None for v in suite.learners)


def diagnostics(suite: Suite, measures: pd.DataFrame, lines: Sequence[str], title: str) -> Figure:
    """A panel a diagnostic against the share of the budget: means over tasks and seeds."""
    rows = measures[measures["variant"].isin(lines) & measures["measure"].isin(NAMES)]
    means = rows.groupby(["measure", "variant", "fraction"])["value"].mean()
    names = [n for n in NAMES if n in means.index.get_level_values(0)]
    styles = line_styles(lines, suite.present)
    with mpl.rc_context(STYLE):
        made = grid(len(names), 4, PANEL)
        for axis, name in zip(made.panels, names, strict=True):
            by_variant = means[name].unstack("variant")
            for variant in [v for v in lines if v in by_variant.columns]:
                curve = by_variant[variant].dropna()
                axis.plot(curve.index, curve, lw=1.2, **styles[variant].settings(len(curve)))
            axis.set_title(DESCRIPTIONS[name])
            axis.xaxis.set_major_locator(round_ticks())
            axis.yaxis.set_major_locator(round_ticks())
            if name == "explained_variance":
                axis.set_ylim(max(float(by_variant.min(axis=None)), LEAST_EXPLAINED) - 0.05, 1.05)
            if name in ("gradient_norm", "gradient_variance") and (by_variant > 0).all(axis=None):
                axis.set_yscale("log")
        made.label("share of the budget of environment steps")
        line_legend(made.figure, lines, "", suite.present, {}, {v: suite.title(v) for v in lines})
        note(made.figure, title)
    return made.figure
