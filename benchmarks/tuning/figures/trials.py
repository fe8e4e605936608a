"""One study: every trial, and what was run again."""

from __future__ import annotations

import math
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import grid
from benchmarks.figures.parts.legends import mark_legend
from benchmarks.figures.style import GAIN, STYLE, LineStyle
from benchmarks.tuning.figures.budget import best_line, shade_test, trial_step
from benchmarks.tuning.figures.layout import vertical_interval
from benchmarks.tuning.figures.optimism import STAGES
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.trials import by_number, complete_trials, per_seed, score_limits
from envs.control.limits import Limits

CHOSEN: dict[str, Any] = {"marker": "*", "color": GAIN, "mec": "black", "mew": 0.5}
SELECTION = STAGES["chosen, selection seeds"][1]
ENTRIES: dict[str, dict[str, Any]] = {
    "trial, tuning seeds": {"marker": "o", "color": "0.6", "ls": "-", "ms": 4},
    "best so far": {"lw": 1.5},
    "pruned": {"marker": "x", "color": "0.55", "ls": "none"},
    "run again, selection seeds": {"marker": "s", "color": SELECTION, "ms": 4},
    "default": {"marker": "o", "mfc": "white", "ls": "none"},
    "chosen": {**CHOSEN, "ls": "none", "ms": 9},
    "test, tuned": {"marker": "D", "color": GAIN, "ms": 4},
    "test, default": {"marker": "o", "ms": 4},
}


def draw_trials(study: StudyResult) -> Figure:
    """One study: every trial, the best so far, what was run again, and at the right the test; all with intervals."""
    end = len(study.trials)
    step = trial_step(end)
    with mpl.rc_context(STYLE):
        made = grid(1, 1, 2.3)
        (axis,) = made.panels
        limits = score_limits(study)
        _tuning_and_selection(axis, study, end, limits)
        for i, (setting, colour, marker) in enumerate((("default", "black", "o"), ("tuned", GAIN, "D"))):
            vertical_interval(
                axis, per_seed(study.test[setting].scores), end + step * (1.4 + i), colour, marker, limits
            )
        shade_test(axis, end + step * 0.5, end + step * 3.4)
        made.label("trials", study.unit)
        mark_legend(made.figure, ENTRIES)
    return made.figure


def _tuning_and_selection(axis: Axes, study: StudyResult, end: int, limits: Limits) -> None:
    """Every trial on its tuning seeds, the best so far, and the selection scores of those that were run again."""
    x = {t.number: i + 1 for i, t in enumerate(by_number(study.trials))}
    complete = {t.number: t for t in complete_trials(study)}
    for trial in by_number(study.trials):
        if trial.number in complete:
            vertical_interval(axis, per_seed(trial.scores), x[trial.number], "0.6", "o", limits)
        elif math.isfinite(trial.value):
            axis.plot(x[trial.number], trial.value, "x", ms=5, color="0.55")
    best_line(axis, study, LineStyle("black", "-", ""), end)
    for stage in study.selection:
        if stage.number in x:
            vertical_interval(axis, per_seed(stage.scores), x[stage.number] + 0.25, SELECTION, "s", limits)
    if study.chosen in complete:
        axis.plot(x[study.chosen], complete[study.chosen].value, ls="none", ms=11, zorder=4, **CHOSEN)
