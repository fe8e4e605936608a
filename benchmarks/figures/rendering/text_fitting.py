"""The texts of a figure before it is saved: long names are cut to what fits and drawn in a font that has their letters."""

from __future__ import annotations

import sys
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from matplotlib import font_manager, ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from benchmarks.figures.rendering.metrics import text_inches
from benchmarks.figures.style import LONG_WORD

# characters beyond which a text is cut (a word: LONG_WORD), and to how many; our own texts are shorter
LONG_TICK, LONG_TITLE = 60, 52
CUT_WORD, CUT_TICK = 24, 48
CHARACTERS_AN_INCH = 13  # characters of a title
FONT = "DejaVu Sans"


def shortened(text: str, longest: int | None = None, to: int = 0) -> str:
    """Each line without control characters, its long words cut in the middle (abc...xyz), then a line over `longest`."""
    lines = []
    for line in text.split("\n"):
        clean = "".join(c if c.isprintable() else " " for c in line)
        words = " ".join(_cut(word, LONG_WORD, CUT_WORD) for word in clean.split(" "))
        lines.append(words if longest is None else _cut(words, longest, to))
    return "\n".join(lines)


def _cut(text: str, longest: int, to: int) -> str:
    if len(text) <= longest:
        return text
    tail = (to - 3) // 2
    return f"{text[: to - 3 - tail]}...{text[-tail:]}"


def shorten_entry(text: str) -> str:
    """A legend's entry as it is shown."""
    return shortened(text, LONG_TICK, CUT_WORD)


def broken(text: str, room: float, points: float) -> str:
    """A name in lines of at most so many inches, broken between words."""
    width = text_inches(text, points)
    if width <= room:
        return text
    letters = max(8, int(len(text) * room / width))
    return "\n".join(textwrap.wrap(text, letters, break_long_words=False, break_on_hyphens=False))


def fit_texts(figure: Figure) -> None:
    """Shorten what is too long for its place, and give texts with foreign characters a font that has them."""
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        content = text.get_text()
        if (fit := shortened(content)) != content:
            text.set_text(fit)
        if missing := _missing(content):
            _set_font(text, missing)
    for axes in figure.axes:
        room = min(
            LONG_TITLE, max(CUT_WORD, int(CHARACTERS_AN_INCH * axes.get_position().width * figure.get_figwidth()))
        )
        axes.title.set_text(shortened(axes.get_title(), LONG_TITLE, room))
        _shorten_ticks(axes)
    for legend in (*figure.legends, *(axes.get_legend() for axes in figure.axes)):
        for text in legend.get_texts() if legend is not None else ():
            text.set_text(shorten_entry(text.get_text()))


def _shorten_ticks(axes: Axes) -> None:
    """Labels of ticks are written anew at each draw, by the axis' formatter: so it is the formatter that shortens."""
    for axis in (axes.xaxis, axes.yaxis):
        formatter = axis.get_major_formatter()
        if isinstance(formatter, ticker.FixedFormatter):
            axis.set_major_formatter(ticker.FixedFormatter([_tick(s) for s in formatter.seq]))
        elif isinstance(formatter, ticker.FuncFormatter):
            written = formatter.func
            axis.set_major_formatter(ticker.FuncFormatter(lambda x, at, of=written: _tick(of(x, at))))


def _tick(text: object) -> str:
    return shortened(str(text), LONG_TICK, CUT_TICK)


@cache
def _characters(path: str) -> frozenset[int]:
    return frozenset(font_manager.get_font(path).get_charmap())


def _missing(text: str) -> str:
    """Characters that our font has not."""
    if text.isascii():
        return ""
    known = _characters(font_manager.findfont(FONT))
    return "".join(dict.fromkeys(c for c in text if c.isprintable() and ord(c) not in known))


@cache
def fallback(missing: str) -> str | None:
    """The first installed TrueType family, by name, that has all of these characters; None where none has."""
    needed = {ord(c) for c in missing}
    for entry in sorted(font_manager.fontManager.ttflist, key=lambda f: f.name):
        if not entry.fname.endswith(".ttf") or "LastResort" in entry.fname:
            continue
        try:
            if needed <= _characters(entry.fname):
                return str(entry.name)
        except (OSError, RuntimeError):  # a file that is gone or broken
            continue
    _print_once(missing)
    return None


@cache
def _print_once(missing: str) -> None:
    print(
        f"figures: no installed TrueType font has {missing}: PNG and PDF show boxes there, SVG takes the reader's fonts",
        file=sys.stderr,
    )


def _set_font(text: Text, missing: str) -> None:
    if (family := fallback(missing)) is not None:
        text.set_fontfamily([FONT, family])


@contextmanager
def without_glyph_warnings() -> Iterator[Any]:
    """Without matplotlib's warning a glyph and file: `fallback` has said it in one line."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from")
        yield
