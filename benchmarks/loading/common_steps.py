"""Runs of unequal length on one task, compared at the same numbers of environment steps.

Imported runs differ in length and in the interval of their logs, so checkpoint 10 of one run is not checkpoint 10 of
another. On a task with imported runs all runs are cut at T, the largest number of steps that every run reaches. Each
variant's runs are evaluated at the same steps: T, and the logged steps up to T of its run with the fewest of them.

A value between two logs is interpolated linearly in env_steps. Returns are interpolated between finite numbers only: after
a return that is not finite there is no value until the next log, and before it the last finite value is kept. A run has
diverged at a step if its last log up to that step says so. Runs that end diverged do not limit T. A variant with a run whose
first log is more than MAX_LATE after T has no value at T; it is left out, and a note names it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.store.curves import FINITE, evaluation_states
from envs.api import Doubles

INTERPOLATED = ("wall_s", "updates")  # columns that are interpolated over all finite logs
STEP_TOLERANCE = 1e-6  # of T: a log this close to it is one at T
MAX_LATE = 0.05  # of T: a first log this soon after T counts as a log at T


class Aligned(NamedTuple):
    """The rows to compare, and notes on how they were changed, one sentence each."""

    frame: pd.DataFrame
    notes: tuple[str, ...]


def align(frame: pd.DataFrame, imported: Collection[str], references: Collection[str] = ()) -> Aligned:
    """Cut the runs of every task that has imported ones at a common number of steps.

    frame       rows of store.sources.read_cells      imported  variants whose runs were imported
    references  variants that do not learn and have no length, like trained variants with a single checkpoint
    """
    if not set(frame["variant"]) & set(imported):
        return Aligned(frame, ())
    parts, notes = [], []
    for task, rows in frame.groupby("task", sort=False):
        if not set(rows["variant"]) & set(imported):
            parts.append(rows)
            continue
        checkpoints = rows.groupby("variant")["checkpoint"].nunique()
        fixed = {v for v in checkpoints.index if v in references or (checkpoints[v] == 1 and v not in imported)}
        learn = rows[~rows["variant"].isin(fixed)]
        steps, limits, late = _common_steps(learn)
        parts.append(rows[rows["variant"].isin(fixed)])
        parts += [
            _at_steps(variant_rows, steps) for v, variant_rows in learn.groupby("variant", sort=False) if v not in late
        ]
        notes += _notes(str(task), learn, steps, limits, late)
    return Aligned(pd.concat(parts, ignore_index=True) if parts else frame, tuple(notes))


def _common_steps(rows: pd.DataFrame) -> tuple[int, list[str], dict[str, int]]:
    """T, the variants with a run that ends there, and those whose first log is later, with its steps.

    Variants that are left out do not limit T, the largest number that all remaining runs reach.
    """
    runs = rows.sort_values("env_steps").groupby(["variant", "seed"])
    finite = ~runs["diverged"].last()
    ends = runs["env_steps"].max()
    reached = (ends[finite] if finite.any() else ends).groupby("variant").min()
    begins = runs["env_steps"].min().groupby("variant").max()
    steps = int(reached.min())
    late = {str(v): int(b) for v, b in begins.items() if b > steps * (1 + MAX_LATE)}
    return steps, [str(v) for v in reached.index[reached == steps]], late


def _at_steps(rows: pd.DataFrame, steps: int) -> pd.DataFrame:
    """The runs of one variant, read at common steps up to T; untouched where they are logged there already."""
    runs = [run.sort_values("env_steps") for _, run in rows.groupby("seed", sort=False)]
    logs = [run["env_steps"].to_numpy(float) for run in runs]
    same = all(len(log) == len(logs[0]) and (log == logs[0]).all() for log in logs)
    if same and abs(logs[0][-1] - steps) <= STEP_TOLERANCE * steps:
        return rows
    longest = [log for log in logs if log[-1] >= steps] or logs  # a diverged run may have stopped before
    fewest = min(longest, key=lambda log: int((log <= steps).sum()))
    grid = np.append(fewest[fewest < steps * (1 - STEP_TOLERANCE)], float(steps))
    return pd.concat([interpolate(run, grid) for run in runs], ignore_index=True)


def interpolate(run: pd.DataFrame, grid: Doubles) -> pd.DataFrame:
    """One run at these steps."""
    log = run["env_steps"].to_numpy(float)
    # the log at or before each step
    last = np.maximum(np.searchsorted(log, grid * (1 + STEP_TOLERANCE), side="right") - 1, 0)
    rows = run.iloc[last].copy()
    finite = (evaluation_states(run) == FINITE).to_numpy()
    returns = np.where(finite, run["eval_return"].to_numpy(float), np.nan)
    rows["eval_return"] = np.where(
        rows["diverged"].to_numpy(bool), rows["eval_return"], _interpolate_values(log, returns, grid, last)
    )
    for name in INTERPOLATED:
        values = run[name].to_numpy(float)
        known = np.isfinite(values)
        if known.any():
            rows[name] = np.interp(grid, log[known], values[known])
    if abs(log[-1] - grid[-1]) > STEP_TOLERANCE * grid[-1]:
        rows["eval_return_greedy"] = np.nan  # it was measured at the end of the run
    rows["env_steps"] = grid.astype(np.int64)
    rows["updates"] = rows["updates"].round().astype(run["updates"].dtype)
    return rows.assign(checkpoint=np.arange(len(grid)), fraction=grid / max(grid[-1], 1.0))


def _interpolate_values(log: Doubles, values: Doubles, grid: Doubles, last: NDArray[np.intp]) -> Doubles:
    """Values at these steps, whose log before is `last`: on the line to the next log, where both are finite."""
    after = np.minimum(last + 1, len(log) - 1)
    span = np.maximum(log[after] - log[last], 1.0)  # 0 at the last log
    share = np.clip((grid - log[last]) / span, 0.0, 1.0)
    ends = np.where(np.isfinite(values[after]), values[after], values[last])
    return values[last] + share * (ends - values[last])


def _notes(task: str, rows: pd.DataFrame, steps: int, limits: list[str], late: dict[str, int]) -> list[str]:
    """The number of steps at which a task's runs are compared, which runs end there, and which variants are left out."""
    sentences = [
        f"`{v}` is left out on {task}: its first log is at {begin:,} steps, and runs of {_list_variants(limits)} end "
        f"at {steps:,}."
        for v, begin in late.items()
    ]
    ends = rows.groupby(["variant", "seed"])["env_steps"].max()
    if (ends > steps * (1 + STEP_TOLERANCE)).any():
        how = "values between two logs are interpolated"
        sentences.insert(
            0,
            f"On {task} runs are compared at {steps:,} environment steps, where runs of {_list_variants(limits)} "
            f"end; {how}.",
        )
    else:
        sentences.insert(0, f"On {task} all runs are compared at {steps:,} environment steps.")
    return sentences


def _list_variants(variants: list[str]) -> str:
    return ", ".join(f"`{v}`" for v in variants[:3]) + (f" and {len(variants) - 3} more" if len(variants) > 3 else "")
