"""What asynchrony saves: environment steps a second and seconds to the threshold, each run a repeat of the clock.

Repeats of two variants are neighbours in time, so that their ratio is a pair's and the drift of a machine's speed cancels.
Ratios are averaged as logarithms: a t interval, and a one-sample t test that their mean is 0 (five repeats are too few for a
sign-flip test, whose smallest p is .0625), corrected over all rows of a table (Holm).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy

from benchmarks.design.report_blocks import with_details
from benchmarks.statistics.families import Ledger
from benchmarks.statistics.intervals import t_interval
from benchmarks.statistics.learning_curves import time_to_threshold
from benchmarks.statistics.sign_flips import smallest_p
from benchmarks.statistics.tests import LEVEL, holm
from benchmarks.statistics.wording.answers import name_or_count
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.store.curves import Curve
from benchmarks.store.suite import Data, Suite
from envs.api import Doubles

NAN = float("nan")
MEASURES = ("steps_per_s", "seconds")


class PairedRatio(NamedTuple):
    """The geometric mean of b / a over pairs, its 95 % t interval, and a two-sided p that it is 1."""

    ratio: float
    low: float
    high: float
    p: float


def paired_ratio(b: Doubles, a: Doubles) -> PairedRatio:
    """The geometric mean of b / a; NaN where a number is missing, without an interval for a single pair."""
    logs = np.log(b / a)
    if not len(logs) or np.isnan(logs).any():
        return PairedRatio(NAN, NAN, NAN, NAN)
    interval = t_interval(logs)
    if len(logs) < 2:
        p = 1.0
    elif np.ptp(logs) <= 1e-9:  # nothing varies: no more certain than the exact test of so many pairs
        p = smallest_p(len(logs)) if abs(logs[0]) > 1e-9 else 1.0
    else:
        p = float(scipy.stats.ttest_1samp(logs, 0.0).pvalue)
    return PairedRatio(float(np.exp(logs.mean())), float(np.exp(interval.low)), float(np.exp(interval.high)), p)


def run_speeds(curve: Curve, threshold: float) -> pd.DataFrame:
    """A row a run: its members' steps a second, and the seconds after which their mean return is at the threshold."""
    rows = {}
    for block, members in curve.clocks.items():
        seconds = curve.wall_s[:, members].max(axis=1)
        reached = time_to_threshold(seconds, curve.value[:, members].mean(axis=1), threshold)
        rows[block] = [float(curve.env_steps[-1, members].sum() / seconds[-1]), float(reached)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(MEASURES))


def suite_run_speeds(data: Data) -> dict[tuple[str, str], pd.DataFrame]:
    """The runs of each (task, variant) that learns, in the suite's order."""
    suite = data.suite
    cells = [(t, v) for t in suite.scales for v in suite.learners if (t, v) in suite.curves]
    return {(t, v): run_speeds(suite.curves[t, v], suite.scales[t].threshold) for t, v in cells}


def table(data: Data, baseline: str) -> pd.DataFrame:
    """A row a task and variant: geometric means over its repeats, and their ratios to the baseline's.

    seconds  NaN where a repeat did not reach the threshold      lag  in updates, mean and largest of what was measured
    """
    runs, rows = suite_run_speeds(data), []
    for (task, variant), ours in runs.items():
        base = runs.get((task, baseline), ours.iloc[:0])
        both = ours.index.intersection(base.index) if variant != baseline else ours.index[:0]
        row: dict[str, object] = {"task": task, "variant": variant, "repeats": len(ours)}
        row["reached"] = int(ours["seconds"].notna().sum())
        for name in MEASURES:
            row[name] = float(np.exp(np.log(ours[name].to_numpy(float)).mean()))
            ratio = paired_ratio(*(x.loc[both, name].to_numpy(float) for x in (ours, base)))
            row |= {f"{name}_{part}": value for part, value in ratio._asdict().items()}
        rows.append(row | _lag(data, task, variant))
    speeds = pd.DataFrame(rows)
    for name in MEASURES:
        speeds[f"{name}_p"] = holm(speeds[f"{name}_p"].to_numpy(float))
    return speeds


def _lag(data: Data, task: str, variant: str) -> dict[str, float]:
    rows = data.measures[(data.measures["task"] == task) & (data.measures["variant"] == variant)]
    lags = {name: rows.loc[rows["measure"] == name, "value"] for name in ("lag", "lag_max")}
    return {"lag": float(lags["lag"].mean()), "lag_max": float(lags["lag_max"].max())}


def ratio_text(row: Mapping[Any, Any], name: str) -> str:
    """1.80 [1.70, 1.90]; - where there is no ratio."""
    value, low, high = (row[f"{name}_{part}"] for part in ("ratio", "low", "high"))
    if np.isnan(value):
        return "-"
    return _rounded(value) if np.isnan(low) else f"{_rounded(value)} [{_rounded(low)}, {_rounded(high)}]"


def _rounded(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def page_table(speeds: pd.DataFrame) -> pd.DataFrame:
    """The table as a page has it: ratios with their intervals as text."""
    rows = speeds.to_dict("records")
    page = speeds[["task", "variant", "steps_per_s"]].rename(columns={"steps_per_s": "steps/s"})
    page["times the steps/s"] = [ratio_text(row, "steps_per_s") for row in rows]
    page["p (steps/s)"] = speeds["steps_per_s_p"]
    page["reached"] = [f"{row['reached']} of {row['repeats']}" for row in rows]
    page["seconds to threshold"] = speeds["seconds"]
    page["times the seconds"] = [ratio_text(row, "seconds") for row in rows]
    page["p (seconds)"] = speeds["seconds_p"]
    page["mean lag"], page["largest lag"] = speeds["lag"], speeds["lag_max"]
    return page


def caption(baseline: str) -> str:
    """What the columns of `page_table` are."""
    return (
        "Environment steps a second of training, and seconds of training until the return is at the task's threshold: "
        f"geometric means over runs. `times`: the ratio to `{baseline}` over pairs of runs that were neighbours in time. "
        "Its 95 % t interval is not corrected. `p`: of a t test of its logarithm (Holm over the rows). No seconds and no "
        "ratio where a run did not reach the threshold. Lag in updates between playing and learning, as measured."
    )


@dataclass(frozen=True)
class Speedup:
    """The speed of one configuration relative to the baseline on each task."""

    baseline: str
    variant: str

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """It tests no pairs of variants."""

    def sentence(self, data: Data) -> str:
        """Ratios with their intervals, and where the corrected tests show no difference."""
        speeds = table(data, self.baseline)
        rows = speeds[(speeds["variant"] == self.variant) & speeds["steps_per_s_ratio"].notna()].to_dict("records")
        if not rows:
            return ""
        faster = [row for row in rows if row["steps_per_s_p"] < LEVEL]
        open_ = [row["task"] for row in rows if not row["steps_per_s_p"] < LEVEL]
        pair, runs = f"`{self.variant}`", count_noun(int(rows[0]["repeats"]), "run")
        ratios = sorted(float(row["steps_per_s_ratio"]) for row in faster)
        span = f"{_rounded(ratios[0])} to {_rounded(ratios[-1])}" if len(ratios) > 1 else "".join(map(_rounded, ratios))
        answer = []
        if faster:
            answer.append(
                f"{pair} makes {span} times the steps a second of `{self.baseline}` on {len(faster)} of "
                f"{count_noun(len(rows), 'task')} ({runs} each, p below .05 after Holm)."
            )
        if open_:
            head = f"No difference is shown on {name_or_count(open_, 'tasks', 12)}"
            answer.append(f"{head}." if faster else f"{head} between {pair} and `{self.baseline}` ({runs} each).")
        details = [
            text
            for row in rows
            for text in (f"On {row['task']}: {_steps(row)}.", f"On {row['task']}: {_seconds(row)}.")
        ]
        return with_details(" ".join(answer), details)


def _steps(row: Mapping[Any, Any]) -> str:
    times = ratio_text(row, "steps_per_s")
    if row["steps_per_s_p"] < LEVEL:
        return f"{times} times the environment steps a second"
    return f"no difference is shown in environment steps a second ({times})"


def _seconds(row: Mapping[Any, Any]) -> str:
    if np.isnan(row["seconds_ratio"]):
        reached = f"{row['reached']} of {row['repeats']} runs reach the threshold"
        return f"{reached}, so the seconds to it are not compared"
    times = ratio_text(row, "seconds")
    if row["seconds_p"] < LEVEL:
        return f"it reaches the threshold after {times} of the seconds"
    return f"no difference is shown in seconds to the threshold ({times})"
