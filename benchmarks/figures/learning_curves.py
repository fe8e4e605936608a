"""Figures over training: learning curves on three axes, sample efficiency, profiles, diagnostics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from algorithms.estimators.diagnostics import NAMES
from benchmarks.figures.layout import constrained_grid, grid, line_groups, line_legend, thousands
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
TAUS = np.linspace(-0.1, 1.1, 121)
BANDS = 2_000  # resamples of a band: for display only
LEAST_EXPLAINED = (
    -1.0
)  # explained variance below which a curve is cut off: a critic worse than none may be so by thousands


def learning_curves(suite: Suite, lines: Sequence[str], x: str, title: str) -> Figure:
    """One panel a task: mean return of `lines` against steps, updates or seconds, t-interval bands; references flat."""
    learning = {v for (_, v), curve in suite.curves.items() if curve.has_curve}
    flat = [v for v in suite.present if v not in suite.learners or v not in learning]
    with mpl.rc_context(STYLE):
        panels = grid(len(suite.scales), 4, (2.5, 1.85))
        styles = line_styles(lines, suite.present)
        for axis, (task, scale) in zip(panels.panels, suite.scales.items(), strict=True):
            for variant in lines:
                if (curve := suite.curves.get((task, variant))) is not None:
                    _draw_curve(axis, curve, x, styles[variant], variant, suite.limits.get(task, ANYTHING))
            levels = {v: c.value[-1].mean() for v in flat if (c := suite.curves.get((task, v))) and not c.lost.all()}
            _draw_levels(axis, levels, scale)
            axis.set_title(task)
            thousands(axis)
        panels.label(AXES[x], "evaluation return")
        line_legend(panels.figure, lines, title, among=suite.present)
    return panels.figure


def _draw_curve(axis: Axes, curve: Curve, x: str, style: LineStyle, label: str, limits: Limits) -> None:
    at: Doubles = getattr(curve, x)
    if curve.has_curve and np.isfinite(at).all() and at.max() > 0:  # imported runs may not tell updates or seconds
        banded(axis, at.mean(axis=1), t_band(curve.value, limits), style, label)


def _draw_levels(axis: Axes, levels: Mapping[str, float], scale: Scale) -> None:
    """References and the threshold as thin lines; names that would overlap share a label."""
    lines = dict(levels)
    if math.isfinite(scale.threshold) and "optimal" not in levels:
        lines["threshold"] = scale.threshold
    low, high = axis.get_ylim()
    span = high - low if scale.floor is None or scale.ceiling is None else scale.ceiling - scale.floor
    merged: dict[str, float] = {}
    for name, level in sorted(lines.items(), key=lambda item: item[1]):
        near = next((n for n, height in merged.items() if abs(height - level) < 0.06 * span), None)
        if near is not None:
            merged[f"{near}, {name}"] = merged.pop(near)
        else:
            merged[name] = level
        axis.axhline(level, color="0.55", lw=0.8, ls="--" if name == "threshold" else ":")
    for name, level in merged.items():
        left = "random" not in name  # where curves start, and most of them leave soon
        axis.annotate(name, (0.01 if left else 0.99, level), xycoords=("axes fraction", "data"), fontsize=6, color="0.35",
                      ha="left" if left else "right", va="bottom")  # fmt: skip


def _small_multiples(
    suite: Suite, lines: Mapping[str, tuple[Doubles, Band]], labels: tuple[str, str], title: str
) -> Figure:
    """A panel for every six variants, all the others in grey behind them. lines: x and band of each variant."""
    groups = line_groups([v for v in suite.learners if v in lines])
    with mpl.rc_context(STYLE):
        panels = constrained_grid(len(groups), 3, (3.4, 3.3), 0.4, sharex=True, sharey=True)
        for axis, group in zip(panels.panels, groups, strict=True):
            for x, band in lines.values():
                axis.plot(x, band[0], color="0.85", lw=0.8, zorder=0)
            for variant, style in line_styles(group, suite.present).items():
                banded(axis, *lines[variant], style, variant)
            axis.legend(loc="upper center", bbox_to_anchor=(0.5, 1.36), ncols=2, fontsize=7)
        panels.figure.supxlabel(labels[0], fontsize=9)
        panels.figure.supylabel(labels[1], fontsize=9)
        panels.figure.suptitle(title, fontsize=9)
    return panels.figure


def profile(suite: Suite, title: str) -> Figure:
    """Performance profiles: the share of (seed, task) whose score is above tau (Agarwal et al. 2021)."""
    scores, lines = profiled(suite), {}
    taus = TAUS if suite.normalised else _taus_over(list(scores.values()))
    for variant, matrix in scores.items():
        low, high = profile_band(matrix, taus, np.random.default_rng(SEED), BANDS)
        lines[variant] = (taus, (performance_profile(matrix, taus), low, high))
    return _small_multiples(suite, lines, (f"{suite.unit} tau", f"share of runs with a {suite.unit} above tau"), title)


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


def diagnostics(measures: pd.DataFrame, lines: Sequence[str], title: str, among: Sequence[str] = ()) -> Figure:
    """A panel a diagnostic against the share of the budget: means over tasks and seeds. `among` as in `line_styles`."""
    rows = measures[measures["variant"].isin(lines) & measures["measure"].isin(NAMES)]
    means = rows.groupby(["measure", "variant", "fraction"])["value"].mean()
    names = [n for n in NAMES if n in means.index.get_level_values(0)]
    styles = line_styles(lines, among)
    with mpl.rc_context(STYLE):
        panels = grid(len(names), 4, (2.4, 1.6), y_label=False)
        for axis, name in zip(panels.panels, names, strict=True):
            by_variant = means[name].unstack("variant")
            for variant in [v for v in lines if v in by_variant.columns]:
                curve = by_variant[variant].dropna()
                axis.plot(curve.index, curve, lw=1.4, **styles[variant].settings(len(curve)))
            axis.set_title(name.replace("_", " "))
            if name == "explained_variance":
                axis.set_ylim(max(float(by_variant.min(axis=None)), LEAST_EXPLAINED) - 0.05, 1.05)
            if name in ("gradient_norm", "gradient_variance") and (by_variant > 0).all(axis=None):
                axis.set_yscale("log")
        panels.label("share of the budget of environment steps")
        line_legend(panels.figure, lines, title, among=among)
    return panels.figure
