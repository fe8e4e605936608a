"""The runs that a report compares, as arrays: every (task, variant) once, so that the frame is searched only once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.store.curves import BLOCK, FINITE, Curve, build_curve, evaluation_states
from envs.api import Doubles, Ints, Scale
from envs.control import limits as known
from envs.control.limits import ANYTHING, Limits
from envs.language.frontier import Frontier
from envs.naming.titles import title_of_task, title_of_variant


@dataclass(frozen=True)
class Suite:
    """What a report compares. `variants` in the order they are shown; `scales` holds its tasks in order.

    optional  variants that exist only on tasks with an oracle: references, never compared
    imported  variants whose runs were imported: their seeds are not paired with ours
    block     seeds that one process trained
    notes     how rows were changed to compare runs of unequal length (common_steps.py)
    frontiers the exact frontiers of the tasks that know theirs
    limits    of the expected return by task, and of the returns of its views by (task, view), where they are known
    titles    what figures call tasks and variants, by name
    """

    frame: pd.DataFrame
    scales: Mapping[str, Scale]
    variants: Sequence[str]
    optional: frozenset[str] = field(default_factory=frozenset)
    imported: frozenset[str] = field(default_factory=frozenset)
    block: int = BLOCK
    notes: tuple[str, ...] = ()
    frontiers: Mapping[str, Frontier] = field(default_factory=dict)
    limits: Mapping[str | tuple[str, str], Limits] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def score_scales(self) -> Mapping[str, Scale]:
        """The scales that scores are read on: as given, or all of them in returns where one has no ceiling."""
        if all(scale.normalised for scale in self.scales.values()):
            return self.scales
        return {task: scale.raw for task, scale in self.scales.items()}

    @property
    def normalised(self) -> bool:
        """Whether scores are normalised, so that they can be averaged over tasks."""
        return all(scale.normalised for scale in self.score_scales.values())

    @property
    def unit(self) -> str:
        """What scores are measured in, for sentences and axes."""
        return "normalised score" if self.normalised else "return"

    @property
    def final_unit(self) -> str:
        """What final scores are, for titles."""
        return "normalised final score" if self.normalised else "final return"

    def can_average(self, tasks: Sequence[str]) -> bool:
        """Whether scores of these tasks may be averaged: returns of different tasks may not."""
        return self.normalised or len(tasks) < 2

    def score_limits(self, tasks: Sequence[str]) -> Limits:
        """What the expected score cannot leave, a mean over these tasks."""
        each = [(self.score_scales[t], self.limits.get(t, ANYTHING)) for t in tasks]
        return known.mean(Limits(*(float(x) for x in scale.read(limits))) for scale, limits in each)

    @cached_property
    def worst(self) -> dict[str, dict[float, float]]:
        """The worst finite return of any run, by task and fraction of the budget."""
        rows = self.frame[evaluation_states(self.frame) == FINITE]
        worst: dict[str, dict[float, float]] = {task: {} for task in self.scales}
        least = rows.groupby(["task", "fraction"])["eval_return"].min().reset_index()
        for task, fraction, value in zip(least["task"], least["fraction"], least["eval_return"], strict=True):
            worst.setdefault(str(task), {})[float(fraction)] = float(value)
        return worst

    @cached_property
    def curves(self) -> dict[tuple[str, str], Curve]:
        """By (task, variant)."""
        groups = self.frame.groupby(["task", "variant"], sort=False)
        rows_by_cell = {(str(t), str(v)): rows for (t, v), rows in groups}
        return {
            p: build_curve(rows, self.score_scales[p[0]], self.worst[p[0]], self.block)
            for p, rows in rows_by_cell.items()
        }

    @cached_property
    def without_mean(self) -> list[tuple[str, str]]:
        """(task, variant) whose members are all lost: it has no mean there, and none over tasks."""
        cells = ((t, v) for t in self.scales for v in self.variants)
        return [place for place in cells if place in self.curves and self.curves[place].lost.all()]

    @cached_property
    def present(self) -> list[str]:
        """Variants that have rows."""
        names = {v for _, v in self.curves}
        return [v for v in self.variants if v in names]

    @cached_property
    def variants_with_curves(self) -> list[str]:
        """Variants with more than one checkpoint on some task."""
        with_curve = {v for (_, v), curve in self.curves.items() if curve.has_curve}
        return [v for v in self.present if v in with_curve]

    @cached_property
    def learners(self) -> list[str]:
        """Variants that learn and can run on every task: those that are compared. Imported ones may be final scores."""
        learn = {*self.variants_with_curves} | self.imported
        return [v for v in self.present if v in learn and v not in self.optional]

    def tasks(self, *variants: str) -> list[str]:
        """Tasks that all of these variants have."""
        return [t for t in self.scales if all((t, v) in self.curves for v in variants)]

    def title(self, name: str) -> str:
        """What figures call a task or a variant."""
        words = title_of_task if name in self.scales else title_of_variant
        return self.titles.get(name) or words(name)

    @property
    def seeds(self) -> int:
        """The least number of seeds of a (task, variant); imported runs count where there are no others."""
        ours = [len(c.seeds) for (_, v), c in self.curves.items() if v not in self.imported]
        return min(ours or [len(c.seeds) for c in self.curves.values()])

    @cached_property
    def _finals(self) -> dict[tuple[str, tuple[str, ...]], pd.DataFrame]:
        return {}

    @cached_property
    def compared(self) -> dict[Hashable, Any]:
        """What was tested of these scores before. They do not change, so that it is found again."""
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
        if not self.can_average(tasks):
            return pd.DataFrame(columns=list(tasks), dtype=float)
        columns = {t: pd.Series(c.score[-1], c.seeds) for t in tasks if (c := self.curves.get((t, variant)))}
        return pd.DataFrame(columns, columns=list(tasks)).dropna().sort_index()

    def lost(self, variant: str, tasks: Sequence[str]) -> pd.DataFrame:
        """Which of the scores of `final` [seeds, tasks] were not measured: they are imputed."""
        columns = {t: pd.Series(c.lost, c.seeds) for t in tasks if (c := self.curves.get((t, variant)))}
        return pd.DataFrame(columns, columns=list(tasks)).loc[self.final(variant, tasks).index].astype(bool)

    def scores(self, variant: str, tasks: Sequence[str]) -> Doubles | None:
        """Scores [K, seeds, tasks] over training.

        None where the tasks' checkpoints differ in number, one has no value, or the tasks may not be averaged.
        """
        if not self.can_average(tasks):
            return None
        curves = [self.curves[t, variant] for t in tasks]
        shared = sorted(set.intersection(*(set(c.seeds.tolist()) for c in curves)))
        if len({len(c.fraction) for c in curves}) > 1 or not shared:
            return None
        scores = np.stack([c.score[:, np.isin(c.seeds, shared)] for c in curves], axis=-1)
        return None if np.isnan(scores).any() else scores

    def area(self, task: str, variant: str) -> pd.Series:
        """Area under each member's curve over its environment steps, a mean score; by seed.

        A lost member counts as the lowest of its own area and the worst of the others on this task. NaN where all are.
        """
        curve = self.curves[task, variant]
        own = curve.areas
        if curve.lost.all():
            own[:] = np.nan
        elif curve.lost.any():
            others = [c.areas[~c.lost] for (t, _), c in self.curves.items() if t == task and c.has_curve]
            own[curve.lost] = np.minimum(own[curve.lost], np.nanmin(np.concatenate(others)))
        return pd.Series(own, curve.seeds)


@dataclass(frozen=True)
class Data:
    """The input of figures and findings: the curves, and the measures in long form."""

    suite: Suite
    measures: pd.DataFrame

    def series(self, task: str, variant: str, measure: str) -> list[tuple[float, Doubles]]:
        """(env_steps, values of the seeds) at each checkpoint of one measure; "score" is in the suite's unit."""
        curve = self.suite.curves.get((task, variant))
        if curve is None:
            return []
        if measure == "score":
            return list(zip(curve.env_steps.mean(axis=1).tolist(), curve.score, strict=True))
        checkpoints, steps, values = (column[self._rows(task, variant, measure)] for column in self._columns)
        there = ~np.isnan(values)
        at = {c: there & (checkpoints == c) for c in np.unique(checkpoints[there])}
        return [(float(steps[rows].mean()), values[rows]) for rows in at.values()]

    def limits(self, task: str, measure: str) -> Limits:
        """What the expectation of a measure cannot leave; "score" and "area" are in the suite's unit."""
        if measure in ("score", "area"):
            return self.suite.score_limits([task])
        return self.suite.limits.get((task, measure), known.MEASURES.get(measure, ANYTHING))

    def per_seed(self, task: str, variant: str, measure: str) -> Doubles:
        """One number a seed: the final score, the "area" under its curve, or the mean of a measure over checkpoints."""
        curve = self.suite.curves.get((task, variant))
        if curve is None:
            return np.zeros(0)
        if measure == "score":
            return curve.score[-1]
        if measure == "area":
            return self.suite.area(task, variant).to_numpy(float)
        rows = self.measures.iloc[self._rows(task, variant, measure)].dropna(subset="value")
        return rows.groupby("seed")["value"].mean().to_numpy(float)

    @cached_property
    def _places(self) -> Mapping[tuple[str, str, str], Ints]:
        """The rows of the measures, by task, variant and measure: to look through all of them each time is slow."""
        groups = self.measures.groupby(["task", "variant", "measure"], observed=True, sort=False)
        return groups.indices  # type: ignore[return-value]

    @cached_property
    def _columns(self) -> tuple[Doubles, Doubles, Doubles]:
        """Checkpoint, env_steps and value of every row of the measures: a report asks for ten thousand series."""
        checkpoint, steps, value = (self.measures[c].to_numpy(float) for c in ("checkpoint", "env_steps", "value"))
        return checkpoint, steps, value

    def _rows(self, task: str, variant: str, measure: str) -> Ints:
        return self._places.get((task, variant, measure), np.zeros(0, np.int64))
