"""One variant on one task as arrays: its checkpoints and members, with imputed values of lost runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from envs.api import Doubles, Scale

# seeds of one cell, which share one process and its clock: from 10 to 20 seeds trains 10..19 alone; from 14 to 20 trains
# 10..13 again, in another cell
BLOCK = 10


def area_under_curve(x: Doubles, y: Doubles) -> Doubles:
    """Trapezoid of y over x divided by the range of x, a mean score: x [K] or as y [..., K] -> [...].

    ValueError where x falls or does not move, or anything is NaN: a gap has no area. A single point is its own mean.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if np.isnan(x).any() or np.isnan(y).any():
        raise ValueError(f"{int(np.isnan(x).sum())} NaN in x and {int(np.isnan(y).sum())} in y: a gap has no area")
    if y.shape[-1] == 1:
        return y[..., 0]
    span = x[..., -1] - x[..., 0]
    if (np.diff(x, axis=-1) < 0).any() or (span <= 0).any():
        raise ValueError(f"x must increase, not run from {x[..., 0]} to {x[..., -1]}")
    area: Doubles = np.trapezoid(y, x, axis=-1) / span
    return area


@dataclass(frozen=True)
class Curve:
    """One variant on one task: K checkpoints of S members.

    A member that has diverged, or whose return is not a finite number, counts as the worst of its task (Scale). A
    checkpoint at which this holds for all members has no value: NaN.
    """

    seeds: NDArray[np.int64]  # [S]
    fraction: Doubles  # [K]
    env_steps: Doubles  # [K, S]
    updates: Doubles  # [K, S]
    wall_s: Doubles  # [K, S] seconds of training; NaN where they were not measured
    value: Doubles  # [K, S] returns
    score: Doubles  # [K, S] in the suite's unit
    greedy: Doubles  # [S] of the last checkpoint
    diverged: NDArray[np.bool_]  # [S]
    not_finite: NDArray[np.bool_]  # [K, S] did not diverge, and yet its return is not a finite number
    imputed: NDArray[np.bool_]  # [K, S] lost by then: its value was not measured and is imputed
    block: int = BLOCK

    @property
    def has_curve(self) -> bool:
        """Whether it has more than one checkpoint."""
        return len(self.fraction) > 1

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Members [S] whose last return is not a finite number, diverged or not."""
        return self.imputed[-1]

    @property
    def clocks(self) -> dict[int, NDArray[np.bool_]]:
        """Which members [S] each process trained: a block of seeds reports one clock."""
        blocks = self.seeds // self.block
        return {int(b): blocks == b for b in np.unique(blocks)}

    @property
    def train_s(self) -> float:
        """Seconds of training of all members."""
        return float(sum(self.wall_s[-1, members].max() for members in self.clocks.values()))

    @property
    def areas(self) -> Doubles:
        """Area under each member's curve over its environment steps [S], a mean score; NaN where a value is missing."""
        if np.isnan(self.score).any():
            return np.full(len(self.seeds), np.nan)
        return np.array(area_under_curve(self.env_steps.T, self.score.T))


COLUMNS = ("env_steps", "updates", "wall_s", "eval_return", "eval_return_greedy", "diverged")
FINITE, DIVERGED, NOT_FINITE = 0.0, 1.0, 2.0  # states of an evaluation


def evaluation_states(frame: pd.DataFrame) -> pd.Series:
    """Of each row: FINITE, DIVERGED, or NOT_FINITE where the return is no number although the member did not diverge."""
    unread = np.where(np.isfinite(frame["eval_return"]), FINITE, NOT_FINITE)
    return pd.Series(np.where(frame["diverged"].astype(bool), DIVERGED, unread), frame.index)


def build_curve(rows: pd.DataFrame, scale: Scale, worst: Mapping[float, float], block: int) -> Curve:
    """Rows of one task and variant as arrays; a checkpoint that a member has no row for is the one before it.

    scale  in which scores are read      worst  of the task, by fraction of the budget: its worst finite return
    """
    rows = rows.assign(state=evaluation_states(rows))
    wide = rows.pivot(index="checkpoint", columns="seed", values=[*COLUMNS, "state"]).sort_index()
    wide = wide.ffill().bfill()  # the state goes along: it tells what was no number from what is missing
    arrays = {name: wide[name].to_numpy(np.float64) for name in (*COLUMNS, "state")}
    fraction = rows.groupby("checkpoint")["fraction"].first().sort_index().to_numpy(float)
    seeds = wide["env_steps"].columns.to_numpy(np.int64)
    lost = arrays["state"] != FINITE
    others = np.array([worst.get(float(f), np.inf) for f in fraction])[:, None]
    value = scale.counted(arrays["eval_return"], lost, others)
    x = arrays["env_steps"], arrays["updates"], arrays["wall_s"]
    greedy = _greedy(arrays["eval_return_greedy"][-1], lost[-1], value[-1])
    diverged, not_finite = arrays["state"][-1] == DIVERGED, arrays["state"] == NOT_FINITE
    return Curve(seeds, fraction, *x, value, scale.read(value), greedy, diverged, not_finite, lost, block)


def _greedy(greedy: Doubles, lost: NDArray[np.bool_], value: Doubles) -> Doubles:
    """Greedy returns [S]; a lost member counts here what it counts among the sampled ones, where any was measured."""
    return np.where(lost, np.fmin(value, np.nanmin(greedy)), greedy) if np.isfinite(greedy).any() else greedy
