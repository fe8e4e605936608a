"""The width at which figures are laid out: a page's column, or that of a paper."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from envs.validation import UsageError

PAGE_WIDTH = 7.6  # inches of a report's column
TEXT_WIDTH = 5.5  # inches of a paper's text, which is what most widths are
NARROWEST, WIDEST = 2.5, 20.0  # inches; names and numbers of 7 points need the first
INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27}  # pt as in TeX, whose \the\columnwidth it is
ALIKE = {
    '"': "in",
    "inch": "in",
    "inches": "in",
    "centimetre": "cm",
    "millimetre": "mm",
    "point": "pt",
    "px": "pt",
}
FORMS = "5.5in, 14cm, 140mm or 397pt"

_width: ContextVar[float] = ContextVar("figure width", default=PAGE_WIDTH)


def figure_width() -> float:
    """Inches of the figures that are drawn now."""
    return _width.get()


@contextmanager
def at_width(inches: float | None) -> Iterator[None]:
    """Draw figures that wide; as wide as a page's column where it is None."""
    token = _width.set(PAGE_WIDTH if inches is None else inches)
    try:
        yield
    finally:
        _width.reset(token)


def parse_width(text: str | None, flag: str = "--figure-width") -> float | None:
    """`5.5in`, `14cm`, `140mm` or `397pt` in inches; UsageError for anything else, with the nearest valid form."""
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d*\.?\d+)\s*([A-Za-z\"]*)\s*", text)
    if found is None:
        raise UsageError(f"{flag} takes a number with its unit ({FORMS}), not {text!r}")
    number, unit = float(found[1]), found[2]
    if unit not in INCHES:
        raise UsageError(f"{flag} {text!r} has no unit that is known; did you mean {_guess(found[1], unit)}?")
    inches = number * INCHES[unit]
    if not NARROWEST <= inches <= WIDEST:
        nearest = NARROWEST if inches < NARROWEST else WIDEST
        raise UsageError(
            f"{flag} {text!r} is {inches:.2g} inches; the nearest that can be drawn is {nearest / INCHES[unit]:.4g}{unit}"
        )
    return inches


def _guess(number: str, unit: str) -> str:
    """The number with the unit that was meant: the one that is spelled alike, or the one that makes a column of it."""
    known = unit.lower() if unit.lower() in INCHES else ALIKE.get(unit.lower())
    likely = min(INCHES, key=lambda u: abs(math.log(max(float(number), 1e-9) * INCHES[u] / TEXT_WIDTH)))
    return f"{number}{known or likely}"
