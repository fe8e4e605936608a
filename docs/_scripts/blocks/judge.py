"""The generated block on the judge: how often it errs, and what it detects."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from docs._scripts.released import Released

FILE = "judge.json"
CASES = {
    ("copies", False): "a copy under another name, on the same runs, against the original",
    ("null", False): "a copy with chance of its own, against the original",
    ("panel", False): "a copy of the best of a family, with chance of its own, against the family",
    ("gain", True): "a variant that is better than one rival by {gain}",
    ("panel", True): "a variant that is better than the best of a family by {gain}, against the family",
    ("registered", False): "every released variant, on its own runs, against its family",
}


def blocks(results: Released) -> dict[str, Callable[[], str]]:
    """By the name of the block: what makes it."""
    return {"judge-characteristics": partial(table, results)}


def table(results: Released) -> str:
    """A row for each case: how many candidates came out better, and worse."""
    rows = [_row(row) for row in results.json(FILE)["rows"]]
    head = ["| candidate | judged | better | worse | seeds, on average |", "| --- | ---: | ---: | ---: | ---: |"]
    return "\n".join([*head, *rows])


def _row(row: dict[str, Any]) -> str:
    what = CASES[row["case"], row["gain"] > 0].format(gain=f"{row['gain']:.2f}".lstrip("0"))
    shares = (f"{100 * row[kind] / row['judged']:.1f} %" for kind in ("better", "worse"))
    return f"| {what} | {row['judged']:,} | {' | '.join(shares)} | {row['seeds']:.1f} |"
