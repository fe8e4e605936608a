"""Figures as PGF, which LaTeX sets in the document's own font; no TeX is needed to write them.

Matplotlib's backend asks LaTeX how wide each text is. Here the figures' own font says so; texts stand on their anchor, and
LaTeX sets them in its own. The document must load the package pgf.
"""

from __future__ import annotations

import io
import math
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_pgf import RendererPgf
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform

from benchmarks.figures.rendering.metrics import renderer_of
from benchmarks.figures.style import TYPE

HEAD = """%% A figure of pg-ladder, {width:.4g} inches wide. In the preamble: \\usepackage{{pgf}}
%% In the text: \\input{{<this file>}}
"""
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\N{MINUS SIGN}": r"\ensuremath{-}",
    "\N{MIDDLE DOT}": r"\ensuremath{\cdot}",
    "\N{SUPERSCRIPT TWO}": r"\ensuremath{^2}",
    "\N{GREEK SMALL LETTER TAU}": r"\ensuremath{\tau}",
    "\N{GREEK SMALL LETTER LAMDA}": r"\ensuremath{\lambda}",
    "\N{MULTIPLICATION SIGN}": r"\ensuremath{\times}",
}


def escaped(text: str) -> str:
    """Text as LaTeX shows it."""
    return "".join(SPECIAL.get(character, character) for character in text)


def encoded(figure: Figure) -> bytes:
    """The picture that `\\input` sets, in UTF-8."""
    dpi = figure.dpi
    figure.set_dpi(72)  # Matplotlib's PGF has 72 dots an inch, on which it places points
    try:
        file = io.StringIO()
        width, height = figure.get_size_inches().tolist()
        file.write(HEAD.format(width=width))
        _write(file, r"\begingroup", r"\makeatletter", r"\begin{pgfpicture}")
        _write(file, rf"\pgfpathrectangle{{\pgfpointorigin}}{{\pgfqpoint{{{width:f}in}}{{{height:f}in}}}}")
        _write(file, r"\pgfusepath{use as bounding box, clip}")
        with mpl.rc_context({"pgf.rcfonts": False, "font.size": TYPE}):
            renderer: Any = MixedModeRenderer(figure, width, height, 72, _Renderer(figure, file))  # type: ignore[no-untyped-call]
            figure.draw(renderer)
        _write(file, r"\end{pgfpicture}", r"\makeatother", r"\endgroup")
        return file.getvalue().encode()
    finally:
        figure.set_dpi(dpi)


def _write(file: io.StringIO, *lines: str) -> None:
    for line in lines:
        file.write(line + "%\n")


class _Renderer(RendererPgf):
    """Matplotlib's, with texts that are measured in the figures' own font and hold no commands."""

    def __init__(self, figure: Figure, file: io.StringIO) -> None:
        super().__init__(figure, file)  # type: ignore[no-untyped-call]
        self._ruler: Any = renderer_of(figure)

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
        wide, tall, below = self._ruler.get_text_width_height_descent(s, prop, False)
        return wide, tall, below

    def draw_text(self, gc: Any, x: float, y: float, s: str, prop: FontProperties, angle: float, ismath: Any = False,
                  mtext: Text | None = None) -> None:  # fmt: skip
        """A line that Matplotlib would place by its left end is anchored where it is aligned: LaTeX's font is narrower."""
        supported = (
            mtext is not None
            and mtext.get_verticalalignment() != "center_baseline"
            and (angle == 0 or mtext.get_rotation_mode() == "anchor")
        )
        anchor = mtext if supported else self._anchor(x, y, s, prop, angle, mtext)
        super().draw_text(gc, x, y, escaped(s), prop, angle, False, anchor)  # type: ignore[no-untyped-call]

    def _anchor(self, x: float, y: float, line: str, prop: FontProperties, angle: float, text: Text | None) -> _Anchor:
        """On the baseline: at the middle of a turned line or one of several, else where the text is aligned."""
        align = text.get_horizontalalignment() if text is not None and angle == 0 else "center"
        along = {"left": 0.0, "center": 0.5, "right": 1.0}[align] * self.get_text_width_height_descent(
            line, prop, False
        )[0]
        turn = math.radians(angle)
        return _Anchor((x + along * math.cos(turn), y + along * math.sin(turn)), align)


class _Anchor:
    """What the backend asks of a text: where it stands on the page, and how it is aligned there."""

    def __init__(self, position: tuple[float, float], align: str) -> None:
        self._position, self._align = position, align

    def get_rotation_mode(self) -> str:
        """It turns about its anchor."""
        return "anchor"

    def get_verticalalignment(self) -> str:
        """It stands on its baseline."""
        return "baseline"

    def get_horizontalalignment(self) -> str:
        """Left, center or right."""
        return self._align

    def get_unitless_position(self) -> tuple[float, float]:
        """In dots."""
        return self._position

    def get_transform(self) -> IdentityTransform:
        """Dots are dots."""
        return IdentityTransform()
