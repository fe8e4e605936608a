"""Counts and amounts as sentences write them."""

from __future__ import annotations

import math

DIGITS = 3  # significant ones of a raw return
MOST_PLACES = 8  # decimals; smaller amounts are written with an exponent


def counted(n: int, noun: str) -> str:
    """1 seed, 2 seeds"""
    return f"{n} {noun if n == 1 else noun + 's'}"


def amount(value: float, places: int, raw: bool = False, scale: float = 0.0, sign: str = "") -> str:
    """A normalised score with so many decimals; a raw return with DIGITS significant digits of `scale`, else of its own.

    Never -0. sign  "+" writes the sign of positive amounts too
    """
    if raw and math.isfinite(size := abs(scale) or abs(value)):
        places = max(0, DIGITS - 1 - math.floor(math.log10(size))) if size else 0
        if places > MOST_PLACES:
            return f"{value + 0.0:{sign}.{DIGITS}g}"
    return f"{round(value, places) + 0.0:{sign}.{places}f}"
