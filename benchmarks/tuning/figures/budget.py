"""The best value so far against trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import (
    PAGE_WIDTH,
    Margins,
    mark_legend,
    mark_legend_height,
    page_grid,
    round_ticks,
    title_lines,
    wrapped_title,
)
from benchmarks.figures.style import STYLE, LineStyle, line_styles
from benchmarks.tuning.figures.layout import variant_marker, vertical_interval
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.summary import Summary
from benchmarks.tuning.summary.trials import best_so_far, default_value, score_limits

Styles = Mapping[str, LineStyle]  # variant -> colour and dash


def draw_budget(summary: Summary, variants: Sequence[str]) -> Figure:
    """Best value so far against trials, a panel a task and a line a variant; at the right the choice's test score."""
    tasks = [task for task in summary.tasks if {*summary.on_task(task)} & {*variants}]
    styles = line_styles(variants)
    columns = min(3, len(tasks))
    with mpl.rc_context(STYLE):
        above = 0.35 + 0.13 * max(len(title_lines(task, PAGE_WIDTH / columns)) for task in tasks)
        top = above + mark_legend_height(len(variants) + 2)
        height = 1.9 if len(tasks) > 1 else 2.6
        made = page_grid(len(tasks), columns, height, Margins(top=top, down=above + 0.1, across=0.5))
        for axis, task in zip(made.panels, tasks, strict=True):
            _panel(axis, summary, task, styles)
            wrapped_title(axis, task, PAGE_WIDTH / columns, pad=14)
        made.label("trials", f"{summary.unit}, tuning seeds", bottom=0.08)
        entries: dict[str, dict[str, Any]] = {
            v: {"color": colour, "ls": dash, "lw": 1.5, "marker": variant_marker(i), "ms": 4}
            for i, (v, (colour, dash, _)) in enumerate(styles.items())
        }
        entries["default"] = {"marker": "o", "ls": "none", "mfc": "white", "ms": 6}
        mark_legend(made.figure, entries, 3 if max(map(len, variants)) > 16 else 4)
    return made.figure


def _panel(axis: Axes, summary: Summary, task: str, styles: Styles) -> None:
    studies = {v: study for v, study in summary.on_task(task).items() if v in styles}
    end = max(len(study.trials) for study in studies.values())
    step = trial_step(end)
    for i, (variant, study) in enumerate(studies.items()):
        best_line(axis, study, styles[variant], end)
        test = summary.tested(task, variant)[0]
        marker = variant_marker(list(styles).index(variant))
        vertical_interval(axis, test, end + step * (1.4 + i), styles[variant].colour, marker, score_limits(study))
    shade_test(axis, end + step * 0.5, end + step * (len(studies) + 1.9))


def trial_step(trials: int) -> float:
    """The distance between two test scores, in trials."""
    return max(trials, 4) * 0.05


def best_line(axis: Axes, study: StudyResult, style: LineStyle, end: int) -> None:
    """The best value so far, as steps to the last trial of the panel, and the default's value."""
    best = best_so_far(study)
    x = np.arange(1, len(best) + 1)
    axis.step(
        [*x, end], [*best, best[-1]] if len(best) else [], where="post", color=style.colour, ls=style.dash, lw=1.5
    )
    axis.plot(1, default_value(study), "o", ms=6, mec=style.colour, mfc="white", zorder=3)


def shade_test(axis: Axes, start: float, end: float) -> None:
    """Right of the trials: other seeds, on the same scale."""
    axis.axvspan(start, end, color="0.94", lw=0, zorder=0)
    axis.annotate("test", ((start + end) / 2, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=7,
                  color="0.35", annotation_clip=False)  # fmt: skip
    axis.set_xticks([x for x in round_ticks(True).tick_values(0, start) if 1 <= x <= start])
    axis.set_xlim(0.5 - 0.02 * end, end)
