"""The factor w(p) of E[g] = w(p) grad p of group estimators, and the objective F(p) that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from algorithms.conformance.exact.group_objective import GroupWeights
from benchmarks.figures.layout import label_axes, matrix_of_panels
from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.style import STYLE, line_styles
from envs.api import Doubles

P = np.linspace(0.005, 0.995, 199)
EVEN = 0.5  # factors are drawn in units of the one at this success rate
ALIKE = 2e-3  # relative: lines that differ less are one, such as those of two epsilons below a deviation
NAMES = 3  # that a line's label lists


def objectives(
    rows: pd.DataFrame,
    weights: Mapping[tuple[str, int], GroupWeights | None],
    titles: Mapping[str, str] = MappingProxyType({}),
) -> Figure:
    """A column a group size: w(p) / w(1/2) above, with measurements (two standard errors), F(p) / F(1) below.

    rows    measured points, with columns variant, label, x, scale and scale_error
    titles  what variants are called, where not by their names
    """
    groups = sorted({group for (_, group), known in weights.items() if known is not None})
    lines = {group: alike({v: k for (v, g), k in weights.items() if g == group and k is not None}) for group in groups}
    styles = line_styles(list(dict.fromkeys(name for found in lines.values() for name in found)))
    labels = {name: label for found in lines.values() for name, label in _labels(found, titles).items()}
    with mpl.rc_context(STYLE):
        made = matrix_of_panels(2, len(groups), 1.8, most=3, least=2.0)
        for i, group in enumerate(groups):
            above, below = (row[i] for row in made.rows)
            for name in lines[group]:
                known = weights[name, group]
                assert known is not None
                colour, dash, _ = styles[name]
                even = float(known.factor(np.array(EVEN)))
                above.plot(P, known.factor(P) / even, color=colour, ls=dash, lw=1.3)
                seen = rows[(rows["variant"] == name) & (rows["label"] == f"G={group}")]
                above.errorbar(
                    seen["x"], seen["scale"] / even, yerr=2 * seen["scale_error"] / even, fmt="o", color=colour, ms=3,
                    capsize=2,
                )  # fmt: skip
                below.plot(P, climbed(known), color=colour, ls=dash, lw=1.3)
            above.set(title=f"G = {group}", yscale="log")
            if made.first[i]:
                above.set_ylabel("w(p) / w(1/2)")
                below.set_ylabel("objective F(p) / F(1)")
        label_axes(made.figure, "probability p of a right answer")
        looks = {name: {"color": style.colour, "ls": style.dash, "lw": 1.3} for name, style in styles.items()}
        line_legend(made.figure, list(styles), "", (), looks, labels)
    return made.figure


def alike(weights: Mapping[str, GroupWeights]) -> dict[str, list[str]]:
    """Variants with the same w(p) / w(1/2), by the first of them."""
    found: dict[str, list[str]] = {}
    shapes: dict[str, Doubles] = {}
    for name, known in weights.items():
        shape = known.factor(P) / known.factor(np.array(EVEN))
        first = next((n for n, other in shapes.items() if np.abs(shape / other - 1).max() < ALIKE), None)
        if first is None:
            found[name], shapes[name] = [name], shape
        else:
            found[first].append(name)
    return found


def _labels(found: Mapping[str, list[str]], titles: Mapping[str, str]) -> dict[str, str]:
    """The names of each line's variants; of many the shortest, which a legend has room for."""
    labels = {}
    for name, names in found.items():
        more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
        shown = sorted((titles.get(n, n) for n in names), key=len)[:NAMES]
        labels[name] = ", ".join(shown) + more
    return labels


def climbed(weights: GroupWeights) -> Doubles:
    """F(p) / F(1) at P, F the integral of w from 0, by Gauss-Legendre quadrature, which is exact: w is a polynomial."""
    x, chance = np.polynomial.legendre.leggauss(weights.group)
    x, chance = (x + 1) / 2, chance / 2

    def integral(p: Doubles) -> Doubles:
        total: Doubles = p * (weights.factor(p[:, None] * x) @ chance)
        return total

    total: Doubles = integral(P) / integral(np.array([1.0]))
    return total
