"""Legends above the panels, in as many columns as the figure's width allows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from benchmarks.figures.rendering.metrics import text_inches
from benchmarks.figures.rendering.text_fitting import shorten_entry
from benchmarks.figures.style import SMALL, line_styles

HANDLE = 0.52  # inches of a line or mark, and of the space around an entry
EDGES = 0.15  # inches at both sides of a legend


def line_legend(
    figure: Figure,
    names: Sequence[str],
    title: str = "",
    among: Sequence[str] = (),
    looks: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    titles: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """A legend of lines; `among` as in `line_styles`.

    looks   settings of lines that are drawn in another style      titles  what lines are called, where not by their names
    """
    styles = line_styles(names, among)
    entries = {titles.get(n, n): looks.get(n) or {"lw": 1.4, **styles[n].settings()} for n in names}
    _legend(figure, [mpl.lines.Line2D([], [], label=n, **look) for n, look in entries.items()], title)


def mark_legend(figure: Figure, entries: Mapping[str, Mapping[str, Any]], title: str = "") -> None:
    """A legend of lines and marks; by name, what differs from a black line."""
    _legend(
        figure, [mpl.lines.Line2D([], [], label=n, **{"color": "black", **how}) for n, how in entries.items()], title
    )


def patch_legend(figure: Figure, colours: Mapping[str, str], title: str = "") -> None:
    """A legend of filled areas, by name."""
    _legend(figure, [mpl.patches.Patch(color=c, label=n) for n, c in colours.items()], title)


def _legend(figure: Figure, handles: Sequence[Artist], title: str) -> None:
    if handles:
        columns = legend_columns([str(handle.get_label()) for handle in handles], figure.get_figwidth())
        figure.legend(handles=handles, loc="upper center", ncols=columns, title=title or None)


def legend_columns(labels: Sequence[str], width: float) -> int:
    """The most columns that fit into so many inches, and no more than the number of rows needs."""
    inches = [text_inches(shorten_entry(label), SMALL) + HANDLE for label in labels]
    for columns in range(len(labels), 1, -1):
        rows = math.ceil(len(labels) / columns)
        tall = [inches[i : i + rows] for i in range(0, len(labels), rows)]
        if sum(max(column) for column in tall) + EDGES <= width:
            return len(tall)
    return 1
