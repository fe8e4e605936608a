"""Our scores beside published ones: at the source's budget and in its metric, with our interval over seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import stats
from benchmarks.figures import GAIN, LOSS, STYLE
from benchmarks.published_scores import Score
from benchmarks.suite import Curve, Doubles

if TYPE_CHECKING:
    from benchmarks.drawings import Beside
    from benchmarks.panels import Data

NEAR = 0.1  # of a budget: as far as our checkpoint may lie from the source's


def at_budget(curve: Curve, score: Score) -> Doubles | None:
    """Our returns [S] in the source's metric, at the checkpoint nearest to its budget; None where none is near."""
    steps = curve.env_steps.mean(axis=1)
    k = int(np.abs(steps - score.env_steps).argmin())
    if abs(steps[k] - score.env_steps) > NEAR * score.env_steps:
        return None
    found: Doubles = curve.value[: k + 1].max(axis=0) if score.metric == "maximum" else curve.value[k]
    return found


def table(data: Data, scores: tuple[Score, ...]) -> pd.DataFrame:
    """A row a published score that ours can stand beside. reached: our interval holds it, or our mean is better."""
    rows = []
    for score in scores:
        curve = data.suite.curves.get((score.task, score.column))
        if curve is None or (ours := at_budget(curve, score)) is None:
            continue
        interval, mean = stats.t_interval(ours), float(ours.mean())
        reached = mean >= score.value or interval.low <= score.value <= interval.high
        rows.append(
            {"task": score.task, "variant": score.column, "env_steps": score.env_steps, "source": score.source,
             "published": score.value, "metric": score.metric, "note": score.note, "seeds": len(ours), "ours": mean,
             "low": interval.low, "high": interval.high, "reached": bool(reached)}
        )  # fmt: skip
    return pd.DataFrame(rows)


def shown(made: pd.DataFrame) -> pd.DataFrame:
    """The table as a page has it; no columns where there are no rows."""
    if made.empty:
        return made
    page = made[["task", "variant", "env_steps", "source", "published", "metric", "ours"]].copy()
    page["95 % interval"] = [f"[{low:.4g}, {high:.4g}]" for low, high in zip(made["low"], made["high"], strict=True)]
    page["reached"] = ["yes" if yes else "no" for yes in made["reached"]]
    page["note"] = made["note"]
    return page


EXPLAINED = (
    "Published scores and ours after as many environment steps, in the source's metric: mean of the sampled evaluation with "
    "a 95 % t interval over seeds. Sources report one agent (zoo), four sessions (SLM) or three seeds (CleanRL); `reached`: "
    "our interval holds the published score, or our mean is better."
)


def draw(data: Data, what: Beside) -> Figure:
    """A panel a task: a row a published score (a cross), ours with its interval."""
    made = table(data, what.scores)
    if made.empty:
        figure = Figure(figsize=(5.0, 0.8))
        figure.text(0.5, 0.5, "no checkpoint of ours lies near a published budget", ha="center", va="center")
        return figure
    tasks = list(dict.fromkeys(made["task"]))
    columns = min(3, len(tasks))
    with mpl.rc_context(STYLE):
        height = -(-len(tasks) // columns)
        figure = Figure(figsize=(4.0 * columns, 2.3 * height + 0.8), layout="constrained")
        axes = list(figure.subplots(height, columns, squeeze=False).flat)
        for axis, task in zip(axes, tasks, strict=False):
            _panel(axis, made[made["task"] == task])
            axis.set_title(task)
        for axis in axes[len(tasks) :]:
            axis.set_visible(False)
        figure.suptitle(
            f"cross: published; circle: ours, mean of {int(made['seeds'].min())} seeds, 95 % t interval\n"
            "blue: reached, orange: missed",
            fontsize=9,
        )
    return figure


def _panel(axis: Axes, rows: pd.DataFrame) -> None:
    for y, row in enumerate(rows.to_dict("records")):
        colour = GAIN if row["reached"] else LOSS
        axis.plot([row["low"], row["high"]], [y, y], color=colour, lw=1.8)
        axis.plot([row["ours"]], [y], "o", ms=4.6, color=colour, mfc="white")
        axis.plot([row["published"]], [y], "x", ms=6, color="black")
    labels = [f"{r['variant']}, {r['source']}, {r['env_steps'] // 1000}k" for r in rows.to_dict("records")]
    axis.set_yticks(range(len(rows)), labels)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlabel("return")


@dataclass(frozen=True)
class Reached:
    """Finding: how many published scores ours reach, and which they miss."""

    scores: tuple[Score, ...]

    def sentence(self, data: Data) -> str:
        made = table(data, self.scores)
        if made.empty:
            return ""
        missed = [
            f"`{r['variant']}` on {r['task']} ({r['ours']:.4g} [{r['low']:.4g}, {r['high']:.4g}] against "
            f"{r['published']:.4g} of {r['source']} at {r['env_steps'] // 1000}k)"
            for r in made.to_dict("records")
            if not r["reached"]
        ]
        head = f"{int(made['reached'].sum())} of {len(made)} published scores are reached"
        return f"{head}; missed: {', '.join(missed)}." if missed else f"{head}."
