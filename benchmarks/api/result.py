"""Runs as tables and pictures: what `run` and `load` return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.design.experiment import ComparisonExperiment, Outcome
from benchmarks.figures import final_scores, learning_curves
from benchmarks.figures.rendering.drawing import Drawing
from benchmarks.figures.rendering.width import at_width, parse_width
from benchmarks.figures.style import band_title
from benchmarks.loading.suites import build_suite, read_folder
from benchmarks.reports import score_tables
from benchmarks.reports.report import write_report
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.store import pooling
from benchmarks.store.sources import Results
from benchmarks.store.suite import Suite
from envs.validation import UnknownName, UsageError, look_up

PICTURES = ("curves", "scores", "heat_map")


@dataclass(frozen=True)
class Result:
    """The runs of some variants on some tasks, read from their files when they are first asked for.

    experiment  the tasks and variants      paths  the files of the runs      folder  where they lie
    """

    experiment: ComparisonExperiment
    paths: tuple[Path, ...]
    folder: Path

    @property
    def tasks(self) -> list[str]:
        """Names, in order."""
        return list(self.suite.scales)

    @property
    def variants(self) -> list[str]:
        """Names, in order."""
        return list(self.suite.present)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """A row a task, variant, seed and checkpoint.

        fraction     of the budget      env_steps, updates, wall_s   up to here; wall_s is the whole block's
        eval_return  of the evaluation's episodes      score  (return - floor) / (ceiling - floor), or the return
        lost         diverged, or no finite return: both numbers are then the lowest of the task
        """
        frames = [_curve_rows(self.suite, task, variant) for task, variant in self._places()]
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row a task, variant and seed: `curves` at the last checkpoint, and the mean score over training as `area`."""
        rows = self.curves[
            self.curves["checkpoint"] == self.curves.groupby(["task", "variant"])["checkpoint"].transform("max")
        ]
        areas = pd.concat([self._areas(task, variant) for task, variant in self._places()], ignore_index=True)
        last = rows.drop(columns=["checkpoint", "fraction"]).merge(areas, on=["task", "variant", "seed"], how="left")
        return last.reset_index(drop=True)

    @cached_property
    def measures(self) -> pd.DataFrame:
        """Diagnostics of training and measures of tasks: a row a task, variant, seed, checkpoint and measure."""
        return self._results.measures

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a task and variant: mean final return with a 95 % t interval, score, time to threshold, speed, failures."""
        return score_tables.score_table(self.suite)

    @cached_property
    def suite(self) -> Suite:
        """The runs as arrays, for the functions of benchmarks.statistics and benchmarks.figures."""
        frame, _, metas = self._results
        return build_suite(self.experiment, frame, metas, self.folder)

    def plot(
        self,
        kind: str = "curves",
        *,
        x: str = "env_steps",
        variants: Sequence[str] | None = None,
        width: str | None = None,
    ) -> Drawing:
        """A picture, which a notebook shows; `.save("curves.pdf")` writes it, `.figure` is Matplotlib's.

        kind      "curves": learning curves, a panel a task; "scores": the mean over tasks of each variant, a dot a seed;
                  "heat_map": variants x tasks
        x         of learning curves: "env_steps", "updates" or "wall_s"
        variants  of learning curves: those that are drawn, all of them where it is not given
        width     of the figure, as "5.5in" (or cm, mm, pt): its type has 7 and 8 points at that size
        """
        inches = parse_width(width, "width")
        suite = self.suite
        look_up(dict.fromkeys(PICTURES), kind, "kind of picture")
        look_up(learning_curves.AXES, x, "axis")
        lines = suite.variants_with_curves if variants is None else list(variants)
        for name in lines:
            if name not in suite.variants_with_curves:
                raise UnknownName("variant with learning curves", name, suite.variants_with_curves)
        if kind == "curves":
            return Drawing(partial(learning_curves.learning_curves, suite, lines, x, band_title(suite.seeds)), inches)
        title = f"{suite.final_unit}, n = {count_noun(suite.seeds, 'seed')}"
        if kind == "heat_map":
            return Drawing(partial(final_scores.heat_map, suite, title), inches)
        if not suite.can_average(self.tasks):
            raise UsageError(
                "the returns of several tasks have no mean: give each task a ceiling, or draw kind='heat_map'"
            )
        table = score_tables.aggregate_table(suite, self.tasks)
        return Drawing(partial(final_scores.aggregate, suite, table, title), inches)

    def report(self, baseline: str | None = None, *, width: str | None = None) -> Path:
        """Write report.html, report.md, tables and figures into the folder; returns the path of report.md.

        width  of all figures, as in `plot`
        """
        with at_width(parse_width(width, "width")):
            written = write_report(self.experiment, Outcome(self.paths), self.folder, baseline)
        assert written is not None  # there are results
        return written

    def __repr__(self) -> str:
        parts = count_noun(len(self.tasks), "task"), count_noun(len(self.variants), "variant")
        return f"<Result of {parts[0]} x {parts[1]}, {count_noun(self.suite.seeds, 'seed')}, in {self.folder}>"

    def _repr_html_(self) -> str:
        return self.summary.to_html(index=False, float_format=lambda value: f"{value:.4g}")

    @cached_property
    def _results(self) -> Results:
        results = read_folder(self.paths, self.folder)
        if facts := pooling.mixed(results.metas):
            raise pooling.NotPoolable(f"{self.folder} holds rows of different numerics ({'; '.join(facts)})")
        for meta in results.metas:
            if len(rates := set(meta["cell"]["members"].get("rates", []))) > 1:
                raise UsageError(f"{self.folder} holds {len(rates)} learning rates a seed, which are no one sample")
        return results

    def _places(self) -> list[tuple[str, str]]:
        return [(t, v) for t in self.tasks for v in self.variants if (t, v) in self.suite.curves]

    def _areas(self, task: str, variant: str) -> pd.DataFrame:
        areas = self.suite.area(task, variant)
        return pd.DataFrame({"task": task, "variant": variant, "seed": areas.index, "area": areas.to_numpy(float)})


def _curve_rows(suite: Suite, task: str, variant: str) -> pd.DataFrame:
    """The checkpoints of a variant on a task, seed after seed."""
    curve = suite.curves[task, variant]
    checkpoints, seeds = curve.score.shape
    return pd.DataFrame(
        {
            "task": task,
            "variant": variant,
            "seed": np.repeat(curve.seeds, checkpoints),
            "checkpoint": np.tile(np.arange(checkpoints), seeds),
            "fraction": np.tile(curve.fraction, seeds),
            "env_steps": curve.env_steps.T.ravel().astype(np.int64),
            "updates": curve.updates.T.ravel(),
            "wall_s": curve.wall_s.T.ravel(),
            "eval_return": curve.value.T.ravel(),
            "score": curve.score.T.ravel(),
            "lost": curve.imputed.T.ravel(),
        }
    )
