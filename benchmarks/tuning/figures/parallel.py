"""Every trial as a line over its fields and its score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import note, packed_panels
from benchmarks.figures.parts.legends import mark_legend
from benchmarks.figures.rendering.width import figure_width
from benchmarks.figures.style import LOSS, SMALL, STYLE
from benchmarks.tuning.figures.layout import value_limits
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.parameters import TunedParameter, tuned_parameters
from benchmarks.tuning.summary.trials import NAN, complete_trials

NARROW = 6  # fields up to which two panels share a row
TWO_ABREAST = 5.0  # inches of a figure in which they do
MARKS: dict[str, dict[str, Any]] = {
    "default": {"lw": 1.4, "ls": ":", "color": "black"},
    "chosen": {"lw": 2.2, "color": LOSS},
    "pruned": {"color": "0.6", "lw": 0.8, "ls": "--"},
}


def draw_parallel(
    studies: Mapping[str, StudyResult], named: Mapping[str, TunedParameter], titles: Mapping[str, str]
) -> Figure:
    """A panel a variant: a line a trial over its fields and its score, coloured by the score, the best on top."""
    single = len(studies) == 1
    rows = _packed([len(study.space) for study in studies.values()], figure_width() >= TWO_ABREAST)
    with mpl.rc_context(STYLE):
        made = packed_panels(rows, 2.2 if single else 1.0)
        for axis, (variant, study) in zip(made.panels, studies.items(), strict=True):
            _coordinates(axis, study, named)
            if not single:
                axis.set_title(titles.get(variant, variant), y=1.2)
        mark_legend(made.figure, MARKS)
        note(made.figure, "other lines: from a variant's lowest score (dark) to its highest (bright)")
    return made.figure


def _packed(fields: Sequence[int], pairs: bool) -> list[list[int]]:
    """Panels in rows: two of few fields share one, in the order in which they come."""
    rows: list[list[int]] = []
    waiting: list[int] | None = None
    for i, count in enumerate(fields):
        if count > NARROW or len(fields) == 1 or not pairs:
            rows.append([i])
        elif waiting is None:
            waiting = [i]
            rows.append(waiting)
        else:
            waiting.append(i)
            waiting = None
    return rows


def _coordinates(axis: Axes, study: StudyResult, named: Mapping[str, TunedParameter]) -> None:
    parameters = list(tuned_parameters([study]).values())
    limits = value_limits([t.value for t in complete_trials(study)])
    _lines(axis, study, parameters, limits)
    ends = [*(parameter.ends for parameter in parameters), (f"{limits[0]:.2f}", f"{limits[1]:.2f}")]
    for x, (low, high) in enumerate(ends):
        axis.axvline(x, color="0.35", lw=0.8, zorder=1)
        for at, text, side in ((-0.06, low, "top"), (1.04, high, "bottom")):
            axis.annotate(text, (x, at), ha="center", va=side, fontsize=SMALL, color="0.3", annotation_clip=False)
    names = [*(named[parameter.name].short for parameter in parameters), "score"]
    axis.set_xticks(range(len(names)), names, rotation=28, ha="right", rotation_mode="anchor")
    axis.tick_params(axis="x", length=0, pad=12)
    axis.set(ylim=(-0.04, 1.04), xlim=(-0.3, len(names) - 0.7), yticks=[])
    axis.spines[:].set_visible(False)
    axis.grid(visible=False)


def _lines(axis: Axes, study: StudyResult, parameters: Sequence[TunedParameter], limits: tuple[float, float]) -> None:
    complete = {t.number: t.value for t in complete_trials(study)}
    lowest, highest = min(complete.values(), default=0.0), max(complete.values(), default=1.0)
    scale, shade = mpl.colormaps["cividis"], mpl.colors.Normalize(lowest, max(highest, lowest + 1e-9))
    special = {study.test["default"].number: ("black", ":", 1.4), study.chosen: (LOSS, "-", 2.2)}
    for rank, trial in enumerate(sorted(study.trials, key=lambda t: (t.number in complete, t.value))):
        shift = 0.025 * math.sin(2.4 * trial.number)  # separates lines through one choice
        y = [p.fraction(trial.values.get(p.name)) + shift * bool(p.choices) for p in parameters]
        is_complete = trial.number in complete
        y.append((trial.value - limits[0]) / (limits[1] - limits[0]) if is_complete else NAN)
        plain = (scale(shade(trial.value)), "-", 0.9) if is_complete else ("0.6", "--", 0.7)
        colour, dash, weight = special.get(trial.number, plain)
        zorder = 2 + rank / 1e3 + (trial.number in special)
        axis.plot(range(len(y)), y, color=colour, ls=dash, lw=weight, zorder=zorder)
