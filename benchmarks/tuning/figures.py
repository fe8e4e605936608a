"""Figures of tuned settings: paired dots, slopes, budgets, stages, importances, slices and parallel coordinates.

All are as wide as a page's column and no wider, so that their letters can be read on a phone.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import stats
from benchmarks.figures.style import GAIN, LOSS, STYLE, UNSURE, line_styles
from benchmarks.pairs import LEVEL
from benchmarks.suite import Doubles
from benchmarks.tuning.result import Tuned
from benchmarks.tuning.summary import (
    NAN,
    Knob,
    Ranking,
    Summary,
    best_so_far,
    complete,
    knobs,
    ordered,
    per_seed,
    selected,
    unit_of,
    value_of,
)

WIDTH = 7.6  # inches
LETTER = 0.064  # inches of a letter of 7 points, on average
MARKERS = ("o", "s", "^", "D", "v", "P")
STAGES = {  # where a score comes from: its mark and colour
    "best trial, tuning seeds": (">", "#E69F00"),
    "chosen, selection seeds": ("s", "#56B4E9"),
    "chosen, test seeds": ("o", "#0072B2"),
}
NARROW = 6  # fields of a panel that has room beside another
DOT: dict[str, Any] = {"ls": "none", "mew": 0, "alpha": 0.45}
SCORE = "normalised score"


# panels


def _panels(count: int, columns: int, height: float, left: float = 0.62, top: float = 0.75, across: float = 0.4,
            down: float = 0.55, bottom: float = 0.62, right: float = 0.15) -> tuple[Figure, list[Axes]]:  # fmt: skip
    """`count` panels of one height in inches, as wide as the figure's width allows, with these margins between them."""
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    tall = top + bottom + rows * height + (rows - 1) * down
    wide = (WIDTH - left - right - (columns - 1) * across) / columns
    figure = Figure(figsize=(WIDTH, tall))
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    figure.subplots_adjust(left / WIDTH, bottom / tall, 1 - right / WIDTH, 1 - top / tall, across / wide, down / height)
    for axis in axes[count:]:
        axis.set_visible(False)
    return figure, axes[:count]


def _words(figure: Figure, below: str, beside: str = "") -> None:
    """One label for all horizontal axes and one for all vertical ones."""
    width, height = figure.get_size_inches()
    figure.supxlabel(below, fontsize=9, y=0.08 / height, va="bottom")
    if beside:
        figure.supylabel(beside, fontsize=9, x=0.08 / width, ha="left")


def _legend(figure: Figure, entries: Mapping[str, Mapping[str, Any]], columns: int = 4) -> None:
    """A legend above the panels, of lines and marks."""
    handles = [mpl.lines.Line2D([], [], label=name, **{"color": "black", **how}) for name, how in entries.items()]
    figure.legend(
        handles=handles, loc="upper center", ncols=min(columns, len(handles)), fontsize=8, handlelength=2.6,
        columnspacing=1.4, bbox_to_anchor=(0.5, 1 - 0.05 / figure.get_figheight()),
    )  # fmt: skip


def _legend_rows(entries: int, columns: int = 4) -> float:
    """Inches that a legend takes."""
    return 0.19 * math.ceil(entries / columns)


def _title(axis: Axes, text: str, width: float, pad: float = 6) -> None:
    """A panel's title, in as many lines as it needs."""
    axis.set_title("\n".join(_lines(text, width)), fontsize=8.5, pad=pad)


def _lines(text: str, width: float) -> list[str]:
    """A title of 8.5 points in lines of so many inches."""
    return textwrap.wrap(text, max(12, int(width / LETTER * 0.8)))


def _few(integer: bool = False) -> mpl.ticker.MaxNLocator:
    """Few ticks at round numbers."""
    return mpl.ticker.MaxNLocator(4, steps=[1, 2, 5, 10], integer=integer)


def _interval(axis: Axes, values: Doubles, y: float, colour: str) -> None:
    """The 95 % t interval of a mean, as a bar; none of a single value."""
    if len(values) > 1:
        low, high = stats.t_interval(values)
        axis.plot([low, high], [y, y], color=colour, lw=1.8, solid_capstyle="butt")


def _seeds(axis: Axes, values: Doubles, y: float, colour: str) -> None:
    """A dot a seed, one beside the other."""
    axis.plot(values, y + _beeswarm(len(values)), "o", ms=2.4, color=colour, **DOT)


def _beeswarm(n: int) -> Doubles:
    """Heights about a row's own."""
    return np.linspace(-0.09, 0.09, n) if n > 1 else np.zeros(n)


def _rows(summary: Summary, row: float, top: float) -> tuple[Figure, list[Axes]]:
    """A panel a task, a row a variant; names stand at the left of each line of panels."""
    names = summary.variants
    columns = 1 if len(summary.tasks) == 1 else 2 if len(summary.tasks) in (2, 4) else 3
    left = max(0.5, 0.22 + LETTER * max(map(len, names)))
    most = max(len(_lines(task, WIDTH / columns)) for task in summary.tasks)
    high = row * len(names) + (0.6 if len(names) < 4 else 0.0)
    figure, axes = _panels(len(summary.tasks), columns, high, left, top + 0.13 * most, 0.3, 0.45 + 0.13 * most)
    for i, (axis, task) in enumerate(zip(axes, summary.tasks, strict=True)):
        axis.set_yticks(range(len(names)), names if i % columns == 0 else [""] * len(names), fontsize=7)
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.tick_params(axis="y", length=0)
        axis.tick_params(axis="x", labelsize=7)
        axis.xaxis.set_major_locator(_few())
        axis.grid(axis="y", color="0.93", lw=0.6)
        axis.set_axisbelow(True)
        _title(axis, task, WIDTH / columns)
    return figure, axes


def _spread_of(axis: Axes) -> None:
    """Never a panel whose whole width is a rounding error."""
    low, high = axis.get_xlim()
    if high - low < 0.02:
        axis.set_xlim((low + high) / 2 - 0.01, (low + high) / 2 + 0.01)


# default against tuned


def gains(summary: Summary) -> Figure:
    """Default above, tuned below, joined: means, their intervals, and a dot a test seed."""
    told = {(row["task"], row["variant"]): row for row in summary.gains.to_dict("records")}
    with mpl.rc_context(STYLE):
        figure, axes = _rows(summary, 0.42, 0.45)
        for axis, task in zip(axes, summary.tasks, strict=True):
            for y, variant in enumerate(summary.variants):
                if (task, variant) in summary.studies:
                    row = told[task, variant]
                    _gain(axis, y, summary.tested(task, variant), _colour(row), row["kept"], len(summary.variants) == 1)
            _spread_of(axis)
        _words(figure, f"{summary.unit}, test seeds")
        _legend(
            figure,
            {
                "default": {"marker": "o", "mfc": "white", "ls": "none"},
                "tuned: gain shown": {"marker": "D", "color": GAIN, "ls": "none"},
                "loss shown": {"marker": "X", "color": LOSS, "ls": "none"},
                "no difference shown": {"marker": "s", "color": UNSURE, "ls": "none"},
            },
        )
    return figure


def _colour(row: Any) -> str:
    if not row["p_holm"] < LEVEL:
        return UNSURE
    return GAIN if row["difference"] > 0 else LOSS


def _gain(axis: Axes, y: int, scores: tuple[Doubles, Doubles], colour: str, kept: bool, alone: bool) -> None:
    tuned, default = scores
    above, below = (y, y) if kept else (y - 0.19, y + 0.19)
    marker = {GAIN: "D", LOSS: "X"}.get(colour, "s")
    _seeds(axis, default, above, "0.35")
    _interval(axis, default, above, "black")
    if alone and not kept:  # room enough for every pair
        heights = np.stack([above + _beeswarm(len(default)), below + _beeswarm(len(tuned))])
        axis.plot(np.stack([default, tuned]), heights, color="0.85", lw=0.6, zorder=0)
    if not kept:
        _seeds(axis, tuned, below, colour)
        _interval(axis, tuned, below, colour)
        axis.plot([default.mean(), tuned.mean()], [above, below], color=colour, lw=0.8)
        axis.plot(tuned.mean(), below, marker, ms=4.5, color=colour)
    axis.plot(default.mean(), above, "o", ms=4.5, color="black", mfc="white")


# rankings


def slopes(rankings: Sequence[Ranking]) -> Figure:
    """A panel a ranking: places before tuning at the left, after it at the right, with scores; in bold who may be best."""
    most = max(len(r.variants) for r in rankings)
    # inches of a name and its score
    reach = LETTER * 1.1 * (max(len(name) for r in rankings for name in r.variants) + 7)
    columns = 2 if len(rankings) > 1 and (WIDTH - 0.4) / 2 - 2 * reach > 0.8 else 1
    wide = (WIDTH - 0.2 - 0.2 * (columns - 1)) / columns
    with mpl.rc_context(STYLE):
        figure, axes = _panels(len(rankings), columns, 0.19 * (most + 1), 0.1, 0.7, 0.2, 0.45, 0.1, 0.1)
        for axis, ranking in zip(axes, rankings, strict=True):
            _slope(axis, ranking)
            rest = reach / max(wide - 2 * reach, 0.5)
            axis.set(xlim=(-rest, 1 + rest), ylim=(most - 0.5, -1.5))
        marks = {
            "rises": {"color": GAIN, "lw": 1.6},
            "falls": {"color": LOSS, "lw": 1.6, "ls": "--"},
            "keeps its place": {"color": "0.6", "lw": 1.0},
        }
        _legend(figure, marks)
    return figure


def _slope(axis: Axes, ranking: Ranking) -> None:
    scores = {"default": ranking.default.mean(0), "tuned": ranking.tuned.mean(0)}
    places = {setting: places_of(s) for setting, s in scores.items()}
    for i, name in enumerate(ranking.variants):
        y = [float(places[setting][i]) for setting in scores]
        colour, dash = ("0.6", "-") if y[0] == y[1] else (GAIN, "-") if y[1] < y[0] else (LOSS, "--")
        axis.plot([0, 1], y, color=colour, ls=dash, lw=1.0 if y[0] == y[1] else 1.6, marker="o", ms=3)
        for x, setting in enumerate(scores):
            score = f"{round(scores[setting][i], 2) + 0.0:.2f}"
            text = f"{score}  {name}" if x else f"{name}  {score}"
            _beside(axis, x, y[x], text, "bold" if name in ranking.best(setting) else "normal", "black")
    for x, word in enumerate(scores):
        _beside(axis, x, -1, word, "normal", "0.4")
    axis.set_axis_off()
    _title(axis, f"{ranking.where}: tau {ranking.tau:.2f}{bounds(ranking.interval)}", 4.6)


def _beside(axis: Axes, x: int, y: float, text: str, weight: str, colour: str) -> None:
    """Words at the left of 0 or at the right of 1."""
    axis.annotate(
        text, (x, y), xytext=(7 if x else -7, 0), textcoords="offset points", ha="left" if x else "right", va="center",
        fontsize=7, fontweight=weight, color=colour, annotation_clip=False,
    )  # fmt: skip


def bounds(interval: stats.Interval) -> str:
    """` [0.20, 0.70]`, or nothing where there is none."""
    return f" [{interval.low:.2f}, {interval.high:.2f}]" if interval.low == interval.low else ""


def places_of(scores: Doubles) -> Doubles:
    """Places from 0, the highest first; equals in their own order."""
    return np.argsort(np.argsort(-np.round(scores, 12), kind="stable"), kind="stable").astype(np.float64)


# score against budget


def budget(summary: Summary, variants: Sequence[str]) -> Figure:
    """Best value so far against trials, a panel a task and a line a variant; at the right what the choice scores on test."""
    tasks = [task for task in summary.tasks if {*summary.on(task)} & {*variants}]
    styles = line_styles(variants)
    columns = min(3, len(tasks))
    with mpl.rc_context(STYLE):
        above = 0.35 + 0.13 * max(len(_lines(task, WIDTH / columns)) for task in tasks)
        top = above + _legend_rows(len(variants) + 2)
        figure, axes = _panels(
            len(tasks), columns, 1.9 if len(tasks) > 1 else 2.6, top=top, down=above + 0.1, across=0.5
        )
        for axis, task in zip(axes, tasks, strict=True):
            found = {v: t for v, t in summary.on(task).items() if v in styles}
            end = max(len(t.trials) for t in found.values())
            step = max(end, 4) * 0.05
            for i, (variant, t) in enumerate(found.items()):
                place = end + step * (1.4 + i)
                test = summary.tested(task, variant)[0]
                marker = MARKERS[list(styles).index(variant) % len(MARKERS)]
                _best_line(axis, t, styles[variant], marker, end)
                _upright(axis, test, place, styles[variant][0], marker)
            _test_strip(axis, end + step * 0.5, end + step * (len(found) + 1.9))
            _title(axis, task, WIDTH / columns, pad=14)
        _words(figure, "trials", f"{summary.unit}, tuning seeds")
        entries: dict[str, dict[str, Any]] = {
            v: {"color": c, "ls": d, "lw": 1.5, "marker": MARKERS[i % len(MARKERS)], "ms": 4}
            for i, (v, (c, d)) in enumerate(styles.items())
        }
        entries["default"] = {"marker": "o", "ls": "none", "mfc": "white", "ms": 6}
        _legend(figure, entries, 3 if max(map(len, variants)) > 16 else 4)
    return figure


def _best_line(axis: Axes, t: Tuned, style: tuple[str, Any], marker: str, end: int) -> None:
    best = best_so_far(t)
    x = np.arange(1, len(best) + 1)
    axis.step([*x, end], [*best, best[-1]] if len(best) else [], where="post", color=style[0], ls=style[1], lw=1.5)
    default = value_of(t, t.test["default"].number)
    axis.plot(1, default, "o", ms=6, mec=style[0], mfc="white", zorder=3)


def _upright(axis: Axes, values: Doubles, x: float, colour: str, marker: str) -> None:
    """A mean and its 95 % t interval."""
    if len(values) > 1:
        axis.plot([x, x], stats.t_interval(values), color=colour, lw=1.6, solid_capstyle="butt")
    axis.plot(x, values.mean(), marker, ms=4.5, color=colour)


def _test_strip(axis: Axes, start: float, end: float) -> None:
    """Right of the trials: other seeds, on the same scale."""
    axis.axvspan(start, end, color="0.94", lw=0, zorder=0)
    axis.annotate("test", ((start + end) / 2, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=7,
                  color="0.35", annotation_clip=False)  # fmt: skip
    axis.set_xticks([x for x in _few(True).tick_values(0, start) if 1 <= x <= start])
    axis.set_xlim(0.5 - 0.02 * end, end)


def trials(t: Tuned) -> Figure:
    """One study: every trial, the best so far, what was run again, and at the right the test; all with intervals."""
    asked = ordered(t.trials)
    places = {a.number: i + 1 for i, a in enumerate(asked)}
    whole = {a.number: a for a in complete(t)}
    end = len(asked)
    step = max(end, 4) * 0.05
    with mpl.rc_context(STYLE):
        figure, (axis,) = _panels(1, 1, 2.7, top=0.85)
        for a in asked:
            if a.number in whole:
                _upright(axis, per_seed(a.scores), places[a.number], "0.6", "o")
            elif math.isfinite(a.value):
                axis.plot(places[a.number], a.value, "x", ms=5, color="0.55")
        _best_line(axis, t, ("black", "-"), "o", end)
        for stage in t.selection:
            if stage.number in places:
                _upright(
                    axis, per_seed(stage.scores), places[stage.number] + 0.25, STAGES["chosen, selection seeds"][1], "s"
                )
        for i, (setting, colour, marker) in enumerate((("default", "black", "o"), ("tuned", GAIN, "D"))):
            _upright(axis, per_seed(t.test[setting].scores), end + step * (1.4 + i), colour, marker)
        if t.chosen in whole:
            axis.plot(places[t.chosen], whole[t.chosen].value, "*", ms=11, color=GAIN, mec="black", mew=0.5, zorder=4)
        _test_strip(axis, end + step * 0.5, end + step * 3.4)
        _words(figure, "trials", t.unit)
        _legend(
            figure,
            {
                "trial, tuning seeds": {"marker": "o", "color": "0.6", "ls": "-", "ms": 4},
                "best so far": {"lw": 1.5},
                "pruned": {"marker": "x", "color": "0.55", "ls": "none"},
                "run again, selection seeds": {"marker": "s", "color": STAGES["chosen, selection seeds"][1], "ms": 4},
                "default": {"marker": "o", "mfc": "white", "ls": "none"},
                "chosen": {"marker": "*", "color": GAIN, "ls": "none", "ms": 9, "mec": "black", "mew": 0.5},
                "test, tuned": {"marker": "D", "color": GAIN, "ms": 4},
                "test, default": {"marker": "o", "ms": 4},
            },
        )
    return figure


# optimism


def stages(summary: Summary) -> Figure:
    """What became of a study's best value: best trial, then the chosen one on selection and on test seeds."""
    table = summary.optimism
    best = dict(zip(zip(table["task"], table["variant"], strict=True), table["best trial"], strict=True))
    with mpl.rc_context(STYLE):
        figure, axes = _rows(summary, 0.36, 0.45)
        for axis, task in zip(axes, summary.tasks, strict=True):
            for y, variant in enumerate(summary.variants):
                if (task, variant) in summary.studies:
                    again, test = selected(summary.studies[task, variant]), summary.tested(task, variant)[0]
                    _stage_row(axis, y, best[task, variant], again, test)
            _spread_of(axis)
        _words(figure, summary.unit)
        marks = {name: {"marker": m, "color": c, "ls": "none", "ms": 5} for name, (m, c) in STAGES.items()}
        _legend(figure, marks)
    return figure


def _stage_row(axis: Axes, y: int, best: float, again: Doubles, test: Doubles) -> None:
    heights = (y - 0.22, y, y + 0.22)
    means = (best, float(again.mean()) if len(again) else NAN, float(test.mean()))
    axis.plot(means, heights, color="0.6", lw=0.8)
    for height, mean, seeds, (marker, colour) in zip(
        heights, means, (again[:0], again, test), STAGES.values(), strict=True
    ):
        if len(seeds):
            _seeds(axis, seeds, height, colour)
            _interval(axis, seeds, height, colour)
        axis.plot(mean, height, marker, ms=5, color=colour, mec="black", mew=0.4)


# importances


def importance_map(summary: Summary) -> Figure:
    """Mean shares, variants x fields (and tasks x fields), the most important field first."""
    sides = [side for side, names in ((1, summary.variants), (0, summary.tasks)) if len(names) > 1]
    shares = {
        side: summary.shares(side).rename(columns={n: k.short for n, k in summary.knobs.items()}) for side in sides
    }
    shares = {side: table for side, table in shares.items() if len(table) > 1} or dict(list(shares.items())[:1])
    tables = list(shares.values())
    left = 0.25 + LETTER * max(len(str(name)) for t in tables for name in t.index)
    below = 0.35 + 0.75 * LETTER * max(len(str(c)) for c in tables[0].columns)
    tall = max(0.3 + sum(0.27 * len(t) + 0.45 for t in tables) - 0.45, 1.2) + below
    reach = max(float(np.nanmax(t.to_numpy(float))) for t in tables)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, tall))
        y = tall - 0.3
        for side, table in shares.items():
            y -= 0.27 * len(table)
            axis = figure.add_axes((left / WIDTH, y / tall, 0.86 - left / WIDTH, 0.27 * len(table) / tall))
            _map(axis, table, reach, last=table is tables[-1])
            over = (summary.variants, summary.tasks)[side]
            axis.set_title(f"mean of the {('variants', 'tasks')[side]}" if len(over) > 1 else over[0], fontsize=8)
            y -= 0.45
        colours = figure.add_axes((0.885, below / tall, 0.018, max(min(1.6, tall - 0.3 - below), 0.8) / tall))
        scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, reach), "cividis")
        figure.colorbar(scale, cax=colours).ax.tick_params(labelsize=7)
        colours.set_ylabel("share", fontsize=8)
        colours.yaxis.set_major_locator(_few())
    return figure


def _map(axis: Axes, table: pd.DataFrame, reach: float, last: bool) -> None:
    axis.set_facecolor("0.95")
    sns.heatmap(table, cmap="cividis", vmin=0, vmax=reach, ax=axis, cbar=False, linewidths=0.6, linecolor="white")
    for (i, j), value in np.ndenumerate(table.to_numpy(float)):
        text = "-" if value != value else f"{value:.2f}".removeprefix("0")
        colour = "0.5" if value != value else "white" if value < 0.5 * reach else "black"
        axis.annotate(text, (j + 0.5, i + 0.5), ha="center", va="center", color=colour, fontsize=7)
    axis.set(xlabel="", ylabel="")
    axis.set_yticklabels([str(n) for n in table.index], rotation=0, fontsize=7)
    axis.tick_params(length=0)
    if last:
        axis.set_xticklabels([str(n) for n in table.columns], rotation=40, ha="right", fontsize=7.5)
    else:
        axis.set_xticklabels([])


def importance_bars(summary: Summary) -> Figure:
    """One study: a bar a field, filled where it tells more than chance."""
    (found,) = summary.importances.values()
    names = sorted(found.shares, key=lambda n: found.shares[n])
    with mpl.rc_context(STYLE):
        left = 0.25 + LETTER * max(len(summary.knobs[n].label) for n in names)
        figure, (axis,) = _panels(1, 1, 0.26 * len(names) + 0.1, left, 0.45, right=0.6)
        for y, name in enumerate(names):
            sure = name in found.above
            axis.barh(y, found.shares[name], height=0.66, color=GAIN if sure else "white", ec=GAIN if sure else "0.5")
            axis.annotate(f" {found.shares[name]:.2f}", (found.shares[name], y), va="center", fontsize=7.5)
        axis.set_yticks(range(len(names)), [summary.knobs[n].label for n in names], fontsize=8)
        axis.set_xlim(0, 1.1 * max(found.shares.values()))
        _words(figure, "share of the importance")
        filled = {"marker": "s", "ls": "none", "ms": 7}
        _legend(figure, {"more than in every shuffle of the scores": {**filled, "color": GAIN},
                         "no more than chance": {**filled, "mfc": "white", "color": "0.5"}})  # fmt: skip
    return figure


# sensitivity


def slices(studies: Mapping[str, Tuned], named: Mapping[str, Knob], alone: bool) -> Figure:
    """Value on the tuning seeds against each field, a panel a field; defaults ringed, choices starred.

    named   their names, the same in all figures of a report
    alone   one study: its points are coloured by when they were tried, and the two marked ones have intervals
    """
    shown = varied(studies)
    styles = line_styles(list(studies))
    with mpl.rc_context(STYLE):
        top = 0.5 if alone else 0.3 + _legend_rows(len(studies) + 2, 4)
        figure, axes = _panels(len(shown), 3, 1.55, top=top + 0.12, down=0.62, across=0.25, bottom=0.45,
                               right=0.75 if alone else 0.15)  # fmt: skip
        low, high = _reach([a.value for t in studies.values() for a in complete(t)])
        for i, (axis, knob) in enumerate(zip(axes, shown.values(), strict=True)):
            for k, (variant, t) in enumerate(studies.items()):
                _points(axis, knob, t, styles[variant][0], MARKERS[k % len(MARKERS)], alone)
            _knob_axis(axis, knob)
            axis.set_title(named[knob.name].label, fontsize=8.5)
            axis.set_ylim(low, high)
            if i % 3:
                axis.set_yticklabels([])
        _words(figure, "", f"{unit_of(studies.values())}, tuning seeds")
        _slice_legend(figure, studies, styles, alone)
    return figure


def varied(studies: Mapping[str, Tuned]) -> dict[str, Knob]:
    """The fields of which complete trials have more than one value."""
    seen: dict[str, set[str]] = {}
    for name, value in (item for t in studies.values() for a in complete(t) for item in a.values.items()):
        seen.setdefault(name, set()).add(str(value))
    return {name: knob for name, knob in knobs(list(studies.values())).items() if len(seen.get(name, ())) > 1}


def _reach(values: Sequence[float]) -> tuple[float, float]:
    """Limits with a little air; some room where all values are one."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    air = max(0.08 * (high - low), 0.02)
    return low - air, high + air


def _points(axis: Axes, knob: Knob, t: Tuned, colour: str, marker: str, alone: bool) -> None:
    of = [a for a in complete(t) if knob.name in a.values]
    x = [knob.place(a.values[knob.name]) for a in of]
    y = [a.value for a in of]
    if knob.choices:
        x = [v + 0.22 * math.sin(2.4 * i) for i, v in enumerate(x)]  # side by side where many share a choice
    if alone:
        axis.scatter(x, y, c=[a.number for a in of], cmap="cividis", s=14, lw=0, vmin=0, vmax=_last(t))
    else:
        axis.scatter(x, y, color=colour, marker=marker, s=8, alpha=0.55, lw=0)
    for number, how in ((t.test["default"].number, "o"), (t.chosen, "*")):
        for a, at in zip(of, x, strict=True):
            if a.number != number:
                continue
            if alone and len(seeds := per_seed(a.scores)) > 1:
                axis.plot([at, at], stats.t_interval(seeds), color="0.4", lw=0.9, zorder=2)
            if how == "o":
                axis.plot(at, a.value, "o", ms=8, mfc="none", mec="black" if alone else colour, mew=1.3, zorder=3)
            else:
                axis.plot(at, a.value, "*", ms=11, color=GAIN if alone else colour, mec="black", mew=0.6, zorder=4)


def _last(t: Tuned) -> int:
    return max((a.number for a in t.trials), default=1) or 1


def _knob_axis(axis: Axes, knob: Knob) -> None:
    """Logarithmic where the search is; choices under their own names."""
    axis.tick_params(labelsize=7)
    if knob.choices:
        axis.set_xticks(range(len(knob.choices)), [textwrap.shorten(c, 12, placeholder="..") for c in knob.choices])
        axis.set_xlim(-0.5, len(knob.choices) - 0.5)
        if sum(map(len, knob.choices)) > 24:
            axis.tick_params(axis="x", labelrotation=20)
    elif knob.log:
        axis.set_xscale("log")
        axis.set_xlim(knob.low / (knob.high / knob.low) ** 0.06, knob.high * (knob.high / knob.low) ** 0.06)
    else:
        air = 0.06 * (knob.high - knob.low)
        axis.set_xlim(knob.low - air, knob.high + air)
        axis.xaxis.set_major_locator(_few(knob.integer))


def _slice_legend(figure: Figure, studies: Mapping[str, Tuned], styles: Mapping[str, Any], alone: bool) -> None:
    marks: dict[str, dict[str, Any]] = {
        "default": {"marker": "o", "ls": "none", "mfc": "none", "ms": 8, "mew": 1.3},
        "chosen": {
            "marker": "*",
            "ls": "none",
            "ms": 10,
            "mec": "black",
            "mew": 0.6,
            "color": GAIN if alone else "0.7",
        },
    }
    if alone:
        (t,) = studies.values()
        height = figure.get_figheight()
        bar = figure.add_axes((1 - 0.6 / WIDTH, 0.45 / height, 0.12 / WIDTH, min(1.5, height - 1.2) / height))
        scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, _last(t)), "cividis")
        figure.colorbar(scale, cax=bar, label="trial").ax.tick_params(labelsize=7)
        bar.yaxis.set_major_locator(_few(True))
        return _legend(figure, marks)
    points = {
        v: {"marker": MARKERS[i % len(MARKERS)], "color": styles[v][0], "ls": "none", "ms": 4}
        for i, v in enumerate(studies)
    }
    return _legend(figure, {**points, **marks})


# parallel coordinates


def parallel(studies: Mapping[str, Tuned], named: Mapping[str, Knob]) -> Figure:
    """A panel a variant: a line a trial over its fields and its score, coloured by the score, the best on top."""
    alone = len(studies) == 1
    rows = _packed([len(t.space) for t in studies.values()])
    tall, top, down = (2.4 if alone else 1.1), (0.6 if alone else 0.8), 0.85
    height = top + len(rows) * (tall + down)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height))
        for row, places in enumerate(rows):
            bottom = 1 - (top + row * (tall + down) + tall) / height
            for place in places:
                variant, t = list(studies.items())[place]
                left, wide = (
                    (0.02, 0.95) if len(places) == 1 else ((0.02, 0.45) if place == places[0] else (0.53, 0.45))
                )
                axis = figure.add_axes((left, bottom, wide, tall / height))
                _coordinates(axis, t, named)
                if not alone:
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
    bar = figure.add_axes((1 - 1.9 / WIDTH, 1 - 0.2 / height, 1.1 / WIDTH, 0.1 / height))
    figure.colorbar(mpl.cm.ScalarMappable(mpl.colors.Normalize(0, 1), "cividis"), cax=bar, orientation="horizontal")
    bar.set_xticks([])
    for x, text, side in (
        (1 - 1.97 / WIDTH, "a variant's lowest score", "right"),
        (1 - 0.73 / WIDTH, "highest", "left"),
    ):
        figure.text(x, 1 - 0.15 / height, text, fontsize=7.5, ha=side, va="center")


def _coordinates(axis: Axes, t: Tuned, named: Mapping[str, Knob]) -> None:
    of = list(knobs([t]).values())
    whole = {a.number: a.value for a in complete(t)}
    reach = _reach(list(whole.values()))
    span = [min(whole.values(), default=0.0), max(whole.values(), default=1.0)]
    scale, shade = mpl.colormaps["cividis"], mpl.colors.Normalize(span[0], max(span[1], span[0] + 1e-9))
    special = {t.test["default"].number: ("black", ":", 1.4), t.chosen: (LOSS, "-", 2.2)}
    for rank, a in enumerate(sorted(t.trials, key=lambda a: (a.number in whole, a.value))):
        nudge = 0.025 * math.sin(2.4 * a.number)  # lines through one choice lie side by side
        y = [knob.height(a.values.get(knob.name)) + nudge * bool(knob.choices) for knob in of]
        y.append((a.value - reach[0]) / (reach[1] - reach[0]) if a.number in whole else NAN)
        how = (scale(shade(a.value)), "-", 0.9) if a.number in whole else ("0.6", "--", 0.7)
        colour, dash, weight = special.get(a.number, how)
        axis.plot(range(len(y)), y, color=colour, ls=dash, lw=weight, zorder=2 + rank / 1e3 + (a.number in special))
    ends = [*(knob.ends for knob in of), (f"{reach[0]:.2f}", f"{reach[1]:.2f}")]
    for x, (low, high) in enumerate(ends):
        axis.axvline(x, color="0.35", lw=0.8, zorder=1)
        for at, text, side in ((-0.06, low, "top"), (1.04, high, "bottom")):
            axis.annotate(text, (x, at), ha="center", va=side, fontsize=6.5, color="0.3", annotation_clip=False)
    names = [*(named[knob.name].short for knob in of), "score"]
    axis.set_xticks(range(len(names)), names, rotation=28, ha="right", rotation_mode="anchor", fontsize=7)
    axis.tick_params(axis="x", length=0, pad=12)
    axis.set(ylim=(-0.04, 1.04), xlim=(-0.3, len(names) - 0.7), yticks=[])
    axis.spines[:].set_visible(False)
