"""Names at the ends of lines, where they fit, in place of a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from benchmarks.figures.rendering.metrics import text_inches
from benchmarks.figures.rendering.width import figure_width
from benchmarks.figures.style import SMALL, LineStyle
from envs.api import Doubles

LINE = 0.125  # inches from one name to the next
FARTHEST = 0.3  # inches by which a name may stand above or below its line's end
EARLIEST = 0.85  # of the panel's width: from an end before it, the line to the name would look like a curve
SHARE = 0.3  # of the figure's width that names may take


class End(NamedTuple):
    """Where a line ends, in data, and how it is drawn."""

    x: float
    y: float
    style: LineStyle


def label_line_ends(panels: Sequence[tuple[Axes, Mapping[str, End]]], height: float) -> bool:
    """Write the names of all panels at the right of their lines; False, and nothing written, where names of one do not fit.

    They do not where they would take too much of the figure's width, leave the panel, or stand too far from their lines'
    ends, as those of lines that end early do.

    height  inches of the panels, whose limits must be final
    """
    names = [name for _, ends in panels for name in ends]
    if not names or max(text_inches(name, SMALL) for name in names) > SHARE * figure_width():
        return False
    places = [_places(axes, ends, height) for axes, ends in panels]
    if any(place is None for place in places):
        return False
    for (axes, ends), heights in zip(panels, places, strict=True):
        for name, end in ends.items():
            axes.annotate(
                name, (end.x, end.y), (1.06, (heights or {})[name] / height), xycoords="data", textcoords="axes fraction",
                fontsize=SMALL, va="center", ha="left", color="0.15", annotation_clip=False,
                arrowprops={"arrowstyle": "-", "color": end.style.colour, "lw": 0.9, "shrinkA": 1, "shrinkB": 1,
                            "relpos": (0, 0.5)},  # from the middle of its left side: elsewhere it crosses other names
            )  # fmt: skip
    return True


def _places(axes: Axes, ends: Mapping[str, End], height: float) -> dict[str, float] | None:
    """Inches above the panel's lower edge at which names stand; None where they do not fit."""
    axes.get_xlim(), axes.get_ylim()  # limits are found when they are asked for
    to_axes = axes.transData + axes.transAxes.inverted()
    at = {name: to_axes.transform((end.x, end.y)) for name, end in ends.items()}
    wanted = {name: float(y) * height for name, (_, y) in at.items()}
    places = spread(wanted, LINE)
    inside = all(-0.5 * LINE <= place <= height + 0.5 * LINE for place in places.values())
    near = all(at[name][0] >= EARLIEST and abs(places[name] - wanted[name]) <= FARTHEST for name in ends)
    return places if inside and near else None


def spread(wanted: Mapping[str, float], gap: float) -> dict[str, float]:
    """Places at least `gap` apart in the order of those that are wanted, and as near to them as a group can be.

    Groups of names that would overlap are centred on the mean of what they want; equals keep their order.
    """
    order = sorted(wanted, key=wanted.__getitem__)
    groups: list[list[str]] = []
    for name in order:
        groups.append([name])
        while len(groups) > 1 and _low(groups[-1], wanted, gap) < _high(groups[-2], wanted, gap) + gap:
            groups[-2:] = [groups[-2] + groups[-1]]
    return {name: _low(group, wanted, gap) + i * gap for group in groups for i, name in enumerate(group)}


def _low(group: list[str], wanted: Mapping[str, float], gap: float) -> float:
    return sum(wanted[name] for name in group) / len(group) - gap * (len(group) - 1) / 2


def _high(group: list[str], wanted: Mapping[str, float], gap: float) -> float:
    return _low(group, wanted, gap) + gap * (len(group) - 1)


def ends_of(titles: Mapping[str, str], lines: Mapping[str, tuple[Doubles, Doubles]], styles: Mapping[str, LineStyle],
            ) -> dict[str, End]:  # fmt: skip
    """The ends of lines (x, y) by what they are called."""
    return {titles.get(n, n): End(float(x[-1]), float(y[-1]), styles[n]) for n, (x, y) in lines.items()}
