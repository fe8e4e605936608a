"""The style of figures: colours and dashes that differ in grey too, and lines with interval bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from scipy import stats as sps

from benchmarks.statistics.wording.phrases import count_noun
from envs.api import Doubles
from envs.control.limits import ANYTHING, Limits

OKABE_ITO = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#0072B2", "#CC79A7", "#7F7F7F")
DASHES: tuple[object, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1, 1.2)),
    (0, (5, 1.2, 1, 1.2)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
)
# the first comes with Matplotlib and is measured; the others stand in where a reader of an SVG lacks it
FONTS = ("DejaVu Sans", "Verdana", "Bitstream Vera Sans", "Liberation Sans", "Arial", "Helvetica")
TYPE, SMALL = 8.0, 7.0  # points of labels and titles; of ticks, legends, notes and numbers
GAIN, LOSS, UNSURE = "#0072B2", "#D55E00", "0.55"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "pg-ladder",
    "svg.fonttype": "none",
    "text.hinting": "none",  # texts are as wide at every resolution
    "text.parse_math": False,  # a name with dollars is no formula
    "pdf.fonttype": 42,
    "font.family": "sans-serif",
    "font.sans-serif": list(FONTS),
    "font.size": TYPE,
    "axes.labelsize": TYPE,
    "axes.titlesize": TYPE,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "legend.columnspacing": 1.4,
    "legend.borderpad": 0.1,
    "legend.borderaxespad": 0.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "0.35",
    "axes.linewidth": 0.6,
    "axes.titlepad": 4,
    "axes.labelpad": 3,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "0.92",
    "grid.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "xtick.color": "0.35",
    "ytick.color": "0.35",
    "xtick.labelcolor": "0.15",
    "ytick.labelcolor": "0.15",
}
LONG_WORD = 32  # characters beyond which a word is cut; the names that we register are shorter
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
MARKS = 5  # on a line, about
Band = tuple[Doubles, Doubles, Doubles]  # mean, lower and upper bound


class LineStyle(NamedTuple):
    """How a line is drawn wherever it appears: lines differ in grey and for the colour-blind."""

    colour: str
    dash: object
    marker: str

    def settings(self, points: int = 0) -> dict[str, Any]:
        """The settings of matplotlib's `plot`, with a few marks on a line of so many points."""
        every = max(1, points // MARKS)
        return {"color": self.colour, "ls": self.dash, "marker": self.marker, "ms": 3.2, "mew": 0, "markevery": every}


def line_styles(names: Sequence[str], among: Sequence[str] = ()) -> dict[str, LineStyle]:
    """The style of each line by its place in `among`, or in `names` where that is empty.

    The variants of a report are given their places among all of its variants, so each looks the same in every figure.
    """
    place = {name: i for i, name in enumerate(dict.fromkeys([*among, *names]))}
    return {name: _line_style(place[name]) for name in names}


def _line_style(i: int) -> LineStyle:
    """The i-th of as many styles as the product of the cycles' lengths without their common factors."""
    return LineStyle(OKABE_ITO[i % len(OKABE_ITO)], DASHES[i % len(DASHES)], MARKERS[i % len(MARKERS)])


def t_band(values: Doubles, limits: Limits = ANYTHING) -> Band:
    """Mean and 95 % t interval over the last axis (seeds) within `limits`; a band of no width for one seed."""
    n = values.shape[-1]
    mean = values.mean(axis=-1)
    if n < 2:
        return mean, mean, mean
    half = sps.t.ppf(0.975, n - 1) * values.std(axis=-1, ddof=1) / np.sqrt(n)
    # as statistics.intervals.within: a mean that chance has put beyond the limits stays in its interval
    return (
        mean,
        np.maximum(mean - half, np.minimum(limits.low, mean)),
        np.minimum(mean + half, np.maximum(limits.high, mean)),
    )


def banded(axis: Axes, x: Doubles, band: Band, style: LineStyle, label: str) -> None:
    """A line and the band around it."""
    middle, low, high = band
    axis.plot(x, middle, lw=1.4, label=label, **style.settings(len(x)))
    axis.fill_between(x, low, high, color=style.colour, alpha=0.12, lw=0)


def banded_groups(
    axis: Axes, points: Sequence[tuple[float, Doubles]], style: LineStyle, label: str, limits: Limits = ANYTHING
) -> Doubles:
    """A line through the means of groups (x, values) with 95 % t intervals; groups may differ in size. Returns the means."""
    middle, low, high = np.array([t_band(group, limits) for _, group in points]).T
    banded(axis, np.array([x for x, _ in points]), (middle, low, high), style, label)
    return middle


def band_title(seeds: int) -> str:
    """What lines and bands are, for a legend's title."""
    return f"mean of {count_noun(seeds, 'seed')}, band: 95 % t interval"
