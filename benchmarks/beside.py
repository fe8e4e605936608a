"""Our scores beside published ones: at the source's budget and in its metric, with our interval over seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures import GAIN, LOSS, STYLE
from benchmarks.published_scores import Score
from benchmarks.statistics.intervals import t_interval
from benchmarks.statistics.wording.phrases import counted
from benchmarks.suite import Curve, Doubles

if TYPE_CHECKING:
    from benchmarks.drawings import Beside
    from benchmarks.panels import Data

COLUMNS = (
    "task", "variant", "env_steps", "source", "published", "metric", "note", "seeds", "ours", "low", "high", "reached",
    "greedy", "greedy_low", "greedy_high", "reached_greedy",
)  # fmt: skip
NEAR = 0.1  # of a budget: as far as our checkpoint may lie from the source's


def near(curve: Curve, score: Score) -> int | None:
    """Our checkpoint nearest to the source's budget; None where none is near."""
    steps = curve.env_steps.mean(axis=1)
    k = int(np.abs(steps - score.env_steps).argmin())
    return None if abs(steps[k] - score.env_steps) > NEAR * score.env_steps else k


def at_budget(curve: Curve, score: Score) -> Doubles | None:
    """Our returns [S] of sampled actions in the source's metric, at the checkpoint near its budget; None without one."""
    if (k := near(curve, score)) is None:
        return None
    if score.metric == "maximum":  # of the mean: the mean of each seed's own maximum would be larger
        k = int(curve.value[: k + 1].mean(axis=1).argmax())
    found: Doubles = curve.value[k]
    return found


def as_greedy(curve: Curve, score: Score) -> Doubles | None:
    """Our returns [S] of greedy actions, where the source's are and its budget is the whole of ours; else None."""
    whole = near(curve, score) == len(curve.fraction) - 1
    return curve.greedy if score.greedy and whole and bool(np.isfinite(curve.greedy).all()) else None


def _held(ours: Doubles, value: float) -> tuple[float, float, float, bool]:
    """Mean, interval, and whether it holds the value or the mean is better."""
    interval, mean = t_interval(ours), float(ours.mean())
    return mean, interval.low, interval.high, bool(mean >= value or interval.low <= value <= interval.high)


def table(data: Data, scores: tuple[Score, ...]) -> pd.DataFrame:
    """A row a published score that ours can stand beside. reached: our interval holds it, or our mean is better.

    greedy, reached_greedy  the same with greedy actions, where the source's are; NaN and False elsewhere
    """
    rows = []
    for score in scores:
        curve = data.suite.curves.get((score.task, score.column))
        if curve is None or (ours := at_budget(curve, score)) is None:
            continue
        mean, low, high, reached = _held(ours, score.value)
        greedy = as_greedy(curve, score)
        again = (np.nan, np.nan, np.nan, False) if greedy is None else _held(greedy, score.value)
        rows.append(
            {"task": score.task, "variant": score.column, "env_steps": score.env_steps, "source": score.source,
             "published": score.value, "metric": score.metric, "note": score.note, "seeds": len(ours), "ours": mean,
             "low": low, "high": high, "reached": reached,
             **dict(zip(("greedy", "greedy_low", "greedy_high", "reached_greedy"), again, strict=True))}
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def shown(made: pd.DataFrame) -> pd.DataFrame:
    """The table as a page has it; no columns where there are no rows."""
    if made.empty:
        return made
    page = made[["task", "variant", "env_steps", "source", "published", "metric", "ours"]].copy()
    page["95 % interval"] = [f"[{low:.4g}, {high:.4g}]" for low, high in zip(made["low"], made["high"], strict=True)]
    page["greedy"] = [
        "-" if np.isnan(mean) else f"{mean:.4g} [{low:.4g}, {high:.4g}]"
        for mean, low, high in zip(made["greedy"], made["greedy_low"], made["greedy_high"], strict=True)
    ]
    page["reached"] = [
        "yes" if yes else "greedy" if greedy else "no"
        for yes, greedy in zip(made["reached"], made["reached_greedy"], strict=True)
    ]
    page["note"] = made["note"]
    return page


EXPLAINED = (
    "Published scores and ours after as many environment steps, in the source's metric: mean of the sampled evaluation with "
    "a 95 % t interval over seeds (`maximum`: the largest mean so far, and the interval of its checkpoint). Sources report "
    "one agent (zoo), four sessions (SLM), three seeds (CleanRL) or ten (Tianshou, SpinUp); `greedy`: ours with the "
    "likeliest actions at the end of the budget, where the source's policies act so; `reached`: our interval holds the "
    "published score, or our mean is better (`greedy`: with greedy actions alone)."
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
        figure = Figure(figsize=(max(4.0 * columns, 6.2), 2.3 * height + 0.8), layout="constrained")
        axes = list(figure.subplots(height, columns, squeeze=False).flat)
        for axis, task in zip(axes, tasks, strict=False):
            _panel(axis, made[made["task"] == task])
            axis.set_title(task)
        for axis in axes[len(tasks) :]:
            axis.set_visible(False)
        figure.suptitle(
            f"cross: published; circle: ours, mean of {counted(int(made['seeds'].min()), 'seed')}, 95 % t interval\n"
            "diamond: ours with greedy actions, where the source's are; blue: reached, orange: missed",
            fontsize=9,
        )
    return figure


def _steps(n: int) -> str:
    return f"{n / 1e6:g}M" if n >= 1_000_000 else f"{n // 1000}k"


def _panel(axis: Axes, rows: pd.DataFrame) -> None:
    for y, row in enumerate(rows.to_dict("records")):
        colour = GAIN if row["reached"] else LOSS
        axis.plot([row["low"], row["high"]], [y, y], color=colour, lw=1.8)
        axis.plot([row["ours"]], [y], "o", ms=4.6, color=colour, mfc="white")
        axis.plot([row["greedy"]], [y], "D", ms=3.6, color=GAIN if row["reached_greedy"] else LOSS)
        axis.plot([row["published"]], [y], "x", ms=6, color="black")
    labels = [f"{r['variant']}, {r['source']}, {_steps(r['env_steps'])}" for r in rows.to_dict("records")]
    axis.set_yticks(range(len(rows)), labels)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.ticklabel_format(axis="x", useOffset=False)  # 999.2, not -0.8 and "+1e3" below
    axis.set_xlabel("return")


@dataclass(frozen=True)
class Reached:
    """Finding: how many published scores ours equal, how many our intervals cannot tell from ours, and which we miss."""

    scores: tuple[Score, ...]

    def sentence(self, data: Data) -> str:
        made = table(data, self.scores)
        if made.empty:
            return ""
        missed = [
            f"`{r['variant']}` on {r['task']} ({r['ours']:.4g} [{r['low']:.4g}, {r['high']:.4g}] against "
            f"{r['published']:.4g} of {r['source']} at {_steps(r['env_steps'])})"
            for r in made.to_dict("records")
            if not (r["reached"] or r["reached_greedy"])
        ]
        equalled = int((made["ours"] >= made["published"]).sum())
        within = int(made["reached"].sum()) - equalled
        head = f"Our means equal or better {equalled} of {counted(len(made), 'published score')}"
        if within:
            head += f", {within} more {'lies' if within == 1 else 'lie'} within our 95 % intervals"
        if alone := int((made["reached_greedy"] & ~made["reached"]).sum()):
            head += f", {alone} more within those of greedy actions, as the source's are"
        return f"{head}; missed: {', '.join(missed)}." if missed else f"{head}."
