"""Figures: learning curves, the heat map of variants x tasks, and what each ingredient buys. SVG and PNG, deterministic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import stats
from benchmarks.tables import Scale, final_rows, suite_matrix

OKABE_ITO = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#0072B2", "#CC79A7", "#7F7F7F")
DASHES: tuple[object, ...] = ("-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (5, 1.2, 1, 1.2)), (0, (8, 2)))
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "pg-ladder",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "legend.frameon": False,
}


def save(figure: Figure, path: Path) -> None:
    """Write `path`.svg and `path`.png with nothing in them that changes from run to run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None, "Creator": None})
        figure.savefig(path.with_suffix(".png"), dpi=150, metadata={"Software": None})


def line_styles(variants: Sequence[str]) -> dict[str, tuple[str, object]]:
    """A colour and a dash pattern for each variant: lines stay apart in grey and to the colour-blind."""
    return {v: (OKABE_ITO[i % len(OKABE_ITO)], DASHES[i % len(DASHES)]) for i, v in enumerate(variants)}


def learning_curves(
    frame: pd.DataFrame, scales: Mapping[str, Scale], lines: Sequence[str], references: Sequence[str], title: str
) -> Figure:
    """One panel a task: mean return of `lines` against environment steps, t-interval bands; references as thin lines."""
    columns = min(4, len(scales))
    height = math.ceil(len(scales) / columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.1 * columns, 2.5 * height + 0.9), layout="constrained")
        axes = figure.subplots(height, columns, squeeze=False).flat
        styles = line_styles(lines)
        for axis, (task, scale) in zip(axes, scales.items(), strict=False):
            rows = frame[frame["task"] == task]
            for variant in lines:
                _curve(axis, rows[rows["variant"] == variant], variant, *styles[variant])
            for variant in references:
                level = rows[rows["variant"] == variant]["eval_return"].mean()
                if level == level:
                    axis.axhline(level, color="0.55", lw=0.8, ls=":")
                    axis.annotate(variant, (0.01, level), xycoords=("axes fraction", "data"), fontsize=6, color="0.35",
                                  ha="left", va="bottom")  # fmt: skip
            if math.isfinite(scale.threshold) and not {"optimal"} & set(rows["variant"]):
                axis.axhline(scale.threshold, color="0.55", lw=0.8, ls="--")
                axis.annotate("threshold", (0.01, scale.threshold), xycoords=("axes fraction", "data"), fontsize=6,
                              color="0.35", ha="left", va="bottom")  # fmt: skip
            axis.set_title(task)
            axis.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
            axis.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
        for axis in list(axes)[len(scales) :]:
            axis.set_visible(False)
        figure.supxlabel("environment steps a seed", fontsize=9)
        figure.supylabel("evaluation return", fontsize=9)
        handles = [mpl.lines.Line2D([], [], color=styles[v][0], ls=styles[v][1], lw=1.6, label=v) for v in lines]
        figure.legend(
            handles=handles, loc="outside upper center", ncols=min(len(lines), 2 if columns < 3 else 5), title=title
        )
    return figure


def _curve(axis: Axes, rows: pd.DataFrame, label: str, colour: str, dash: object) -> None:
    if rows.empty:
        return
    x, y, low, high = [], [], [], []
    for _, at in rows.groupby("checkpoint"):
        values = at["eval_return"].dropna().to_numpy(float)
        if not len(values):
            continue
        interval = stats.t_interval(values)
        x.append(at["env_steps"].mean())
        y.append(values.mean())
        low.append(interval.low)
        high.append(interval.high)
    axis.plot(x, y, color=colour, ls=dash, lw=1.6, label=label)
    axis.fill_between(x, low, high, color=colour, alpha=0.12, lw=0)


def heat_map(frame: pd.DataFrame, scales: Mapping[str, Scale], variants: Sequence[str], title: str) -> Figure:
    """Variants x tasks: mean normalised final score; `-` where a variant does not run, `xk` where k members diverged."""
    final = final_rows(frame, scales)
    scores = final.pivot_table(index="variant", columns="task", values="score", aggfunc="mean", observed=True)
    scores = scores.reindex(index=list(variants), columns=list(scales))
    lost = final.pivot_table(index="variant", columns="task", values="diverged", aggfunc="sum", observed=True)
    lost = lost.reindex(index=list(variants), columns=list(scales)).fillna(0)
    text = scores.map(lambda v: "-" if v != v else f"{round(v, 2) + 0.0:.2f}")  # never -0.00
    text = text.where(lost == 0, text + lost.map(lambda k: f" x{int(k)}"))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.05 * len(scales) + 2.6, 0.36 * len(variants) + 2.0), layout="constrained")
        axis = figure.subplots()
        axis.set_facecolor("0.93")
        sns.heatmap(
            scores.astype(float), annot=text.to_numpy(), fmt="", cmap="cividis", vmin=0, vmax=1, ax=axis,
            linewidths=0.6, linecolor="white", annot_kws={"fontsize": 8}, cbar_kws={"label": "normalised score"},
        )  # fmt: skip
        for (i, j), value in np.ndenumerate(scores.to_numpy(float)):
            if value != value:
                axis.annotate("-", (j + 0.5, i + 0.5), ha="center", va="center", color="0.4")
        axis.set(xlabel="", ylabel="")
        axis.set_xticklabels(axis.get_xticklabels(), rotation=35, ha="right")
        axis.set_yticklabels(axis.get_yticklabels(), rotation=0)
        axis.set_title(title)
    return figure


def ingredients(frame: pd.DataFrame, scales: Mapping[str, Scale], rungs: pd.DataFrame, title: str) -> Figure:
    """Each rung minus its parent, suite mean of the normalised score: a dot a seed, the mean with its 95 % interval."""
    final = final_rows(frame, scales)
    have = set(zip(final["task"], final["variant"], strict=True))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.4, 0.42 * max(len(rungs), 1) + 1.4), layout="constrained")
        axis = figure.subplots()
        axis.axvline(0, color="0.6", lw=0.8)
        for y, row in enumerate(rungs.to_dict("records")):
            tasks = [t for t in scales if (t, row["variant"]) in have and (t, row["parent"]) in have]
            b, a = (suite_matrix(final, name, tasks).mean(axis=1) for name in (row["variant"], row["parent"]))
            dots = (b - a).dropna().to_numpy(float)
            sure = row["p_holm"] < 0.05
            colour = "0.55" if not sure else ("#0072B2" if row["difference"] > 0 else "#D55E00")
            offsets = np.linspace(-0.14, 0.14, len(dots)) if len(dots) > 1 else np.zeros(len(dots))
            axis.plot(dots, y + offsets, "o", ms=2.6, color=colour, alpha=0.45, mew=0)
            axis.plot([row["low"], row["high"]], [y, y], color=colour, lw=2)
            axis.plot(
                [row["difference"]], [y], "D" if sure else "o", ms=6, color=colour, mfc=colour if sure else "white"
            )
        labels = [f"{r['variant']}  (from {r['parent']})" for r in rungs.to_dict("records")]
        axis.set_yticks(range(len(rungs)), labels)
        axis.invert_yaxis()
        axis.set_xlabel("difference of the normalised score, mean over tasks\n(filled diamond: p < .05 after Holm)")
        axis.set_title(title)
    return figure
