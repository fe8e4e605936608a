"""In which order figures show variants: the highest score first, references below, those without a score last."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.store.suite import Suite


def by_score(suite: Suite, table: pd.DataFrame, column: str = "mean") -> pd.DataFrame:
    """The rows of a table of variants: those that learn by falling `column`, then references likewise.

    Equals keep the table's order; a variant without a number is the last of its kind.
    """
    learns = table["variant"].isin(suite.learners)
    order = pd.DataFrame({"reference": ~learns, "down": -table[column]})
    return table.loc[order.sort_values(["reference", "down"], kind="stable", na_position="last").index]


def variants_by_score(suite: Suite) -> list[str]:
    """All variants that have rows: those that learn by falling mean score over all tasks, then references likewise.

    Returns of several tasks have no mean; there the mean of the places on each task counts, 0 for the lowest.
    """
    present = list(suite.present)
    finals = pd.DataFrame({t: [_final(suite, t, v) for v in present] for t in suite.scales}, index=present, dtype=float)
    if not suite.can_average(list(suite.scales)):
        finals = finals.rank()
    table = pd.DataFrame({"variant": present, "mean": finals.mean(axis=1).to_numpy(float)})
    return list(by_score(suite, table)["variant"])


def _final(suite: Suite, task: str, variant: str) -> float:
    curve = suite.curves.get((task, variant))
    return float("nan") if curve is None else float(np.mean(curve.score[-1]))
