"""Learning curves and final measures of the tasks of a claim: policy gradients, and twins with equally many labels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure, Table
from benchmarks.figures.measures import MeasureCurves
from benchmarks.statistics.intervals import t_interval
from benchmarks.store.suite import Data
from envs.api import Doubles
from envs.control.limits import Limits


@dataclass(frozen=True)
class Claim(PlainFigure):
    """The tasks of one claim.

    tasks  their names     measures  beside the score, a column each     episodes  of a rollout, each of which is a label
    """

    name: str
    caption: str
    tasks: tuple[str, ...]
    measures: tuple[str, ...]
    episodes: int

    def draw(self, data: Data) -> Figure:
        return MeasureCurves(self.name, self.caption, ("score", *self.measures)).draw(self._own(data))

    def table(self, data: Data) -> Table:
        own, rows = self._own(data), []
        for task in own.suite.scales:
            for variant in own.suite.variants_with_curves:
                if (task, variant) in own.suite.curves:
                    curve = own.suite.curves[task, variant]
                    row = {
                        "task": task,
                        "variant": variant,
                        "labels": round(float(curve.updates[-1].mean()) * self.episodes),
                    }
                    row |= _mean("score", curve.score[-1], own.limits(task, "score"))
                    for measure in self.measures:
                        if points := own.series(task, variant, measure):
                            row |= _mean(measure, points[-1][1], own.limits(task, measure))
                    rows.append(row)
        caption = (
            f"{self.caption} At the last checkpoint, mean over seeds with its 95 % interval. A label is the reward of an "
            "episode, or a text or answer of the twin's; where episodes end early, the budget of actions holds more of them."
        )
        return Table(f"{self.name}_measures", pd.DataFrame(rows), caption)

    def _own(self, data: Data) -> Data:
        scales = {task: scale for task, scale in data.suite.scales.items() if task in self.tasks}
        frame, measures = (table[table["task"].isin(scales)] for table in (data.suite.frame, data.measures))
        return replace(data, suite=replace(data.suite, frame=frame, scales=scales), measures=measures)


def _mean(name: str, values: Doubles, limits: Limits) -> dict[str, float]:
    """The mean over seeds, and its interval."""
    low, high = t_interval(values, limits=limits)
    return {name: float(values.mean()), f"{name} low": low, f"{name} high": high}
