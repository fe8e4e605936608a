"""Value on the tuning seeds against each field."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import grid, note, round_ticks
from benchmarks.figures.parts.legends import mark_legend
from benchmarks.figures.style import GAIN, STYLE, LineStyle, line_styles
from benchmarks.statistics.intervals import t_interval
from benchmarks.tuning.figures.layout import value_limits
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.parameters import TunedParameter, tuned_parameters
from benchmarks.tuning.summary.summary import score_unit
from benchmarks.tuning.summary.trials import complete_trials, per_seed, score_limits


def draw_slices(
    studies: Mapping[str, StudyResult],
    named: Mapping[str, TunedParameter],
    single: bool,
    titles: Mapping[str, str] = MappingProxyType({}),
    among: Sequence[str] = (),
) -> Figure:
    """Value on the tuning seeds against each field, a panel a field; defaults ringed, choices starred.

    named   their names, the same in all figures of a report
    single  one study: its points are coloured by when they were tried, and the two marked ones have intervals
    titles  what variants are called, where not by their names      among  as in `line_styles`
    """
    shown = varied_parameters(studies)
    styles = line_styles(list(studies), among)
    with mpl.rc_context(STYLE):
        made = grid(len(shown), 3, 1.4, least=1.6, sharey=True)
        low, high = value_limits([t.value for study in studies.values() for t in complete_trials(study)])
        for axis, parameter in zip(made.panels, shown.values(), strict=True):
            for variant, study in studies.items():
                _points(axis, parameter, study, styles[variant], single)
            _parameter_axis(axis, parameter)
            axis.set_title(named[parameter.name].label)
            axis.set_ylim(low, high)
        made.label("", f"{score_unit(studies.values())}, tuning seeds")
        _slice_legend(made.figure, {titles.get(v, v): style for v, style in styles.items()}, single)
    return made.figure


def varied_parameters(studies: Mapping[str, StudyResult]) -> dict[str, TunedParameter]:
    """The fields of which complete trials have more than one value."""
    seen: dict[str, set[str]] = {}
    for name, value in (
        item for study in studies.values() for t in complete_trials(study) for item in t.values.items()
    ):
        seen.setdefault(name, set()).add(str(value))
    return {
        name: parameter
        for name, parameter in tuned_parameters(list(studies.values())).items()
        if len(seen.get(name, ())) > 1
    }


def _points(axis: Axes, parameter: TunedParameter, study: StudyResult, style: LineStyle, single: bool) -> None:
    trials = [t for t in complete_trials(study) if parameter.name in t.values]
    x = [parameter.position(t.values[parameter.name]) for t in trials]
    y = [t.value for t in trials]
    if parameter.choices:
        x = [v + 0.22 * math.sin(2.4 * i) for i, v in enumerate(x)]  # spread where many share a choice
    if single:
        numbers = [t.number for t in trials]
        axis.scatter(x, y, c=numbers, cmap="cividis", s=14, lw=0, vmin=0, vmax=_last_number(study))
    else:
        axis.scatter(x, y, color=style.colour, marker=style.marker, s=8, alpha=0.55, lw=0)
    default: dict[str, Any] = {
        "ms": 8,
        "mfc": "none",
        "mec": "black" if single else style.colour,
        "mew": 1.3,
        "zorder": 3,
    }
    chosen: dict[str, Any] = {
        "ms": 11,
        "color": GAIN if single else style.colour,
        "mec": "black",
        "mew": 0.6,
        "zorder": 4,
    }
    for number, mark, look in ((study.test["default"].number, "o", default), (study.chosen, "*", chosen)):
        for trial, at in zip(trials, x, strict=True):
            if trial.number != number:
                continue
            if single and len(seeds := per_seed(trial.scores)) > 1:
                axis.plot([at, at], t_interval(seeds, limits=score_limits(study)), color="0.4", lw=0.9, zorder=2)
            axis.plot(at, trial.value, mark, **look)


def _last_number(study: StudyResult) -> int:
    return max((t.number for t in study.trials), default=1) or 1


def _parameter_axis(axis: Axes, parameter: TunedParameter) -> None:
    """Logarithmic where the search is; choices under their own names."""
    if parameter.choices:
        axis.set_xticks(
            range(len(parameter.choices)), [textwrap.shorten(c, 12, placeholder="..") for c in parameter.choices]
        )
        axis.set_xlim(-0.5, len(parameter.choices) - 0.5)
        if sum(map(len, parameter.choices)) > 24:
            axis.tick_params(axis="x", labelrotation=20)
    elif parameter.log:
        axis.set_xscale("log")
        factor = (parameter.high / parameter.low) ** 0.06
        axis.set_xlim(parameter.low / factor, parameter.high * factor)
    else:
        margin = 0.06 * (parameter.high - parameter.low)
        axis.set_xlim(parameter.low - margin, parameter.high + margin)
        axis.xaxis.set_major_locator(round_ticks(parameter.integer))


def _slice_legend(figure: Figure, styles: Mapping[str, LineStyle], single: bool) -> None:
    star = {"marker": "*", "ls": "none", "ms": 9, "mec": "black", "mew": 0.6}
    marks: dict[str, dict[str, Any]] = {
        "default": {"marker": "o", "ls": "none", "mfc": "none", "ms": 7, "mew": 1.3},
        "chosen": {**star, "color": GAIN if single else "0.7"},
    }
    if single:
        note(figure, "colours: from the first trial (dark) to the last (bright)")
        return mark_legend(figure, marks)
    points = {n: {"marker": s.marker, "color": s.colour, "ls": "none", "ms": 4} for n, s in styles.items()}
    return mark_legend(figure, {**points, **marks})
