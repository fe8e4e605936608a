"""The ranks of the same variants under several kinds of policies."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.design.report_blocks import PlainFigure, Table
from benchmarks.figures.layout import grid, note
from benchmarks.figures.parts.cells import CELL, columns_of_cells, draw_cells
from benchmarks.figures.style import STYLE
from benchmarks.findings.transfer.rankings import Kinds, agreements, rankings
from benchmarks.store.suite import Data


@dataclass(frozen=True)
class RanksByKind(PlainFigure):
    """A row a variant, a column a kind of policy: rank and, where it fits, score; the best under `target` comes first."""

    name: str
    caption: str
    kinds: Kinds
    target: str

    def draw(self, data: Data) -> Figure:
        made = rankings(data.suite, self.kinds)
        kinds = list(made.scores)
        means = np.stack([made.scores[kind].mean(0) for kind in kinds], 1)  # [variants, kinds]
        ranks = 1.0 + (means[:, None] < means[None]).sum(1)
        order = np.argsort(ranks[:, kinds.index(self.target) if self.target in kinds else 0], kind="stable")
        names = [data.suite.title(made.variants[i]) for i in order]
        both = [[f"{r:.0f} ({s:.2f})" for r, s in zip(ranks[i], means[i], strict=True)] for i in order]
        fit = columns_of_cells(names, [text for row in both for text in row]) >= len(kinds)
        texts = both if fit else [[f"{r:.0f}" for r in ranks[i]] for i in order]
        words = (
            "; in brackets the mean final score over its tasks" if fit else ", by the mean final score over its tasks"
        )
        with mpl.rc_context(STYLE):
            figure = grid(1, 1, CELL * len(names))
            draw_cells(figure.panels[0], ranks[order], (names, kinds), texts, ("cividis_r", 1.0, float(len(names))))
            note(figure.figure, f"rank under each kind of policy{words}")
        return figure.figure

    def table(self, data: Data) -> Table:
        caption = (
            "Kendall's tau of two rankings of the same variants by mean score. 95 % percentile intervals over seeds, which "
            "lean to lower tau, since a resample is noisier than the seeds. `repeat`: the mean tau between halves of the "
            "seeds of one kind, which a repeat on half as many seeds would reach."
        )
        return Table(f"{self.name}_agreement", agreements(rankings(data.suite, self.kinds)), caption)
