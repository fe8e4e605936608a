"""The curves of a report as arrays: every (task, variant) once, so that tables and figures need not search the frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
BLOCK = 10  # seeds that one process trains: its clock is the same for all of them


@dataclass(frozen=True)
class Scale:
    """How a task's returns are read: (x - floor) / (ceiling - floor), solved at `threshold`."""

    floor: float
    ceiling: float
    threshold: float

    def score(self, value: Doubles) -> Doubles:
        return (value - self.floor) / (self.ceiling - self.floor)


@dataclass(frozen=True)
class Curve:
    """One variant on one task: K checkpoints of S members. A diverged member's value is its task's floor."""

    seeds: NDArray[np.int64]  # [S]
    fraction: Doubles  # [K]
    env_steps: Doubles  # [K, S]
    updates: Doubles  # [K, S]
    wall_s: Doubles  # [K, S] seconds of training; NaN where nobody measured them
    value: Doubles  # [K, S] returns
    score: Doubles  # [K, S] normalised
    greedy: Doubles  # [S] of the last checkpoint
    diverged: NDArray[np.bool_]  # [S]
    block: int = BLOCK

    @property
    def moving(self) -> bool:
        """Whether it learns: it was looked at more than once."""
        return len(self.fraction) > 1

    @property
    def clocks(self) -> dict[int, NDArray[np.bool_]]:
        """Which members [S] each process trained: a block of seeds reports one clock."""
        of = self.seeds // self.block
        return {int(b): of == b for b in np.unique(of)}

    @property
    def train_s(self) -> float:
        """Seconds of training of all members."""
        return float(sum(self.wall_s[-1, members].max() for members in self.clocks.values()))


COLUMNS = ("env_steps", "updates", "wall_s", "eval_return", "eval_return_greedy", "diverged")


def _curve(rows: pd.DataFrame, scale: Scale, block: int) -> Curve:
    """Rows of one task and variant -> arrays; a checkpoint that a member lacks is the one before it."""
    wide = rows.pivot(index="checkpoint", columns="seed", values=list(COLUMNS)).sort_index().ffill().bfill()
    of = {name: wide[name].to_numpy(np.float64) for name in COLUMNS}
    lost = of["diverged"] > 0
    value = np.where(lost, scale.floor, of["eval_return"])
    fraction = rows.groupby("checkpoint")["fraction"].first().sort_index().to_numpy(float)
    seeds = wide["env_steps"].columns.to_numpy(np.int64)
    greedy = of["eval_return_greedy"][-1]
    x = of["env_steps"], of["updates"], of["wall_s"]
    return Curve(seeds, fraction, *x, value, scale.score(value), greedy, lost[-1], block)


@dataclass(frozen=True)
class Suite:
    """What a report compares. `variants` in the order they are shown; `scales` holds its tasks in order.

    optional  variants that exist only on tasks with an oracle: references, never compared
    imported  variants whose runs are not ours: their seeds are no pairs of our seeds
    block     seeds that one process trained
    notes     what was done to the rows before, so that runs of unequal length can be compared (common_steps.py)
    """

    frame: pd.DataFrame
    scales: Mapping[str, Scale]
    variants: Sequence[str]
    optional: frozenset[str] = field(default_factory=frozenset)
    imported: frozenset[str] = field(default_factory=frozenset)
    block: int = BLOCK
    notes: tuple[str, ...] = ()

    @cached_property
    def curves(self) -> dict[tuple[str, str], Curve]:
        """By (task, variant)."""
        groups = self.frame.groupby(["task", "variant"], sort=False)
        return {(str(t), str(v)): _curve(rows, self.scales[str(t)], self.block) for (t, v), rows in groups}

    @cached_property
    def present(self) -> list[str]:
        """Variants that have rows."""
        found = {v for _, v in self.curves}
        return [v for v in self.variants if v in found]

    @cached_property
    def learners(self) -> list[str]:
        """Variants that learn and may stand on every task: those that are compared. Imported ones may be final scores."""
        moving = {v for (_, v), curve in self.curves.items() if curve.moving} | self.imported
        return [v for v in self.present if v in moving and v not in self.optional]

    @property
    def unit(self) -> str:
        """What scores are measured in, for sentences and axes."""
        return "normalised score"

    def tasks(self, *variants: str) -> list[str]:
        """Tasks that all of these variants have."""
        return [t for t in self.scales if all((t, v) in self.curves for v in variants)]

    @property
    def seeds(self) -> int:
        """The least number of seeds of a (task, variant); imported runs count where there are no others."""
        ours = [len(c.seeds) for (_, v), c in self.curves.items() if v not in self.imported]
        return min(ours or [len(c.seeds) for c in self.curves.values()])

    @cached_property
    def _finals(self) -> dict[tuple[str, tuple[str, ...]], pd.DataFrame]:
        return {}

    def final(self, variant: str, tasks: Sequence[str]) -> pd.DataFrame:
        """Normalised final scores [seeds, tasks], of the seeds that have all these tasks. Not to be written to."""
        key = variant, tuple(tasks)
        if key not in self._finals:
            self._finals[key] = self._final(variant, tasks)
        return self._finals[key]

    def _final(self, variant: str, tasks: Sequence[str]) -> pd.DataFrame:
        columns = {t: pd.Series(c.score[-1], c.seeds) for t in tasks if (c := self.curves.get((t, variant)))}
        return pd.DataFrame(columns, columns=list(tasks)).dropna().sort_index()

    def scores(self, variant: str, tasks: Sequence[str]) -> Doubles | None:
        """Normalised scores [K, seeds, tasks] over training; None where the tasks' checkpoints differ in number."""
        curves = [self.curves[t, variant] for t in tasks]
        shared = sorted(set.intersection(*(set(c.seeds.tolist()) for c in curves)))
        if len({len(c.fraction) for c in curves}) > 1 or not shared:
            return None
        return np.stack([c.score[:, np.isin(c.seeds, shared)] for c in curves], axis=-1)
