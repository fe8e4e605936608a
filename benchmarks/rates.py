"""Choosing learning rates: score against rate for every task and variant, and the table that settings.py holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from benchmarks import figures
from benchmarks.tables import Scale

TIE = 0.01  # rates whose scores are this close are equals, and the smallest of them, the steadiest, is chosen
LAST = 0.8  # the objective is the mean over the checkpoints of the last fifth of the budget, never the last one alone


def objective(frame: pd.DataFrame, scales: Mapping[str, Scale]) -> pd.DataFrame:
    """Mean normalised score over seeds and the last fifth of the checkpoints, per task, variant and rate.

    A diverged member counts 0 (its task's floor).
    """
    rows = frame[frame["fraction"] >= LAST].copy()
    floor = rows["task"].map({t: s.floor for t, s in scales.items()})
    span = rows["task"].map({t: s.ceiling - s.floor for t, s in scales.items()})
    rows["score"] = ((rows["eval_return"] - floor) / span).where(~rows["diverged"], 0.0)
    grouped = rows.groupby(["task", "variant", "learning_rate"], sort=False)
    table = grouped.agg(score=("score", "mean"), diverged=("diverged", "sum"), seeds=("seed", "nunique")).reset_index()
    cell = [table["task"], table["variant"]]
    good = table["score"] >= table.groupby(["task", "variant"])["score"].transform("max") - TIE
    smallest = table["learning_rate"].where(good).groupby(cell).transform("min")
    table["chosen"] = table["learning_rate"] == smallest
    return table


def as_settings(table: pd.DataFrame) -> str:
    """The chosen rates as the Python of settings.LEARNING_RATES."""
    lines = ["LEARNING_RATES: dict[str, dict[str, float]] = {"]
    for task, rows in table[table["chosen"]].drop_duplicates(["task", "variant"]).groupby("task", sort=False):
        lines.append(f'    "{task}": {{')
        lines += [f'        "{r["variant"]}": {r["learning_rate"]:g},' for r in rows.to_dict("records")]
        lines.append("    },")
    return "\n".join([*lines, "}"])


def rate_curves(table: pd.DataFrame) -> Figure:
    """One panel a task: score against learning rate, a line a variant, a ring at each variant's choice."""
    tasks, variants = list(dict.fromkeys(table["task"])), list(dict.fromkeys(table["variant"]))
    styles = figures.line_styles(variants)
    columns = min(3, len(tasks))
    height = -(-len(tasks) // columns)
    with mpl.rc_context(figures.STYLE):
        figure = Figure(figsize=(3.4 * columns, 2.5 * height + 1.0), layout="constrained")
        axes = list(figure.subplots(height, columns, squeeze=False).flat)
        for axis, task in zip(axes, tasks, strict=False):
            for variant in variants:
                rows = table[(table["task"] == task) & (table["variant"] == variant)]
                colour, dash = styles[variant]
                axis.plot(rows["learning_rate"], rows["score"], color=colour, ls=dash, lw=1.4, marker=".")
                best = rows[rows["chosen"]].head(1)
                axis.plot(best["learning_rate"], best["score"], "o", mfc="none", mec=colour, ms=8)
            axis.set(xscale="log", title=task, ylim=(-0.1, 1.1))
        for axis in axes[len(tasks) :]:
            axis.set_visible(False)
        figure.supxlabel("learning rate", fontsize=9)
        figure.supylabel("normalised score, last fifth", fontsize=9)
        handles = [mpl.lines.Line2D([], [], color=styles[v][0], ls=styles[v][1], label=v) for v in variants]
        figure.legend(handles=handles, loc="outside upper center", ncols=min(6, 2 * columns))
    return figure


def write(question: str, frame: pd.DataFrame, scales: Mapping[str, Scale], out: Path) -> Path:
    """rates.csv, the figure and report.md under `out`."""
    from benchmarks.report import markdown, write_text

    table = objective(frame, scales)
    write_text(out / "tables" / "rates.csv", table.to_csv(index=False, float_format="%.6g"))
    figures.save(rate_curves(table), out / "figures" / "rates")
    shown = table.assign(chosen=["yes" if c else "" for c in table["chosen"]])
    text = (
        f"# {question}\n\n![score against learning rate](figures/rates.svg)\n\n"
        f"Mean normalised score over {int(table['seeds'].max())} selection seeds and the checkpoints of the last fifth of "
        f"the budget; a ring marks the rate chosen.\n\n{markdown(shown)}\n\n## For settings.py\n\n"
        f"```python\n{as_settings(table)}\n```\n"
    )
    write_text(out / "report.md", text)
    return out / "report.md"
