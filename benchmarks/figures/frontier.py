"""Over-optimisation: proxy and gold reward against the KL to the reference policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure
from benchmarks.figures.layout import LEAST_WIDTH, line_legend
from benchmarks.figures.style import STYLE, LineStyle, line_styles
from benchmarks.statistics.wording.phrases import count_noun
from benchmarks.store.suite import Data
from envs.text.overopt import OverOpt

EXACT = "exact frontier"
JUDGES = ("proxy", "gold")
BETAS = np.geomspace(100, 0.002, 120)


@dataclass(frozen=True)
class Frontier(PlainFigure):
    """Proxy and gold against the KL to the reference: the paths of training, and the exact frontier of all betas.

    mdps  by task. Paths are means over seeds, with a mark at each checkpoint.
    """

    name: str
    caption: str
    mdps: Mapping[str, OverOpt]

    def draw(self, data: Data) -> Figure:
        tasks, lines = [t for t in data.suite.scales if t in self.mdps], data.suite.variants_with_curves
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(max(3.4 * len(tasks), LEAST_WIDTH), 5.4), layout="constrained")
            axes = figure.subplots(2, len(tasks), squeeze=False, sharex="col", sharey="row")
            among = [*data.suite.present, EXACT]
            styles = line_styles([EXACT, *lines], among)
            for column, task in zip(axes.T, tasks, strict=True):
                exact = self._exact(task)
                for axis, judge in zip(column, JUDGES, strict=True):
                    axis.plot(exact["kl"], exact[judge], color=styles[EXACT].colour, lw=1.2, label=EXACT)
                    if judge == "gold":
                        axis.axhline(exact["gold"][0], color="0.55", lw=0.8, ls=":")
                    _paths(axis, data, task, judge, self.mdps[task].beta, styles)
                column[0].set_title(task)
            for axis, judge in zip(axes[:, 0], JUDGES, strict=True):
                axis.set_ylabel(f"{judge} an episode")
            figure.supxlabel("KL to the reference, nats an episode", fontsize=9)
            title = f"mean of {count_noun(data.suite.seeds, 'seed')}, a mark a checkpoint"
            line_legend(figure, [EXACT, *lines], title, 3, among)
        return figure

    def _exact(self, task: str) -> dict[str, list[float]]:
        """KL, proxy and gold of the exact optimum of each beta."""
        points = self.mdps[task].frontier(BETAS)
        return {name: [getattr(p, name) for p in points] for name in ("kl", *JUDGES)}


def _paths(axis: Axes, data: Data, task: str, judge: str, beta: float, styles: Mapping[str, LineStyle]) -> None:
    for variant in data.suite.variants_with_curves:
        path = _path(data, task, variant, judge, beta)
        axis.plot(path["kl"], path["value"], lw=1.3, label=variant, **styles[variant].settings())  # fmt: skip


def _path(data: Data, task: str, variant: str, judge: str, beta: float) -> pd.DataFrame:
    """Mean KL and mean proxy or gold at each checkpoint; the proxy is the return with beta times the KL added."""
    rows = data.measures[(data.measures["task"] == task) & (data.measures["variant"] == variant)]
    wide = rows.pivot_table(index=["checkpoint", "seed"], columns="measure", values="value")
    if judge == "gold":
        wide["value"] = wide["gold"]
    else:
        curve = data.suite.curves[task, variant]
        paid = pd.DataFrame(curve.value, columns=curve.seeds).rename_axis(index="checkpoint", columns="seed").stack()
        wide["value"] = paid + beta * wide["kl"]
    return wide.groupby("checkpoint")[["kl", "value"]].mean()
