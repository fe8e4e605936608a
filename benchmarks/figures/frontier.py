"""Over-optimisation: proxy and gold reward against the KL to the reference policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure, Table
from benchmarks.figures.layout import label_axes, matrix_of_panels, note
from benchmarks.figures.parts.legends import line_legend
from benchmarks.figures.style import STYLE, LineStyle, line_styles, t_band
from benchmarks.statistics.intervals import t_interval
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.store.suite import Data
from envs.api import Doubles
from envs.control.limits import POSITIVE
from envs.language.frontier import Frontier as Exact
from envs.language.frontier import Point

PROXY, GOLD, BEST_OF = "most proxy, exactly", "most gold, exactly", "best of n, exactly"
JUDGES = ("proxy", "gold")
Look = Mapping[str, Any]  # keywords of a matplotlib line
EXACT_LOOKS: Mapping[str, Look] = {
    PROXY: {"color": "black", "ls": "-", "lw": 1.3},
    GOLD: {"color": "0.45", "ls": (0, (5, 1.5)), "lw": 1.3},
    BEST_OF: {"color": "0.45", "ls": (0, (1, 1.2)), "lw": 1.3},
}
KL_TICKS = (0, 1, 2, 4, 8, 16, 32, 64)


class Path(NamedTuple):
    """A variant at each of K checkpoints, [K, seeds]."""

    kl: Doubles
    proxy: Doubles  # J + beta KL
    gold: Doubles


@dataclass(frozen=True)
class Frontier(PlainFigure):
    """Proxy and gold against the KL to the reference: where policies are, and what is best for each KL, exactly.

    variants  which to draw; empty: all that have curves
    paths     draw the means of all checkpoints; else the last alone. Its intervals are drawn in either case
    measured  whether it has the table of distances to the frontier, of all variants
    """

    name: str
    caption: str
    variants: tuple[str, ...] = ()
    paths: bool = True
    measured: bool = False

    def draw(self, data: Data) -> Figure:
        frontiers = {task: data.suite.frontiers[task] for task in data.suite.scales if task in data.suite.frontiers}
        lines = [v for v in data.suite.variants_with_curves if v in self.variants or not self.variants]
        known = {PROXY: True, GOLD: any(f.gold for f in frontiers.values()),
                 BEST_OF: any(f.best_of for f in frontiers.values())}  # fmt: skip
        named = [*(name for name, has in known.items() if has), *lines]
        suite = data.suite
        styles = line_styles(lines, suite.present)
        with mpl.rc_context(STYLE):
            made = matrix_of_panels(len(JUDGES), len(frontiers), 1.7, most=3, least=2.1)
            for i, (task, exact) in enumerate(frontiers.items()):
                for row, judge in zip(made.rows, JUDGES, strict=True):
                    _exact_lines(row[i], exact, judge)
                    for variant in lines:
                        if (path := read_path(data, task, variant)) is not None:
                            _draw_path(row[i], path, judge, styles[variant], self.paths)
                    row[i].set_xscale("function", functions=(_root, np.square))  # near 0 proxy is linear in the root
                    row[i].set_xlim(left=0)
                    row[i].set_xticks([tick for tick in KL_TICKS if tick <= row[i].get_xlim()[1]])
                    if made.first[i]:
                        row[i].set_ylabel(f"{judge} reward an episode")
                made.rows[0][i].set_title(suite.title(task))
            label_axes(made.figure, "KL to the reference, nats an episode (axis linear in the root)")
            titles = {v: suite.title(v) for v in lines}
            line_legend(made.figure, named, "", suite.present, EXACT_LOOKS, titles)
            marks = "a mark: a checkpoint, " if self.paths else ""
            note(made.figure, f"mean of {count_noun(suite.seeds, 'seed')}, {marks}cross: 95 % t intervals at the end")
        return made.figure

    def table(self, data: Data) -> Table | None:
        if not self.measured:
            return None
        caption = (
            "Last checkpoint, means over seeds with 95 % t intervals. `proxy lost`: the most proxy of any policy with at "
            "most the seed's KL, minus its proxy; `gold lost`: the same of gold, also where another policy has it. The "
            "reference loses nothing at KL 0, so read both beside the score."
        )
        return Table(f"{self.name}_distance", distances(data), caption)


def distances(data: Data) -> pd.DataFrame:
    """A row for each task and variant: score, KL, proxy and gold at the end, and what the exact frontier has more."""
    rows = []
    for task, variant in product(data.suite.scales, data.suite.variants):
        exact, path = data.suite.frontiers.get(task), read_path(data, task, variant)
        if exact is None or path is None:
            continue
        curve = data.suite.curves[task, variant]
        kl, proxy, gold = (values[-1] for values in path)
        row: dict[str, object] = {"task": task, "variant": variant, "score": float(curve.score[-1].mean())}
        row |= {name: float(values.mean()) for name, values in zip(Path._fields, (kl, proxy, gold), strict=True)}
        lost = {"proxy lost": exact.most_proxy(kl) - proxy, "gold lost": exact.most_gold(kl) - gold}
        for name, values in lost.items():
            low, high = t_interval(values, limits=POSITIVE)  # no policy is beyond the frontier
            row |= {name: float(values.mean()), f"{name} low": low, f"{name} high": high}
        rows.append(row)
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def read_path(data: Data, task: str, variant: str) -> Path | None:
    """KL, proxy and gold of the seeds that did not diverge; None where they were not measured."""
    curve, exact = data.suite.curves.get((task, variant)), data.suite.frontiers.get(task)
    rows = data.measures[(data.measures["task"] == task) & (data.measures["variant"] == variant)]
    kl, gold = (_by_checkpoint(rows[rows["measure"] == name]) for name in ("kl", "gold"))
    if curve is None or exact is None or kl.empty or gold.empty:
        return None
    value = pd.DataFrame(curve.value[-len(kl) :], index=kl.index, columns=curve.seeds)[kl.columns]
    return Path(kl.to_numpy(float), (value + exact.beta * kl).to_numpy(float), gold.to_numpy(float))


def _by_checkpoint(rows: pd.DataFrame) -> pd.DataFrame:
    """One measure [K, seeds], of the seeds that have it at every checkpoint."""
    return rows.pivot_table(index="checkpoint", columns="seed", values="value").dropna(axis="columns")


def _root(x: Doubles) -> Doubles:
    root: Doubles = np.sqrt(np.maximum(x, 0.0))
    return root


def _exact_lines(axis: Axes, exact: Exact, judge: str) -> None:
    """The frontier of the proxy, with a star at the task's optimum; in gold's panel that of gold; and the best of n."""
    curves: dict[str, Sequence[Point]] = {PROXY: exact.proxy}
    if judge == "gold":
        axis.axhline(exact.proxy[0].gold, color="0.55", lw=0.8, ls=":")
        curves[GOLD] = exact.gold
    curves[BEST_OF] = exact.best_of
    for name, points in curves.items():
        if points:
            x, y = ([getattr(point, key) for point in points] for key in ("kl", judge))
            axis.plot(x, y, **EXACT_LOOKS[name])
    best = exact.optimum
    axis.plot(best.kl, getattr(best, judge), marker="*", ms=9, color=EXACT_LOOKS[PROXY]["color"], ls="none")


def _draw_path(axis: Axes, path: Path, judge: str, style: LineStyle, all_checkpoints: bool) -> None:
    """The means of the checkpoints, and a cross of intervals at the last."""
    values: Doubles = getattr(path, judge)
    if all_checkpoints:
        axis.plot(path.kl.mean(1), values.mean(1), lw=1.3, **style.settings())
    (x, left, right), (y, low, high) = (t_band(path.kl[-1], POSITIVE), t_band(values[-1]))
    axis.errorbar(x, y, [[y - low], [high - y]], [[x - left], [right - x]], color=style.colour,
                  marker=style.marker, ms=4.5, mew=0, lw=1.0)  # fmt: skip
