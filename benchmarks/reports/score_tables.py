"""The tables of a report, each from a Suite or from the measures in long form.

A diverged member counts as its task's worst (envs.api.Scale), for dropping it would reward divergence. It is counted too.
A cell whose members all diverged has no mean: NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from algorithms.estimators.diagnostics import NAMES
from algorithms.training.returns.pass_at_k import NAMES as PASSES
from benchmarks.statistics import aggregates, learning_curves
from benchmarks.statistics.comparisons import SEED
from benchmarks.statistics.intervals import t_interval
from benchmarks.store.curves import Curve
from benchmarks.store.suite import Suite
from envs.api import Doubles, Scale
from envs.control.limits import ANYTHING, Limits

PIVOTED = ["task", "variant", "measure", "value"]  # columns of measures: millions of rows, and each column is copied


def score_table(suite: Suite) -> pd.DataFrame:
    """One row per task and variant: final return, its interval, time to threshold, speed, failures."""
    cells = [(t, v) for t in suite.scales for v in suite.variants if (t, v) in suite.curves]
    rows = [
        {"task": t, "variant": v, **_score_row(suite.curves[t, v], suite.scales[t], suite.limits.get(t, ANYTHING))}
        for t, v in cells
    ]
    return _without_zero_counts(pd.DataFrame(rows), "not_finite")


def _score_row(curve: Curve, scale: Scale, limits: Limits) -> dict[str, object]:
    values = curve.value[-1]
    interval = t_interval(values, limits=limits)
    value = np.where(curve.lost, np.nan, curve.value).T  # a run that ended diverged has reached no threshold
    reached = learning_curves.time_to_threshold(curve.env_steps.T, value, scale.threshold)
    seconds = learning_curves.time_to_threshold(curve.wall_s.T, value, scale.threshold)
    train_s = curve.train_s
    return {
        "mean": float(values.mean()),
        "low": interval.low,
        "high": interval.high,
        "score": float(curve.score[-1].mean()),
        "seeds": len(values),
        "iqm": aggregates.iqm(values),
        "greedy": _mean(curve.greedy),
        "reached": int(np.isfinite(reached).sum()) if scale.solvable else float("nan"),
        "steps_to_threshold": _median(reached),
        "seconds_to_threshold": _median(seconds),
        "env_steps": int(curve.env_steps[-1].mean()),
        "steps_per_s": float(curve.env_steps[-1].sum() / train_s) if train_s else float("nan"),
        "diverged": int(curve.diverged.sum()),
        "not_finite": int(curve.not_finite[-1].sum()),
    }


def _without_zero_counts(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Without a column of counts that are all 0."""
    return table if column not in table or table[column].any() else table.drop(columns=column)


def _mean(x: Doubles) -> float:
    return float(np.nanmean(x)) if np.isfinite(x).any() else float("nan")


def _median(x: Doubles) -> float:
    """Of those that have one."""
    return float(np.nanmedian(x)) if np.isfinite(x).any() else float("nan")


def aggregate_table(suite: Suite, expected: Sequence[str]) -> pd.DataFrame:
    """One row per variant: aggregates of the score over its tasks, intervals clustered by seed; NaN where it has no mean.

    optimality_gap  where scores are normalised
    missing  tasks among `expected` that it has no rows on (a reference has none where there is no oracle)
    """
    rows = []
    for variant in suite.present:
        tasks = suite.tasks(variant)
        matrix = suite.final(variant, tasks).to_numpy(float)
        if not matrix.size and not any((t, variant) in suite.without_mean for t in tasks):
            continue
        interval = t_interval(matrix.mean(axis=1), limits=suite.score_limits(tasks))
        middle = aggregates.bootstrap_iqm(matrix, np.random.default_rng(SEED))
        lost = sum(int(suite.curves[t, variant].diverged.sum()) for t in tasks)
        missing = 0 if variant in suite.optional else len(set(expected) - set(tasks))
        rows.append(
            {
                "variant": variant,
                "mean": _statistic(aggregates.mean, matrix),
                "low": interval.low,
                "high": interval.high,
                "iqm": _statistic(aggregates.iqm, matrix),
                "iqm_low": middle.low,
                "iqm_high": middle.high,
                "median": _statistic(aggregates.median, matrix),
                "optimality_gap": _statistic(aggregates.optimality_gap, matrix),
                "tasks": len(tasks),
                "seeds": len(matrix),
                "diverged": lost,
                "missing": missing,
            }
        )
    table = pd.DataFrame(rows)
    return table if suite.normalised or table.empty else table.drop(columns="optimality_gap")


def _statistic(statistic: Callable[[Doubles], Any], matrix: Doubles) -> float:
    """NaN for an empty matrix."""
    return float(statistic(matrix)) if matrix.size else float("nan")


def efficiency_table(suite: Suite) -> pd.DataFrame:
    """One row per learner: mean score over training (area under the curve), and how soon it reaches two levels.

    auc      the mean over tasks of the area under the curve against environment steps, a t interval over seeds
    to_half, to_nine_tenths   the share of the budget after which the mean score over tasks and seeds is there, where scores
                              are normalised
    """
    levels = (("to_half", 0.5), ("to_nine_tenths", 0.9)) if suite.normalised else ()
    rows = []
    for variant in suite.learners:
        tasks = [t for t in suite.tasks(variant) if suite.curves[t, variant].has_curve]
        if not tasks or not suite.can_average(tasks):  # final scores alone, or returns of several tasks
            continue
        areas = pd.DataFrame({t: suite.area(t, variant) for t in tasks}).dropna().mean(axis=1).to_numpy(float)
        interval = t_interval(areas, limits=suite.score_limits(tasks))
        row: dict[str, object] = {"variant": variant}
        row["auc"] = float(areas.mean()) if areas.size else float("nan")
        row |= {"low": interval.low, "high": interval.high}
        scores = suite.scores(variant, tasks)
        for name, level in levels:
            share = float("nan")
            if scores is not None:
                fraction = suite.curves[tasks[0], variant].fraction
                share = float(learning_curves.time_to_threshold(fraction, scores.mean(axis=(1, 2))[None], level)[0])
            row[name] = share
        rows.append(row | {"tasks": len(tasks), "seeds": len(areas)})
    return pd.DataFrame(rows)


def throughput_table(scores: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Environment steps a second of one process training all seeds of a block: a row a variant, a column a task.

    Imported runs are left out: each has a clock of its own.
    """
    rows = scores[(scores["steps_per_s"] > 0) & ~scores["variant"].isin(suite.imported)]
    if rows.empty:
        return pd.DataFrame()
    wide = rows.pivot(index="variant", columns="task", values="steps_per_s")
    wide = wide.reindex(index=[v for v in suite.present if v in wide.index], columns=list(suite.scales))
    return wide.dropna(axis=1, how="all").reset_index().rename_axis(columns=None)


def measure_table(measures: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Measures other than the return at the last checkpoint: a row per task and variant, means over seeds."""
    others = ~measures["measure"].isin((*NAMES, *PASSES))  # pass@k has a table of its own
    rows = measures.loc[others, ["seed", "checkpoint", *PIVOTED]]
    last = rows.groupby(["task", "variant", "seed"])["checkpoint"].transform("max")
    return _pivot(rows.loc[rows["checkpoint"] == last, PIVOTED], suite)


def diagnostics_table(measures: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Diagnostics of training: a row a task and variant, means over seeds and the whole run."""
    table = _pivot(measures.loc[measures["measure"].isin(NAMES), PIVOTED], suite)
    return table[[c for c in ("task", "variant", *NAMES) if c in table.columns]]


def _pivot(measures: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Long rows -> a row a task and variant, a column a measure, means."""
    if measures.empty:
        return pd.DataFrame()
    wide = measures.pivot_table(index=["task", "variant"], columns="measure", values="value", aggfunc="mean")
    order = [(t, v) for t in suite.scales for v in suite.variants if (t, v) in wide.index]
    return wide.loc[order].reset_index().rename_axis(columns=None)


def over_tasks(table: pd.DataFrame, suite: Suite, columns: Sequence[str]) -> pd.DataFrame:
    """A table of (task, variant) -> a row a variant: means of these columns over the tasks that have them."""
    if table.empty:
        return table
    wide = table[["variant", *(c for c in columns if c in table)]].groupby("variant").mean()
    return wide.reindex([v for v in suite.present if v in wide.index]).reset_index()


def missing_cells(suite: Suite) -> list[str]:
    """`task x variant` pairs without rows; references with an oracle and imported variants need not be everywhere."""
    needed = [v for v in suite.variants if v not in suite.optional and v not in suite.imported]
    return [f"{t} x {v}" for t in suite.scales for v in needed if (t, v) not in suite.curves]
