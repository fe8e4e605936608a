"""Every trial as a line over its fields and its score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures.layout import PAGE_WIDTH
from benchmarks.figures.style import LOSS, STYLE
from benchmarks.tuning.figures.layout import value_limits
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.parameters import TunedParameter, tuned_parameters
from benchmarks.tuning.summary.trials import NAN, complete_trials

NARROW = 6  # fields up to which two panels share a row


def draw_parallel(studies: Mapping[str, StudyResult], named: Mapping[str, TunedParameter]) -> Figure:
    """A panel a variant: a line a trial over its fields and its score, coloured by the score, the best on top."""
    single = len(studies) == 1
    rows = _packed([len(study.space) for study in studies.values()])
    tall, top, down = (2.4 if single else 1.1), (0.6 if single else 0.8), 0.85
    height = top + len(rows) * (tall + down)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(PAGE_WIDTH, height))
        for row, indices in enumerate(rows):
            bottom = 1 - (top + row * (tall + down) + tall) / height
            spans = ((0.02, 0.95),) if len(indices) == 1 else ((0.02, 0.45), (0.53, 0.45))
            for i, (left, wide) in zip(indices, spans, strict=True):
                variant, study = list(studies.items())[i]
                axis = figure.add_axes((left, bottom, wide, tall / height))
                _coordinates(axis, study, named)
                if not single:
                    axis.set_title(variant, fontsize=8.5, loc="left", y=1.14)
        _parallel_legend(figure, height)
    return figure


def _packed(fields: Sequence[int]) -> list[list[int]]:
    """Panels in rows: two of few fields share one, in the order in which they come."""
    rows: list[list[int]] = []
    waiting: list[int] | None = None
    for i, count in enumerate(fields):
        if count > NARROW or len(fields) == 1:
            rows.append([i])
        elif waiting is None:
            waiting = [i]
            rows.append(waiting)
        else:
            waiting.append(i)
            waiting = None
    return rows


def _parallel_legend(figure: Figure, height: float) -> None:
    marks: dict[str, dict[str, Any]] = {
        "default": {"lw": 1.4, "ls": ":", "color": "black"},
        "chosen": {"lw": 2.2, "color": LOSS},
        "pruned": {"color": "0.6", "lw": 0.8, "ls": "--"},
    }
    handles = [mpl.lines.Line2D([], [], label=n, **how) for n, how in marks.items()]
    figure.legend(handles=handles, loc="upper left", ncols=3, fontsize=7.5, handlelength=2.2, columnspacing=1.0,
                  bbox_to_anchor=(0.005, 1 - 0.02 / height))  # fmt: skip
    bar = figure.add_axes((1 - 1.9 / PAGE_WIDTH, 1 - 0.2 / height, 1.1 / PAGE_WIDTH, 0.1 / height))
    figure.colorbar(mpl.cm.ScalarMappable(mpl.colors.Normalize(0, 1), "cividis"), cax=bar, orientation="horizontal")
    bar.set_xticks([])
    for x, text, side in (
        (1 - 1.97 / PAGE_WIDTH, "a variant's lowest score", "right"),
        (1 - 0.73 / PAGE_WIDTH, "highest", "left"),
    ):
        figure.text(x, 1 - 0.15 / height, text, fontsize=7.5, ha=side, va="center")


def _coordinates(axis: Axes, study: StudyResult, named: Mapping[str, TunedParameter]) -> None:
    parameters = list(tuned_parameters([study]).values())
    limits = value_limits([t.value for t in complete_trials(study)])
    _lines(axis, study, parameters, limits)
    ends = [*(parameter.ends for parameter in parameters), (f"{limits[0]:.2f}", f"{limits[1]:.2f}")]
    for x, (low, high) in enumerate(ends):
        axis.axvline(x, color="0.35", lw=0.8, zorder=1)
        for at, text, side in ((-0.06, low, "top"), (1.04, high, "bottom")):
            axis.annotate(text, (x, at), ha="center", va=side, fontsize=6.5, color="0.3", annotation_clip=False)
    names = [*(named[parameter.name].short for parameter in parameters), "score"]
    axis.set_xticks(range(len(names)), names, rotation=28, ha="right", rotation_mode="anchor", fontsize=7)
    axis.tick_params(axis="x", length=0, pad=12)
    axis.set(ylim=(-0.04, 1.04), xlim=(-0.3, len(names) - 0.7), yticks=[])
    axis.spines[:].set_visible(False)


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
