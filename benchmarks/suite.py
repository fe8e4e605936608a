"""The curves of a report as arrays: every (task, variant) once, so that tables and figures need not search the frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.efficiency import area_under_curve
from envs.api import Scale as Scale

Doubles = NDArray[np.float64]
BLOCK = 10  # seeds that one process trains: its clock is the same for all of them


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
    wall_s: Doubles  # [K, S] seconds of training; NaN where nobody measured them
    value: Doubles  # [K, S] returns
    score: Doubles  # [K, S] in the suite's unit
    greedy: Doubles  # [S] of the last checkpoint
    diverged: NDArray[np.bool_]  # [S]
    not_finite: NDArray[np.bool_]  # [K, S] did not diverge, and yet its return is not a finite number
    filled: NDArray[np.bool_]  # [K, S] lost by then: its value was not measured, it is what a lost run counts as
    block: int = BLOCK

    @property
    def moving(self) -> bool:
        """Whether it learns: it was looked at more than once."""
        return len(self.fraction) > 1

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Members [S] whose last return is not a finite number, diverged or not."""
        return self.filled[-1]

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
FINITE, DIVERGED, NOT_FINITE = 0.0, 1.0, 2.0  # states of an evaluation


def states(frame: pd.DataFrame) -> pd.Series:
    """Of each row: FINITE, DIVERGED, or NOT_FINITE where the return is no number although the member did not diverge."""
    unread = np.where(np.isfinite(frame["eval_return"]), FINITE, NOT_FINITE)
    return pd.Series(np.where(frame["diverged"].astype(bool), DIVERGED, unread), frame.index)


def _curve(rows: pd.DataFrame, scale: Scale, worst: Mapping[float, float], block: int) -> Curve:
    """Rows of one task and variant as arrays; a checkpoint that a member has no row for is the one before it.

    scale  in which scores are read      worst  of the task, by fraction of the budget: its worst finite return
    """
    rows = rows.assign(state=states(rows))
    wide = rows.pivot(index="checkpoint", columns="seed", values=[*COLUMNS, "state"]).sort_index()
    wide = wide.ffill().bfill()  # the state goes along: it tells what was no number from what is missing
    of = {name: wide[name].to_numpy(np.float64) for name in (*COLUMNS, "state")}
    fraction = rows.groupby("checkpoint")["fraction"].first().sort_index().to_numpy(float)
    seeds = wide["env_steps"].columns.to_numpy(np.int64)
    lost = of["state"] != FINITE
    others = np.array([worst.get(float(f), np.inf) for f in fraction])[:, None]
    value = scale.counted(of["eval_return"], lost, others)
    x = of["env_steps"], of["updates"], of["wall_s"]
    greedy = _greedy(of["eval_return_greedy"][-1], lost[-1], value[-1])
    diverged, not_finite = of["state"][-1] == DIVERGED, of["state"] == NOT_FINITE
    return Curve(seeds, fraction, *x, value, scale.read(value), greedy, diverged, not_finite, lost, block)


def _greedy(greedy: Doubles, lost: NDArray[np.bool_], value: Doubles) -> Doubles:
    """Greedy returns [S]; a lost member counts here what it counts among the sampled ones, where any was measured."""
    return np.where(lost, np.fmin(value, np.nanmin(greedy)), greedy) if np.isfinite(greedy).any() else greedy


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
    def readings(self) -> Mapping[str, Scale]:
        """The scales that scores are read on: as given, or all of them in returns where one has no ceiling."""
        if all(scale.normalised for scale in self.scales.values()):
            return self.scales
        return {task: scale.raw for task, scale in self.scales.items()}

    @property
    def normalised(self) -> bool:
        """Whether scores are normalised, so that they can be averaged over tasks."""
        return all(scale.normalised for scale in self.readings.values())

    @property
    def unit(self) -> str:
        """What scores are measured in, for sentences and axes."""
        return "normalised score" if self.normalised else "return"

    @property
    def final_unit(self) -> str:
        """What final scores are, for titles."""
        return "normalised final score" if self.normalised else "final return"

    def averages(self, tasks: Sequence[str]) -> bool:
        """Whether scores of these tasks may be averaged: returns of different tasks may not."""
        return self.normalised or len(tasks) < 2

    @cached_property
    def worst(self) -> dict[str, dict[float, float]]:
        """The worst finite return of anyone, by task and fraction of the budget."""
        rows = self.frame[states(self.frame) == FINITE]
        found: dict[str, dict[float, float]] = {task: {} for task in self.scales}
        least = rows.groupby(["task", "fraction"])["eval_return"].min().reset_index()
        for task, fraction, value in zip(least["task"], least["fraction"], least["eval_return"], strict=True):
            found.setdefault(str(task), {})[float(fraction)] = float(value)
        return found

    @cached_property
    def curves(self) -> dict[tuple[str, str], Curve]:
        """By (task, variant)."""
        groups = self.frame.groupby(["task", "variant"], sort=False)
        places = {(str(t), str(v)): rows for (t, v), rows in groups}
        return {p: _curve(rows, self.readings[p[0]], self.worst[p[0]], self.block) for p, rows in places.items()}

    @cached_property
    def without_mean(self) -> list[tuple[str, str]]:
        """(task, variant) whose members are all lost: it has no mean there, and none over tasks."""
        places = ((t, v) for t in self.scales for v in self.variants)
        return [place for place in places if place in self.curves and self.curves[place].lost.all()]

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
        """Final scores [seeds, tasks], of the seeds that have all these tasks. Not to be written to.

        Empty where the variant has no mean on one of the tasks, or where scores of these tasks may not be averaged.
        """
        key = variant, tuple(tasks)
        if key not in self._finals:
            self._finals[key] = self._final(variant, tasks)
        return self._finals[key]

    def _final(self, variant: str, tasks: Sequence[str]) -> pd.DataFrame:
        if not self.averages(tasks):
            return pd.DataFrame(columns=list(tasks), dtype=float)
        columns = {t: pd.Series(c.score[-1], c.seeds) for t in tasks if (c := self.curves.get((t, variant)))}
        return pd.DataFrame(columns, columns=list(tasks)).dropna().sort_index()

    def lost(self, variant: str, tasks: Sequence[str]) -> pd.DataFrame:
        """Which of the scores of `final` [seeds, tasks] were not measured: they are what a lost run counts as."""
        columns = {t: pd.Series(c.lost, c.seeds) for t in tasks if (c := self.curves.get((t, variant)))}
        return pd.DataFrame(columns, columns=list(tasks)).loc[self.final(variant, tasks).index].astype(bool)

    def scores(self, variant: str, tasks: Sequence[str]) -> Doubles | None:
        """Scores [K, seeds, tasks] over training.

        None where the tasks' checkpoints differ in number, one has no value, or the tasks may not be averaged.
        """
        if not self.averages(tasks):
            return None
        curves = [self.curves[t, variant] for t in tasks]
        shared = sorted(set.intersection(*(set(c.seeds.tolist()) for c in curves)))
        if len({len(c.fraction) for c in curves}) > 1 or not shared:
            return None
        made = np.stack([c.score[:, np.isin(c.seeds, shared)] for c in curves], axis=-1)
        return None if np.isnan(made).any() else made

    def area(self, task: str, variant: str) -> pd.Series:
        """Area under each member's curve over its environment steps, a mean score; by seed.

        A lost member counts as the lowest of its own area and the worst of the others on this task. NaN where all are.
        """
        curve = self.curves[task, variant]
        own = _areas(curve)
        if curve.lost.all():
            own[:] = np.nan
        elif curve.lost.any():
            others = [_areas(c)[~c.lost] for (t, _), c in self.curves.items() if t == task and c.moving]
            own[curve.lost] = np.minimum(own[curve.lost], np.nanmin(np.concatenate(others)))
        return pd.Series(own, curve.seeds)


def _areas(curve: Curve) -> Doubles:
    """[S]; of a checkpoint without a value the area is NaN."""
    if np.isnan(curve.score).any():
        return np.full(len(curve.seeds), np.nan)
    return np.array(area_under_curve(curve.env_steps.T, curve.score.T))
