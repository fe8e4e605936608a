"""The best value so far against trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import grid, round_ticks
from benchmarks.figures.parts.legends import mark_legend
from benchmarks.figures.style import SMALL, STYLE, LineStyle, line_styles
from benchmarks.tuning.figures.layout import vertical_interval
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.summary import Summary
from benchmarks.tuning.summary.trials import best_so_far, default_value, score_limits

Styles = Mapping[str, LineStyle]  # variant -> colour and dash


def draw_budget(summary: Summary, variants: Sequence[str]) -> Figure:
    """Best value so far against trials, a panel a task and a line a variant; at the right the choice's test score."""
    tasks = [task for task in summary.tasks if {*summary.on_task(task)} & {*variants}]
    styles = line_styles(variants, summary.variants)
    with mpl.rc_context(STYLE):
        made = grid(len(tasks), 3, 1.5 if len(tasks) > 1 else 2.2, least=1.9)
        for axis, task in zip(made.panels, tasks, strict=True):
            _panel(axis, summary, task, styles)
            axis.set_title(summary.titles[task], y=1.12)
        made.label("trials", f"{summary.unit}, tuning seeds")
        entries: dict[str, dict[str, Any]] = {
            summary.titles[v]: {"color": style.colour, "ls": style.dash, "lw": 1.3, "marker": style.marker, "ms": 3.5}
            for v, style in styles.items()
        }
        entries["default"] = {"marker": "o", "ls": "none", "mfc": "white", "ms": 5}
        mark_legend(made.figure, entries)
    return made.figure


def _panel(axis: Axes, summary: Summary, task: str, styles: Styles) -> None:
    studies = {v: study for v, study in summary.on_task(task).items() if v in styles}
    end = max(len(study.trials) for study in studies.values())
    step = trial_step(end)
    for i, (variant, study) in enumerate(studies.items()):
        best_line(axis, study, styles[variant], end)
        test = summary.tested(task, variant)[0]
        style = styles[variant]
        vertical_interval(axis, test, end + step * (1.4 + i), style.colour, style.marker, score_limits(study))
    shade_test(axis, end + step * 0.5, end + step * (len(studies) + 1.9))


def trial_step(trials: int) -> float:
    """The distance between two test scores, in trials."""
    return max(trials, 4) * 0.05


def best_line(axis: Axes, study: StudyResult, style: LineStyle, end: int) -> None:
    """The best value so far, as steps to the last trial of the panel, and the default's value."""
    best = best_so_far(study)
    x = np.arange(1, len(best) + 1)
    axis.step(
        [*x, end], [*best, best[-1]] if len(best) else [], where="post", color=style.colour, ls=style.dash, lw=1.3
    )
    axis.plot(1, default_value(study), "o", ms=6, mec=style.colour, mfc="white", zorder=3)


def shade_test(axis: Axes, start: float, end: float) -> None:
    """Right of the trials: other seeds, on the same scale."""
    axis.axvspan(start, end, color="0.94", lw=0, zorder=0)
    axis.annotate("test", ((start + end) / 2, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom",
                  fontsize=SMALL, color="0.35", annotation_clip=False)  # fmt: skip
    axis.set_xticks([x for x in round_ticks(True).tick_values(0, start) if 1 <= x <= start])
    axis.set_xlim(0.5 - 0.02 * end, end)
