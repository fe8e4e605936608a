"""Numbers and comparisons as words, for generated sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from benchmarks.statistics.wording.phrases import p_value
from docs._scripts.released import shown


def two_decimals(value: float) -> str:
    """0.39; -0.80; 0.00, never -0.00"""
    return f"{round(value, 2) + 0.0:.2f}"


def value_range(values: Iterable[float]) -> str:
    """0.10 to 0.19, or one number where both ends are equal."""
    ordered = sorted(values)
    low, high = two_decimals(ordered[0]), two_decimals(ordered[-1])
    return low if low == high else f"{low} to {high}"


def signed_change(row: dict[str, Any]) -> str:
    """+0.11 (p 0.031), or with the words that no difference is shown."""
    value = f"{row['difference']:+.2f}"
    return f"{value} ({p_value(row['p_holm'])})" if shown(row) else f"{value} (no difference shown)"


def comparison(row: dict[str, Any]) -> str:
    """`grpo` loses 0.13 to `dr_grpo`, or what is not shown."""
    variant, other, size = f"`{row['variant']}`", f"`{row['against']}`", abs(row["difference"])
    if not shown(row):
        return f"no difference is shown between {variant} and {other}"
    return f"{variant} {'gains' if row['difference'] > 0 else 'loses'} {size:.2f} against {other} ({p_value(row['p_holm'])})"


def list_scores(scores: dict[str, float]) -> str:
    """`reinforce` 0.39, `gae` 0.70"""
    return ", ".join(f"`{name}` {two_decimals(value)}" for name, value in scores.items())


def listed(words: Sequence[str]) -> str:
    """a, b and c"""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def duration(seconds: float) -> str:
    """49 minutes; 4.5 hours"""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} hours"


def cells(table: pd.DataFrame, columns: dict[str, str]) -> str:
    """A Markdown table of some columns under these names, numbers with thousands marked, to the right."""
    sides = ["---:" if pd.api.types.is_numeric_dtype(table[c]) else "---" for c in columns]
    lines = [f"| {' | '.join(columns.values())} |", f"| {' | '.join(sides)} |"]
    rows = table[list(columns)].itertuples(index=False)
    lines += [f"| {' | '.join(v if isinstance(v, str) else f'{v:,.10g}' for v in row)} |" for row in rows]
    return "\n".join(lines)
