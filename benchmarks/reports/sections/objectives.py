"""Which objective each group estimator climbs: the table, and the sentences that are computed from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from algorithms.conformance.exact.group_objective import (
    GroupWeights,
    expected_reward,
    group_weights,
    log_of_order,
    pass_at,
)
from benchmarks.design.gradient_experiment import AxisPoint
from benchmarks.statistics.wording.phrases import list_words
from envs.api import Doubles

AXIS = "objective"  # of the points whose measured length along grad J is w(p)
SAME = 1e-10  # relative: a factor that deviates less from an objective's is that objective's
HARD, EVEN, EASY = 0.02, 0.5, 0.9  # success rates whose weights the table compares
GRID = np.linspace(0.005, 0.995, 199)
MAX_Z = 4.0
COLUMNS = ("variant", "G", "objective", "hard", "easy", "deviation", "measured", "largest_z")
EXPLAINED = (
    "An answer is right with probability p, and E[g] = w(p) grad p. So the estimator climbs F(p) with F' = w. "
    "hard: w(.02) / w(.5); easy: w(.9) / w(.5). deviation: the largest relative difference from the named objective. "
    "largest_z: the farthest measured length from w(p), in standard errors. A batch is one group."
)


class Objective(NamedTuple):
    """An objective with a name, and its w(p) up to a constant factor."""

    name: str
    factor: Callable[[Doubles], Doubles]


def candidates(group: int) -> list[Objective]:
    """The objectives that a factor is compared with, for groups of this size."""
    return [
        Objective("E[R]", expected_reward),
        *(Objective(f"pass@{k}", partial(pass_at, k)) for k in range(2, group + 1)),
        *(Objective(f"log p to order {m}", partial(log_of_order, m)) for m in range(3, group + 2)),
        Objective("p - p^G / G", lambda p: 1 - p ** (group - 1)),
    ]


def nearest(weights: GroupWeights) -> tuple[Objective, float]:
    """The objective whose factor is most nearly proportional to w, and the largest relative difference."""
    w = weights.factor(GRID)

    def difference(objective: Objective) -> float:
        known = objective.factor(GRID)
        ratio = w / known
        return float(np.abs(ratio / ratio.mean() - 1).max())

    best = min(candidates(weights.group), key=difference)
    return best, difference(best)


def weights_of(points: Sequence[AxisPoint]) -> dict[tuple[str, int], GroupWeights | None]:
    """The weights by variant and group size; None where they depend on more than the rewards."""
    found: dict[tuple[str, int], GroupWeights | None] = {}
    for point in points:
        if point.axis != AXIS:
            continue
        variant, group = point.measurement.variant, point.measurement.group
        if (variant.name, group) in found:
            continue
        try:
            found[variant.name, group] = group_weights(variant.estimator, group)
        except ValueError:
            found[variant.name, group] = None
    return found


def table(frame: pd.DataFrame, weights: Mapping[tuple[str, int], GroupWeights | None]) -> pd.DataFrame:
    """COLUMNS, a row a variant and group size; NaN and "" where the weights are no function of the rewards.

    frame  the measured points, with columns variant, label, x, scale and scale_error
    """
    rows = []
    for (name, group), known in weights.items():
        measured = frame[(frame["variant"] == name) & (frame["label"] == f"G={group}")]
        row: dict[str, object] = {"variant": name, "G": group, "objective": "", "measured": len(measured)}
        if known is not None:
            objective, deviation = nearest(known)
            low, middle, high = known.factor(np.array([HARD, EVEN, EASY]))
            z = (measured["scale"] - known.factor(measured["x"].to_numpy(float))).abs() / measured["scale_error"]
            row |= {
                "objective": objective.name if deviation < SAME else "none of these",
                "hard": low / middle,
                "easy": high / middle,
                "deviation": deviation,
                "largest_z": z.max(),
            }
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def sentences(rows: pd.DataFrame) -> list[str]:
    """What the table shows; the first sentence is the answer."""
    if rows.empty:
        return []
    largest = rows[rows["G"] == rows["G"].max()]
    group, named = int(largest["G"].iloc[0]), largest[largest["objective"] != ""]
    counts = named["objective"].value_counts()
    known = [name for name in counts.index if name != "none of these"]
    parts = [f"{counts[name]} climb{'s' if counts[name] == 1 else ''} {name}" for name in known]
    if "none of these" in counts:
        count = counts["none of these"]
        parts.append(f"{count} climb{'s' if count == 1 else ''} no objective with a name")
    lines = [f"Of {len(named)} group estimators with G = {group}, {list_words(parts)}."]
    for name in known:
        of = named[named["objective"] == name]
        lines.append(f"Climbing {name}: {_names(of)} (w(p) agrees to {max(of['deviation'].max(), 1e-15):.0e}).")
    others = named[named["objective"] == "none of these"]
    if len(others):
        heaviest = others.sort_values("hard").iloc[-1]
        lines.append(f"Climbing no objective with a name: {_names(others)}.")
        lines.append(
            f"Of these, `{heaviest['variant']}` weighs prompts with p = {HARD:g} most: {heaviest['hard']:.2f} times "
            f"as much as those with p = {EVEN:g}."
        )
    free = largest[largest["objective"] == ""]
    if len(free):
        lines.append(f"{_names(free)}: the weights depend on the policy too, so there is no w(p).")
    return [*lines, *_measured(rows)]


def _measured(rows: pd.DataFrame) -> list[str]:
    z = rows["largest_z"].dropna()
    if z.empty:
        return []
    count = int(rows.loc[z.index, "measured"].sum())
    agree = z.max() < MAX_Z
    if count == 1:
        verdict = f"It {'agrees' if agree else 'does not agree'} with the enumeration."
        return [f"1 length was measured. It is {z.max():.1f} standard errors from w(p). {verdict}"]
    verdict = f"{'All' if agree else 'Not all'} agree with the enumeration."
    return [f"{count} lengths were measured. The farthest is {z.max():.1f} standard errors from w(p). {verdict}"]


def _names(rows: pd.DataFrame) -> str:
    return ", ".join(f"`{name}`" for name in rows["variant"])
