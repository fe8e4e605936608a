"""pass@k: the chance that one of k texts of a prompt is right, against k."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from algorithms.training.returns.pass_at_k import KS, NAMES
from benchmarks.figures.layout import grid, note
from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.style import STYLE, banded_groups, line_styles
from benchmarks.store.suite import Data
from envs.api import Doubles


def tasks_with_passes(data: Data) -> list[str]:
    """The tasks of which pass@k is known."""
    known = set(data.measures.loc[data.measures["measure"] == NAMES[0], "task"])
    return [task for task in data.suite.scales if task in known]


def pass_at_k(data: Data, lines: Sequence[str], title: str) -> Figure:
    """A panel a task: pass@k at the last checkpoint against k, a line a variant, with 95 % t bands over seeds."""
    tasks = tasks_with_passes(data)
    styles = line_styles(lines, data.suite.present)
    titles = {v: data.suite.title(v) for v in lines}
    with mpl.rc_context(STYLE):
        made = grid(len(tasks), 4, 1.2, sharey=True)
        for axis, task in zip(made.panels, tasks, strict=True):
            for variant in lines:
                if points := passes(data, task, variant):
                    doublings = [(np.log2(k), values) for k, values in points]
                    banded_groups(axis, doublings, styles[variant], variant)
            axis.set(title=data.suite.title(task), ylim=(-0.04, 1.04))
            axis.set_xticks(np.log2(KS), [str(k) for k in KS])
        made.label("texts k of one prompt", "pass@k")
        line_legend(made.figure, lines, "", data.suite.present, {}, titles)
        note(made.figure, title)
    return made.figure


def passes(data: Data, task: str, variant: str) -> list[tuple[float, Doubles]]:
    """(k, the values of the seeds) at the last checkpoint; [] where it is not measured."""
    series = [data.series(task, variant, name) for name in NAMES]
    return [(float(k), points[-1][1]) for k, points in zip(KS, series, strict=True) if points]
