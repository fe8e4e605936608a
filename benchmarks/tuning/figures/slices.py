"""Value on the tuning seeds against each field."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import PAGE_WIDTH, Margins, mark_legend, mark_legend_height, page_grid, round_ticks
from benchmarks.figures.style import GAIN, STYLE, line_styles
from benchmarks.statistics.intervals import t_interval
from benchmarks.tuning.figures.layout import value_limits, variant_marker
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.parameters import TunedParameter, tuned_parameters
from benchmarks.tuning.summary.summary import score_unit
from benchmarks.tuning.summary.trials import complete_trials, per_seed, score_limits


def draw_slices(studies: Mapping[str, StudyResult], named: Mapping[str, TunedParameter], single: bool) -> Figure:
    """Value on the tuning seeds against each field, a panel a field; defaults ringed, choices starred.

    named   their names, the same in all figures of a report
    single  one study: its points are coloured by when they were tried, and the two marked ones have intervals
    """
    shown = varied_parameters(studies)
    styles = line_styles(list(studies))
    with mpl.rc_context(STYLE):
        top = 0.5 if single else 0.3 + mark_legend_height(len(studies) + 2, 4)
        margins = Margins(right=0.75 if single else 0.15, top=top + 0.12, bottom=0.45, across=0.25, down=0.62)
        made = page_grid(len(shown), 3, 1.55, margins)
        low, high = value_limits([t.value for study in studies.values() for t in complete_trials(study)])
        for i, (axis, parameter) in enumerate(zip(made.panels, shown.values(), strict=True)):
            for k, (variant, study) in enumerate(studies.items()):
                _points(axis, parameter, study, styles[variant].colour, variant_marker(k), single)
            _parameter_axis(axis, parameter)
            axis.set_title(named[parameter.name].label, fontsize=8.5)
            axis.set_ylim(low, high)
            if i % 3:
                axis.set_yticklabels([])
        made.label("", f"{score_unit(studies.values())}, tuning seeds")
        _slice_legend(made.figure, studies, styles, single)
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


def _points(axis: Axes, parameter: TunedParameter, study: StudyResult, colour: str, marker: str, single: bool) -> None:
    trials = [t for t in complete_trials(study) if parameter.name in t.values]
    x = [parameter.position(t.values[parameter.name]) for t in trials]
    y = [t.value for t in trials]
    if parameter.choices:
        x = [v + 0.22 * math.sin(2.4 * i) for i, v in enumerate(x)]  # spread where many share a choice
    if single:
        numbers = [t.number for t in trials]
        axis.scatter(x, y, c=numbers, cmap="cividis", s=14, lw=0, vmin=0, vmax=_last_number(study))
    else:
        axis.scatter(x, y, color=colour, marker=marker, s=8, alpha=0.55, lw=0)
    default: dict[str, Any] = {"ms": 8, "mfc": "none", "mec": "black" if single else colour, "mew": 1.3, "zorder": 3}
    chosen: dict[str, Any] = {"ms": 11, "color": GAIN if single else colour, "mec": "black", "mew": 0.6, "zorder": 4}
    for number, mark, style in ((study.test["default"].number, "o", default), (study.chosen, "*", chosen)):
        for trial, at in zip(trials, x, strict=True):
            if trial.number != number:
                continue
            if single and len(seeds := per_seed(trial.scores)) > 1:
                axis.plot([at, at], t_interval(seeds, limits=score_limits(study)), color="0.4", lw=0.9, zorder=2)
            axis.plot(at, trial.value, mark, **style)


def _last_number(study: StudyResult) -> int:
    return max((t.number for t in study.trials), default=1) or 1


def _parameter_axis(axis: Axes, parameter: TunedParameter) -> None:
    """Logarithmic where the search is; choices under their own names."""
    axis.tick_params(labelsize=7)
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


def _slice_legend(figure: Figure, studies: Mapping[str, StudyResult], styles: Mapping[str, Any], single: bool) -> None:
    star = {"marker": "*", "ls": "none", "ms": 10, "mec": "black", "mew": 0.6}
    marks: dict[str, dict[str, Any]] = {
        "default": {"marker": "o", "ls": "none", "mfc": "none", "ms": 8, "mew": 1.3},
        "chosen": {**star, "color": GAIN if single else "0.7"},
    }
    if single:
        (study,) = studies.values()
        height = figure.get_figheight()
        bar = figure.add_axes((1 - 0.6 / PAGE_WIDTH, 0.45 / height, 0.12 / PAGE_WIDTH, min(1.5, height - 1.2) / height))
        scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, _last_number(study)), "cividis")
        figure.colorbar(scale, cax=bar, label="trial").ax.tick_params(labelsize=7)
        bar.yaxis.set_major_locator(round_ticks(True))
        return mark_legend(figure, marks)
    points = {
        v: {"marker": variant_marker(i), "color": styles[v].colour, "ls": "none", "ms": 4}
        for i, v in enumerate(studies)
    }
    return mark_legend(figure, {**points, **marks})
