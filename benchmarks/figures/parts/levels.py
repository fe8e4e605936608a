"""Horizontal lines with names, written where they hide no curve and no title."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from benchmarks.figures.rendering.metrics import text_inches
from benchmarks.figures.style import SMALL
from envs.api import Doubles

HEIGHT = 0.12  # inches of a name with its air
EDGE = 0.01  # of a panel's width between a name and the panel's side
STEPS = 40  # points of a curve's segment at which it is looked for under a name


class Box(NamedTuple):
    """Shares of a panel's width and height."""

    left: float
    right: float
    low: float
    high: float

    def holds(self, points: Doubles) -> int:
        """How many of these points [n, 2] lie in it."""
        x, y = points[:, 0], points[:, 1]
        return int(((x >= self.left) & (x <= self.right) & (y >= self.low) & (y <= self.high)).sum())


def draw_levels(axis: Axes, levels: Sequence[tuple[str, float]], width: float, height: float) -> None:
    """Dotted lines at these heights, each with its name above or below it, at the right or at the left.

    The name stands inside the panel, where the fewest points of the panel's curves lie under it. Where a level is near the
    panel's upper or lower edge, the panel is extended by the height of a name.

    levels  (name, height in data)      width, height  inches of the panel
    """
    curves = list(axis.lines)
    for _, level in levels:
        axis.axhline(level, color="0.55", lw=0.8, ls=":")
        _make_room(axis, level, HEIGHT / height)
    to_axes = axis.transData + axis.transAxes.inverted()
    points = np.concatenate([np.zeros((0, 2)), *(_dense(to_axes.transform(line.get_xydata())) for line in curves)])
    for name, level in levels:
        y = float(to_axes.transform((axis.get_xlim()[0], level))[1])
        wide, tall = text_inches(name, SMALL) / width, HEIGHT / height
        places = [
            (right, above, _box(y, wide, tall, right, above))
            for right, above in itertools.product((True, False), repeat=2)
        ]
        inside = [place for place in places if place[2].low >= 0 and place[2].high <= 1] or places
        right, above, _ = min(inside, key=lambda place: place[2].holds(points))
        axis.annotate(
            name, (1 - EDGE if right else EDGE, level), xycoords=("axes fraction", "data"), fontsize=SMALL, color="0.35",
            ha="right" if right else "left", va="bottom" if above else "top",
        )  # fmt: skip


def _make_room(axis: Axes, level: float, tall: float) -> None:
    """Extend the vertical limits so that a name that takes so much of the height fits beyond a level near their ends."""
    low, high = axis.get_ylim()
    above, below = (high - level) / (high - low), (level - low) / (high - low)
    if above < tall:
        high = low + (level - low) / (1 - tall)
    elif below < tall:
        low = high - (high - level) / (1 - tall)
    axis.set_ylim(low, high)


def _box(y: float, wide: float, tall: float, right: bool, above: bool) -> Box:
    left = 1 - EDGE - wide if right else EDGE
    low = y if above else y - tall
    return Box(left, left + wide, low, low + tall)


def _dense(points: Doubles) -> Doubles:
    """Points [n, 2] along a curve, close enough to be found under a name."""
    if len(points) < 2:
        return points
    at = np.linspace(0, len(points) - 1, (len(points) - 1) * STEPS + 1)
    return np.stack([np.interp(at, np.arange(len(points)), points[:, i]) for i in range(2)], axis=1)
