"""Places before and after tuning, as slopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import grid, longest_inches
from benchmarks.figures.parts.legends import mark_legend
from benchmarks.figures.rendering.text_fitting import broken
from benchmarks.figures.rendering.width import figure_width
from benchmarks.figures.style import GAIN, LOSS, SMALL, STYLE, TYPE
from benchmarks.tuning.figures.layout import bounds
from benchmarks.tuning.summary.ranking import Ranking
from envs.api import Doubles

LINES = 0.7  # inches between the names at both sides
ENTRIES: dict[str, dict[str, Any]] = {
    "rises": {"color": GAIN, "lw": 1.6},
    "falls": {"color": LOSS, "lw": 1.6, "ls": "--"},
    "keeps its place": {"color": "0.6", "lw": 1.0},
}


def draw_rankings(rankings: Sequence[Ranking], titles: Mapping[str, str]) -> Figure:
    """A panel a ranking: places before tuning (left) and after (right) with scores; in bold those that may be best."""
    most = max(len(r.variants) for r in rankings)
    room = (figure_width() - LINES) / 2 - longest_inches(["-0.00  "])
    names = {v: broken(titles.get(v, v), room, SMALL) for r in rankings for v in r.variants}
    reach = longest_inches(list(names.values())) + longest_inches(["-0.00  "])
    tall = 0.17 if not any("\n" in name for name in names.values()) else 0.26
    with mpl.rc_context(STYLE):
        made = grid(len(rankings), 2, tall * (most + 1), least=2 * reach + LINES)
        for axis, ranking in zip(made.panels, rankings, strict=True):
            _slope(axis, ranking, {**titles, **names})
            axis.set(xlim=(0, 1), ylim=(most - 0.5, -1.5))
        mark_legend(made.figure, ENTRIES)
    return made.figure


def _slope(axis: Axes, ranking: Ranking, titles: Mapping[str, str]) -> None:
    scores = {"default": ranking.default.mean(0), "tuned": ranking.tuned.mean(0)}
    places = {setting: rank_scores(s) for setting, s in scores.items()}
    for i, name in enumerate(ranking.variants):
        y = [float(places[setting][i]) for setting in scores]
        colour, dash = ("0.6", "-") if y[0] == y[1] else (GAIN, "-") if y[1] < y[0] else (LOSS, "--")
        axis.plot([0, 1], y, color=colour, ls=dash, lw=1.0 if y[0] == y[1] else 1.6, marker="o", ms=3, clip_on=False)
        for x, setting in enumerate(scores):
            score = f"{round(scores[setting][i], 2) + 0.0:.2f}"
            text = f"{score}  {titles.get(name, name)}" if x else f"{titles.get(name, name)}  {score}"
            _end_label(axis, x, y[x], text, "bold" if name in ranking.best(setting) else "normal", "black")
    for x, word in enumerate(scores):
        _end_label(axis, x, -1, word, "normal", "0.4")
    axis.set_axis_off()
    title = f"{titles.get(ranking.where, ranking.where)}: τ {ranking.tau:.2f}{bounds(ranking.interval)}"
    axis.annotate(
        title, (0.5, 1), xycoords="axes fraction", xytext=(0, 4), textcoords="offset points", ha="center", va="bottom",
        fontsize=TYPE, annotation_clip=False,
    )  # fmt: skip


def _end_label(axis: Axes, x: int, y: float, text: str, weight: str, colour: str) -> None:
    """Text at the left of 0 or at the right of 1."""
    axis.annotate(
        text, (x, y), xytext=(7 if x else -7, 0), textcoords="offset points", ha="left" if x else "right", va="center",
        fontsize=SMALL, fontweight=weight, color=colour, annotation_clip=False,
    )  # fmt: skip


def rank_scores(scores: Doubles) -> Doubles:
    """Ranks from 0, the highest first; equals in their own order."""
    return np.argsort(np.argsort(-np.round(scores, 12), kind="stable"), kind="stable").astype(np.float64)
