"""Exact bias and deviation of corrections for stale rollouts, against the distance of the two policies."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.figures.layout import label_axes, matrix_of_panels, note
from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.style import STYLE, line_styles

NAMED = (
    "uncorrected", "truncated token IS", "sequence IS", "PPO clip", "DPPO-TV 0.2", "IPO mask 0.2", "M2PO", "Delightful",
)  # fmt: skip
ROWS = {"bias": "bias / |grad J|", "sd": "sd / |grad J|", "cosine": "cosine to grad J"}
LEAST = 1e-3  # smaller biases are drawn here, among them 0


def trust_regions(rows: pd.DataFrame, titles: Mapping[str, str] = MappingProxyType({})) -> Figure:
    """A column a task; bias, deviation and cosine below one another; eight corrections in colour, the others in grey.

    rows  of sections.trust_regions.relative: columns task, variant, x, bias, sd, cosine
    """
    stale = rows[rows["x"] > 0]
    tasks, present = list(dict.fromkeys(stale["task"])), set(stale["variant"])
    named = [name for name in NAMED if name in present]
    styles = line_styles(named)
    with mpl.rc_context(STYLE):
        made = matrix_of_panels(len(ROWS), len(tasks), 1.25, most=5)
        for i, task in enumerate(tasks):
            by_variant = dict(list(stale[stale["task"] == task].groupby("variant", sort=False)))
            for (quantity, label), line in zip(ROWS.items(), made.rows, strict=True):
                axis = line[i]
                for name in [*(v for v in by_variant if v not in styles), *named]:
                    points = by_variant[name].sort_values("x")
                    y = points[quantity].clip(lower=LEAST) if quantity == "bias" else points[quantity]
                    look = styles[name].settings() | {"lw": 1.3} if name in styles else {"color": "0.8", "lw": 0.7}
                    axis.plot(points["x"], y, **look)
                axis.set(xscale="log", yscale="linear" if quantity == "cosine" else "log")
                if made.first[i]:
                    axis.set_ylabel(label)
            made.rows[0][i].set_title(titles.get(task, task))
        label_axes(made.figure, "KL(mu || pi), nats a text")
        line_legend(made.figure, named)
        note(made.figure, f"grey: all other corrections; biases below {LEAST:g} are drawn there")
    return made.figure
