"""Runs of unequal length on one task, read at the same numbers of environment steps.

Imported runs stop where their authors stopped them and are logged as often as they liked, so checkpoint 10 of one run is not
checkpoint 10 of another. On a task with imported runs all runs are cut at T, the largest number of steps that every run
reaches, and each variant's runs are read at the same steps: those of its run with the fewest logs up to T, and T itself.
A value between two logs is interpolated linearly in env_steps; a return only between two that are finite numbers: after one
that is none there is none up to the next log, and before one the last holds. Whether a run has diverged is what its last log
up to there says; one that ended so stays so, and does not hold the others back. A variant with a run whose first log is more
than NEAR after T cannot be read at T and is left out by name.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.store.curves import FINITE, states
from envs.api import Doubles

CLOCKS = ("wall_s", "updates")  # columns that are interpolated over all finite logs
REACHED = 1e-6  # of T: a log this close to it is one at T
NEAR = 0.05  # of T: a first log (a final score alone, say) this soon after T is read as one at T


class Aligned(NamedTuple):
    """The rows to compare, and what was done to them: a sentence each; empty where nothing was."""

    frame: pd.DataFrame
    notes: tuple[str, ...]


def align(frame: pd.DataFrame, imported: Collection[str], references: Collection[str] = ()) -> Aligned:
    """Cut the runs of every task that has imported ones at a common number of steps.

    frame       rows of store.read      imported  variants whose runs are not ours
    references  variants that do not learn, which have no length; so has whoever of ours has a single checkpoint
    """
    if not set(frame["variant"]) & set(imported):
        return Aligned(frame, ())
    parts, notes = [], []
    for task, rows in frame.groupby("task", sort=False):
        if not set(rows["variant"]) & set(imported):
            parts.append(rows)
            continue
        looks = rows.groupby("variant")["checkpoint"].nunique()
        fixed = {v for v in looks.index if v in references or (looks[v] == 1 and v not in imported)}
        learn = rows[~rows["variant"].isin(fixed)]
        steps, limits, late = _common(learn)
        parts.append(rows[rows["variant"].isin(fixed)])
        parts += [_at(of, steps) for v, of in learn.groupby("variant", sort=False) if v not in late]
        notes += _notes(str(task), learn, steps, limits, late)
    return Aligned(pd.concat(parts, ignore_index=True) if parts else frame, tuple(notes))


def _common(rows: pd.DataFrame) -> tuple[int, list[str], dict[str, int]]:
    """T, the variants with a run that ends there, and those whose first log is later, with its steps.

    Who is left out does not hold the others back: T is the largest number that the remaining runs all reach.
    """
    runs = rows.sort_values("env_steps").groupby(["variant", "seed"])
    whole = ~runs["diverged"].last()
    ends = runs["env_steps"].max()
    reached = (ends[whole] if whole.any() else ends).groupby("variant").min()
    begins = runs["env_steps"].min().groupby("variant").max()
    steps = int(reached.min())
    late = {str(v): int(b) for v, b in begins.items() if b > steps * (1 + NEAR)}
    return steps, [str(v) for v in reached.index[reached == steps]], late


def _at(rows: pd.DataFrame, steps: int) -> pd.DataFrame:
    """The runs of one variant, read at common steps up to T; untouched where they are logged there already."""
    runs = [run.sort_values("env_steps") for _, run in rows.groupby("seed", sort=False)]
    logs = [run["env_steps"].to_numpy(float) for run in runs]
    same = all(len(log) == len(logs[0]) and (log == logs[0]).all() for log in logs)
    if same and abs(logs[0][-1] - steps) <= REACHED * steps:
        return rows
    longest = [log for log in logs if log[-1] >= steps] or logs  # a diverged run may have stopped before
    fewest = min(longest, key=lambda log: int((log <= steps).sum()))
    grid = np.append(fewest[fewest < steps * (1 - REACHED)], float(steps))
    return pd.concat([read_at(run, grid) for run in runs], ignore_index=True)


def read_at(run: pd.DataFrame, grid: Doubles) -> pd.DataFrame:
    """One run at these steps."""
    log = run["env_steps"].to_numpy(float)
    last = np.maximum(np.searchsorted(log, grid * (1 + REACHED), side="right") - 1, 0)  # log at or before each step
    made = run.iloc[last].copy()
    whole = (states(run) == FINITE).to_numpy()
    returns = np.where(whole, run["eval_return"].to_numpy(float), np.nan)
    made["eval_return"] = np.where(
        made["diverged"].to_numpy(bool), made["eval_return"], _between(log, returns, grid, last)
    )
    for name in CLOCKS:
        values = run[name].to_numpy(float)
        known = np.isfinite(values)
        if known.any():
            made[name] = np.interp(grid, log[known], values[known])
    if abs(log[-1] - grid[-1]) > REACHED * grid[-1]:
        made["eval_return_greedy"] = np.nan  # it was measured at the end of the run
    made["env_steps"] = grid.astype(np.int64)
    made["updates"] = made["updates"].round().astype(run["updates"].dtype)
    return made.assign(checkpoint=np.arange(len(grid)), fraction=grid / max(grid[-1], 1.0))


def _between(log: Doubles, values: Doubles, grid: Doubles, last: NDArray[np.intp]) -> Doubles:
    """Values at these steps, whose log before is `last`: on the line to the next log, where both are finite."""
    after = np.minimum(last + 1, len(log) - 1)
    span = np.maximum(log[after] - log[last], 1.0)  # 0 at the last log
    share = np.clip((grid - log[last]) / span, 0.0, 1.0)
    ends = np.where(np.isfinite(values[after]), values[after], values[last])
    return values[last] + share * (ends - values[last])


def _notes(task: str, rows: pd.DataFrame, steps: int, limits: list[str], late: dict[str, int]) -> list[str]:
    """At how many steps the runs of a task are compared, who ends there, and who is left out."""
    said = [
        f"`{v}` is left out on {task}: its first log is at {begin:,} steps, and runs of {_named(limits)} end at {steps:,}."
        for v, begin in late.items()
    ]
    ends = rows.groupby(["variant", "seed"])["env_steps"].max()
    if (ends > steps * (1 + REACHED)).any():
        how = "values between two logs are interpolated"
        said.insert(
            0, f"On {task} runs are compared at {steps:,} environment steps, where runs of {_named(limits)} end; {how}."
        )
    else:
        said.insert(0, f"On {task} all runs are compared at {steps:,} environment steps.")
    return said


def _named(variants: list[str]) -> str:
    return ", ".join(f"`{v}`" for v in variants[:3]) + (f" and {len(variants) - 3} more" if len(variants) > 3 else "")
