"""A figure that a notebook shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.figures.rendering import output
from benchmarks.figures.rendering.file_kinds import KINDS
from benchmarks.figures.rendering.width import at_width
from benchmarks.validation.usage import check_folder
from envs.validation import look_up


@dataclass(frozen=True)
class Drawing:
    """A figure, drawn anew whenever it is shown or saved."""

    draw: Callable[[], Figure]
    width: float | None = None  # inches; a page's column where it is not given

    @property
    def figure(self) -> Figure:
        """The figure for changes of one's own, with Matplotlib."""
        with at_width(self.width):
            return self.draw()

    def save(self, path: str | Path) -> Path:
        """Write it; the suffix says what: .svg, .pdf, .png or .pgf."""
        place = Path(path)
        look_up(dict.fromkeys(KINDS), place.suffix, "kind of figure")
        check_folder(place.parent, "path")
        place.parent.mkdir(parents=True, exist_ok=True)
        (written,) = output.save(self.figure, place.with_suffix(""), [place.suffix])
        return written

    def _repr_png_(self) -> bytes:
        return output.png(self.figure)
