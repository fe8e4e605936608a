"""What all figures share: colours and dashes that stay apart in grey, bands of our own intervals, files without dates."""

from __future__ import annotations

import gc
import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats as sps

from benchmarks import lettering
from benchmarks.label_room import keep_inside, make_room
from benchmarks.store.files import replace_bytes
from benchmarks.suite import Doubles

OKABE_ITO = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#0072B2", "#CC79A7", "#7F7F7F")
DASHES: tuple[object, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1, 1.2)),
    (0, (5, 1.2, 1, 1.2)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
)
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "pg-ladder",
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name with dollars is no formula
    "pdf.fonttype": 42,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "legend.frameon": False,
}
LINES_A_FIGURE = 6
INCHES_AN_ENTRY, INCHES_A_LONG_ENTRY = 1.6, 2.5  # of a legend; a name that had to be cut
GAIN, LOSS, UNSURE = "#0072B2", "#D55E00", "0.55"


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect garbage after each figure (`save` does) and not while it is drawn, where it takes a fifth of the time."""
    gc.freeze()  # what lived before is not looked at
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


UNDATED: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".png": {"Software": None},
}
SUFFIXES = tuple(UNDATED)


def save(figure: Figure, path: Path, kinds: Sequence[str] = SUFFIXES) -> list[Path]:
    """Write `path`.svg, .pdf and .png (or those of `kinds`) with nothing in them that changes from run to run.

    Returns their paths.
    """
    paths = [path.with_name(path.name + suffix) for suffix in kinds]
    with mpl.rc_context(STYLE), lettering.quiet():
        _mark_decades(figure)
        lettering.prepare(figure)
        if (engine := figure.get_layout_engine()) is not None:
            engine.execute(figure)  # once, and not again for each of the files
            figure.set_layout_engine("none")
            _settle(figure)
            keep_inside(figure)
        else:
            make_room(figure)
        for file, suffix in zip(paths, kinds, strict=True):
            replace_bytes(file, _drawn(figure, suffix), durable=False)
    figure.clear()
    gc.collect()
    return paths


def _drawn(figure: Figure, suffix: str) -> bytes:
    """A figure's file, in memory: matplotlib's writers do not survive a full disk."""
    dpi: Any = 150 if suffix == ".png" else "figure"
    part = io.BytesIO()
    figure.savefig(part, format=suffix[1:], dpi=dpi, metadata=UNDATED[suffix])
    return part.getvalue()


def _mark_decades(figure: Figure) -> None:
    """Few labels on logarithmic axes, none of them upon another: decades, or 1, 2, 5 where less than two are in view."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() != "log":
                continue
            low, high = sorted(axis.get_view_interval())
            few = low > 0 and math.log10(high / low) < 2
            axis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5) if few else (1,), numticks=7))
            axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda x, _: f"{x:g}"))
            axis.set_minor_formatter(mpl.ticker.NullFormatter())


def _settle(figure: Figure) -> None:
    """Titles stay where the layout put them, and labels without words nowhere: finding their places takes half of a draw."""
    for axes in figure.axes:
        axes.set_title(axes.get_title(), y=axes.title.get_position()[1])
        for axis in (axes.xaxis, axes.yaxis):
            if not axis.get_label_text():
                axis.set_label_coords(0, 0)


def line_styles(variants: Sequence[str]) -> dict[str, tuple[str, object]]:
    """A colour and a dash pattern for each variant: lines stay apart in grey and to the colour-blind."""
    return {v: (OKABE_ITO[i % len(OKABE_ITO)], DASHES[i % len(DASHES)]) for i, v in enumerate(variants)}


def handfuls(variants: Sequence[str]) -> list[list[str]]:
    """Variants in groups of as many lines as one panel can hold apart."""
    return [list(variants[i : i + LINES_A_FIGURE]) for i in range(0, len(variants), LINES_A_FIGURE)]


def t_band(values: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Mean and 95 % t interval over the last axis (seeds); a band of no width for one seed."""
    n = values.shape[-1]
    mean = values.mean(axis=-1)
    if n < 2:
        return mean, mean, mean
    half = sps.t.ppf(0.975, n - 1) * values.std(axis=-1, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half


def banded(
    axis: Axes, x: Doubles, bounds: tuple[Doubles, Doubles, Doubles], style: tuple[str, object], label: str
) -> None:
    """A line and the band around it."""
    middle, low, high = bounds
    axis.plot(x, middle, color=style[0], ls=style[1], lw=1.6, label=label)
    axis.fill_between(x, low, high, color=style[0], alpha=0.12, lw=0)


def legend(figure: Figure, names: Sequence[str], title: str, columns: int = 6) -> None:
    """A legend above the panels, as wide as the figure allows."""
    styles = line_styles(names)
    handles = [mpl.lines.Line2D([], [], color=styles[n][0], ls=styles[n][1], lw=1.6, label=n) for n in names]
    long = any(len(n) > lettering.LONG_WORD for n in names)
    entry = INCHES_A_LONG_ENTRY if long else INCHES_AN_ENTRY
    fit = max(2, int(figure.get_figwidth() / entry))
    place: Literal["upper center", "outside upper center"] = "outside upper center"
    if figure.get_layout_engine() is None:
        place = "upper center"
    figure.legend(handles=handles, loc=place, ncols=min(len(names), columns, fit), title=title)


class Grid(NamedTuple):
    """Panels of equal size with room for their labels, placed by hand: a layout engine takes longer than drawing them."""

    figure: Figure
    panels: list[Axes]

    def words(self, below: str, beside: str = "") -> None:
        """One label for all horizontal axes and one for all vertical ones."""
        width, height = self.figure.get_size_inches()
        self.figure.supxlabel(below, fontsize=9, y=0.06 / height, va="bottom")
        if beside:
            self.figure.supylabel(beside, fontsize=9, x=0.08 / width, ha="left")


def grid(count: int, columns: int, panel: tuple[float, float], beside: bool = True) -> Grid:
    """`count` panels of so many inches; `beside`: with room for a label at the left."""
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    left, right, top, bottom, across, down = (0.75 if beside else 0.5), 0.12, 0.8, 0.55, 0.5, 0.5
    width = max(left + right + columns * panel[0] + (columns - 1) * across, 5.4)
    height = top + bottom + rows * panel[1] + (rows - 1) * down
    figure = Figure(figsize=(width, height))
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    inner = width - left - right - (columns - 1) * across
    figure.subplots_adjust(
        left / width, bottom / height, 1 - right / width, 1 - top / height, across * columns / inner, down / panel[1]
    )
    for axis in axes[count:]:
        axis.set_visible(False)
    return Grid(figure, axes[:count])


def thousands(axis: Axes) -> None:
    """Few ticks, as 50k and 1M."""
    axis.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
    axis.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
