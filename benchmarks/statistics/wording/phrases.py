"""The parts of sentences: counts, amounts, lists of names, differences with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmarks.statistics.tests import Comparison

DIGITS = 3  # significant ones of a raw return
MOST_PLACES = 8  # decimals; smaller amounts are written with an exponent
NAMED = 6  # variants that a sentence lists by name
WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


def count_noun(n: int, noun: str, plural: str = "") -> str:
    """1 seed, 2 seeds; 2 studies where the plural is not the noun and an s."""
    return f"{n} {noun if n == 1 else plural or noun + 's'}"


def spell_seeds(seeds: int) -> str:
    """`Ten seeds`, to begin a sentence."""
    return f"{WORDS[seeds] if seeds < len(WORDS) else seeds} seed{'' if seeds == 1 else 's'}"


def seed_count(rows: pd.DataFrame) -> str:
    """`Ten seeds`, or `1 to 10 seeds` where comparisons differ."""
    low, high = int(rows["seeds"].min()), int(rows["seeds"].max())
    return spell_seeds(low) if low == high else f"{low} to {high} seeds"


def one_seed(rows: pd.DataFrame) -> bool:
    """Whether each of the comparisons is of one seed: the verb is in the singular."""
    return int(rows["seeds"].max()) == 1


def amount(value: float, places: int, raw: bool = False, scale: float = 0.0, sign: str = "") -> str:
    """A normalised score with so many decimals; a raw return with DIGITS significant digits of `scale`, else of its own.

    Never -0. sign  "+" writes the sign of positive amounts too
    """
    if raw and math.isfinite(size := abs(scale) or abs(value)):
        places = max(0, DIGITS - 1 - math.floor(math.log10(size))) if size else 0
        if places > MOST_PLACES:
            return f"{value + 0.0:{sign}.{DIGITS}g}"
    return f"{round(value, places) + 0.0:{sign}.{places}f}"


def list_words(words: Sequence[str], most: int | None = None, last: str = " and ") -> str:
    """a, b and c; of more than `most` words the first ones, and how many more.

    last  what joins the last two words where all are listed
    """
    kept = [*words[:most]]
    if more := len(words) - len(kept):
        return f"{', '.join(kept)} and {more} more"
    return last.join([", ".join(kept[:-1]), kept[-1]]) if len(kept) > 1 else "".join(kept)


def list_variants(variants: Sequence[str]) -> str:
    """`a`, `b` and `c`; of more than NAMED the first ones, and how many more."""
    return list_words([f"`{v}`" for v in variants], NAMED)


def is_raw(unit: str) -> bool:
    """Whether scores in this unit are returns, of any magnitude."""
    return "normalised" not in unit


def digits_from(difference: float, low: float, high: float) -> float:
    """The larger of a difference and of half its interval: what the digits of both are counted from."""
    half = (high - low) / 2
    return max(abs(difference), half if half == half else 0.0)


def _with_interval(difference: float, low: float, high: float, places: int, raw: bool, sign: str) -> str:
    scale = digits_from(difference, low, high)
    text, *bounds = (amount(x, places, raw, scale, sign) for x in (difference, low, high))
    if low != low:
        return f"{text} (too few runs for an interval)"
    if low == high:
        return f"{text} (no variation, so no interval)"
    return f"{text} [{', '.join(bounds)}]"


def signed(difference: float, low: float, high: float, raw: bool = False) -> str:
    """+0.210 [+0.150, +0.270]; what is said in place of the interval where there is none or it has no width."""
    return _with_interval(difference, low, high, 3, raw, "+")


def change(row: Any, raw: bool = False) -> str:
    """The difference of a table's row, `signed`."""
    return signed(row["difference"], row["low"], row["high"], raw)


def effect_size(comparison: Comparison) -> str:
    """0.12 [0.08, 0.16]: the difference without its sign."""
    low, high = (
        comparison.interval if comparison.difference >= 0 else (-comparison.interval.high, -comparison.interval.low)
    )
    return _with_interval(abs(comparison.difference), low, high, 2, comparison.returns, "")


def p_value(p: float) -> str:
    """p 0.0059, or p < 0.0001; a third digit where two would put it at the level."""
    if p < 0.0001:
        return "p < 0.0001"
    return f"p {p:.3g}" if f"{p:.2g}" == "0.05" else f"p {p:.2g}"


def span(low: float, high: float, places: int = 2) -> str:
    """0.19 to 0.58, or the one number that both are."""
    return " to ".join(dict.fromkeys(f"{x:,.{places}f}" for x in (low, high)))


def power_sentence(difference: str) -> str:
    """What a detectable difference means."""
    return f"A true difference of {difference} would be found in 80 % of such experiments (power 0.8)."


def detection_sentence(seeds: int, difference: float, observed: float = 0.0, raw: bool = False) -> str:
    """What so many seeds detect; empty where the differences do not vary, so that it cannot be estimated.

    A difference that was observed, is as large as the detectable one and is not shown is no contradiction: it happens in
    one of five samples of a true difference of that size. The sentence says so.
    """
    if difference != difference:
        return ""
    verb = "finds" if seeds == 1 else "find"
    text = f"{spell_seeds(seeds)} {verb} a true difference of {amount(difference, 3, raw)} in 80 % of such experiments"
    return f"{text} and miss it in the others: this one may be real." if abs(observed) >= difference else f"{text}."


def cannot_show(seeds: int, comparisons: int, least_p: float) -> str:
    """That so many comparisons of so few seeds cannot show anything."""
    among = f" among {comparisons} comparisons" if comparisons > 1 else ""
    smallest = "smallest corrected p" if comparisons > 1 else "smallest p"
    return f"{spell_seeds(seeds)} cannot show a difference{among}, because the {smallest} is {least_p:.3g}."
