"""The files of a figure: SVG, PDF, PNG and PGF that hold nothing that changes from run to run."""

from __future__ import annotations

import gc
import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.figures.rendering import margins, pgf, text_fitting
from benchmarks.figures.rendering.file_kinds import SUFFIXES
from benchmarks.figures.style import STYLE
from benchmarks.store.files import replace_bytes

UNDATED: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".png": {"Software": None},
}


@contextmanager
def collected_after_saving() -> Iterator[None]:
    """Collect garbage when `save` does and not while a figure is drawn, where it takes a fifth of the time."""
    gc.freeze()  # what lived before is not looked at
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def save(figure: Figure, path: Path, kinds: Sequence[str] = SUFFIXES) -> list[Path]:
    """Write `path` with each suffix of `kinds` and return these files; the figure is empty afterwards."""
    paths = [path.with_name(path.name + suffix) for suffix in kinds]
    with mpl.rc_context(STYLE), text_fitting.without_glyph_warnings():
        lay_out(figure)
        for file, suffix in zip(paths, kinds, strict=True):
            replace_bytes(file, _encoded(figure, suffix), durable=False)
    figure.clear()
    gc.collect()
    return paths


def png(figure: Figure) -> bytes:
    """The figure as PNG, in memory."""
    with mpl.rc_context(STYLE), text_fitting.without_glyph_warnings():
        lay_out(figure)
        return _encoded(figure, ".png")


def lay_out(figure: Figure) -> None:
    """Fit the texts and place the panels, once for all files of the figure; a figure with a layout engine keeps it."""
    _thin_log_ticks(figure)
    text_fitting.fit_texts(figure)
    if figure.get_layout_engine() is None:
        margins.arrange(figure)
        _fix_titles(figure)


def _encoded(figure: Figure, suffix: str) -> bytes:
    """A figure's file, in memory: matplotlib's writers do not survive a full disk."""
    if suffix == ".pgf":
        return pgf.encoded(figure)
    dpi: Any = 150 if suffix == ".png" else "figure"
    part = io.BytesIO()
    figure.savefig(part, format=suffix[1:], dpi=dpi, metadata=UNDATED[suffix])
    return part.getvalue()


def _thin_log_ticks(figure: Figure) -> None:
    """Few labels on logarithmic axes, without overlap: decades, or 1, 2, 5 where less than two are in view."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() != "log":
                continue
            low, high = sorted(axis.get_view_interval())
            few = low > 0 and math.log10(high / low) < 2
            axis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5) if few else (1,), numticks=7))
            axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda x, _: tick_text(x)))
            axis.set_minor_formatter(mpl.ticker.NullFormatter())


def tick_text(x: float) -> str:
    """The label of a logarithmic axis: 0.001, 1000, 20k, 1M; 1e-5 below 0.0001."""
    if x >= 1e4:
        return f"{x / 1e6:g}M" if x >= 1e6 else f"{x / 1e3:g}k"
    return f"{x:g}".replace("e-0", "e-")


def _fix_titles(figure: Figure) -> None:
    """Titles stay where the layout put them, and empty labels take no place: finding places takes half of a draw."""
    for axes in figure.axes:
        axes.set_title(axes.get_title(), y=axes.title.get_position()[1])
        for axis in (axes.xaxis, axes.yaxis):
            if not axis.get_label_text():
                axis.set_label_coords(0, 0)
