"""What all figures share: colours and dashes that stay apart in grey, bands of our own intervals, files without dates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats as sps

from benchmarks.suite import Doubles

OKABE_ITO = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#0072B2", "#CC79A7", "#7F7F7F")
DASHES: tuple[object, ...] = ("-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (5, 1.2, 1, 1.2)), (0, (8, 2)))
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "pg-ladder",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "legend.frameon": False,
}
LINES_A_FIGURE = 5
INCHES_AN_ENTRY = 1.6  # of a legend
GAIN, LOSS, UNSURE = "#0072B2", "#D55E00", "0.55"


SUFFIXES = (".svg", ".pdf", ".png")


def save(figure: Figure, path: Path) -> list[Path]:
    """Write `path`.svg, .pdf and .png with nothing in them that changes from run to run; returns their paths."""
    svg, pdf, png = paths = [path.with_name(path.name + suffix) for suffix in SUFFIXES]
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        if (engine := figure.get_layout_engine()) is not None:
            engine.execute(figure)  # once, and not again for each of the files
            figure.set_layout_engine("none")
        figure.savefig(svg, metadata={"Date": None, "Creator": None})
        figure.savefig(pdf, metadata={"CreationDate": None, "Creator": None, "Producer": None})
        figure.savefig(png, dpi=150, metadata={"Software": None})
    return paths


def line_styles(variants: Sequence[str]) -> dict[str, tuple[str, object]]:
    """A colour and a dash pattern for each variant: lines stay apart in grey and to the colour-blind."""
    return {v: (OKABE_ITO[i % len(OKABE_ITO)], DASHES[i % len(DASHES)]) for i, v in enumerate(variants)}


def fives(variants: Sequence[str]) -> list[list[str]]:
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


def legend(figure: Figure, names: Sequence[str], title: str, columns: int = 5) -> None:
    """A legend above the panels, as wide as the figure allows."""
    styles = line_styles(names)
    handles = [mpl.lines.Line2D([], [], color=styles[n][0], ls=styles[n][1], lw=1.6, label=n) for n in names]
    fit = max(2, int(figure.get_figwidth() / INCHES_AN_ENTRY))
    figure.legend(handles=handles, loc="outside upper center", ncols=min(len(names), columns, fit), title=title)


def thousands(axis: Axes) -> None:
    """Few ticks, as 50k and 1M."""
    axis.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
    axis.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
