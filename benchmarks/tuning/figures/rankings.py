"""Places before and after tuning, as slopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import LETTER, PAGE_WIDTH, Margins, mark_legend, page_grid, wrapped_title
from benchmarks.figures.style import GAIN, LOSS, STYLE
from benchmarks.tuning.figures.layout import bounds
from benchmarks.tuning.summary.ranking import Ranking
from envs.api import Doubles

ENTRIES: dict[str, dict[str, Any]] = {
    "rises": {"color": GAIN, "lw": 1.6},
    "falls": {"color": LOSS, "lw": 1.6, "ls": "--"},
    "keeps its place": {"color": "0.6", "lw": 1.0},
}


def draw_rankings(rankings: Sequence[Ranking]) -> Figure:
    """A panel a ranking: places before tuning (left) and after (right) with scores; in bold those that may be best."""
    most = max(len(r.variants) for r in rankings)
    # inches of a name and its score
    reach = LETTER * 1.1 * (max(len(name) for r in rankings for name in r.variants) + 7)
    columns = 2 if len(rankings) > 1 and (PAGE_WIDTH - 0.4) / 2 - 2 * reach > 0.8 else 1
    wide = (PAGE_WIDTH - 0.2 - 0.2 * (columns - 1)) / columns
    with mpl.rc_context(STYLE):
        margins = Margins(left=0.1, right=0.1, top=0.7, bottom=0.1, across=0.2, down=0.45)
        made = page_grid(len(rankings), columns, 0.19 * (most + 1), margins)
        for axis, ranking in zip(made.panels, rankings, strict=True):
            _slope(axis, ranking)
            rest = reach / max(wide - 2 * reach, 0.5)
            axis.set(xlim=(-rest, 1 + rest), ylim=(most - 0.5, -1.5))
        mark_legend(made.figure, ENTRIES)
    return made.figure


def _slope(axis: Axes, ranking: Ranking) -> None:
    scores = {"default": ranking.default.mean(0), "tuned": ranking.tuned.mean(0)}
    places = {setting: rank_scores(s) for setting, s in scores.items()}
    for i, name in enumerate(ranking.variants):
        y = [float(places[setting][i]) for setting in scores]
        colour, dash = ("0.6", "-") if y[0] == y[1] else (GAIN, "-") if y[1] < y[0] else (LOSS, "--")
        axis.plot([0, 1], y, color=colour, ls=dash, lw=1.0 if y[0] == y[1] else 1.6, marker="o", ms=3)
        for x, setting in enumerate(scores):
            score = f"{round(scores[setting][i], 2) + 0.0:.2f}"
            text = f"{score}  {name}" if x else f"{name}  {score}"
            _end_label(axis, x, y[x], text, "bold" if name in ranking.best(setting) else "normal", "black")
    for x, word in enumerate(scores):
        _end_label(axis, x, -1, word, "normal", "0.4")
    axis.set_axis_off()
    wrapped_title(axis, f"{ranking.where}: tau {ranking.tau:.2f}{bounds(ranking.interval)}", 4.6)


def _end_label(axis: Axes, x: int, y: float, text: str, weight: str, colour: str) -> None:
    """Text at the left of 0 or at the right of 1."""
    axis.annotate(
        text, (x, y), xytext=(7 if x else -7, 0), textcoords="offset points", ha="left" if x else "right", va="center",
        fontsize=7, fontweight=weight, color=colour, annotation_clip=False,
    )  # fmt: skip


def rank_scores(scores: Doubles) -> Doubles:
    """Ranks from 0, the highest first; equals in their own order."""
    return np.argsort(np.argsort(-np.round(scores, 12), kind="stable"), kind="stable").astype(np.float64)
