"""The figures that experiments declare: what goes on which axis. benchmarks/panels.py draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmarks.panels import Data
    from benchmarks.published_scores import Score
    from benchmarks.reports.document import Table
    from envs.text.overopt import OverOpt


@dataclass(frozen=True)
class Sweep:
    """Final normalised score against a knob: x gives each task's value, lines its line; a panel a variant.

    Without `lines` there is one panel, and the lines are the variants.
    """

    name: str
    caption: str
    x: Mapping[str, float]
    label: str
    lines: Mapping[str, str] = field(default_factory=dict)
    log: bool = False

    def draw(self, data: Data) -> Figure:
        from benchmarks import panels

        return panels.sweep(data, self)

    def table(self, data: Data) -> Table:
        from benchmarks.reports.document import Table
        from benchmarks.statistics.comparison_tables import sweep_table

        caption = (
            f"Score at the largest value less that at the smallest ({self.label}), paired by seed. Intervals are of each "
            "difference alone, not corrected; `p (Holm)` is corrected over the rows."
        )
        return Table(f"{self.name}_change", sweep_table(data.suite, self.x, self.lines), caption)


@dataclass(frozen=True)
class Measured:
    """Measures against environment steps: a row a measure ("score" is the normalised score), a column a task.

    levels: horizontal lines (label, height) by (task, measure).
    """

    name: str
    caption: str
    measures: tuple[str, ...]
    levels: Mapping[tuple[str, str], tuple[tuple[str, float], ...]] = field(default_factory=dict)

    def draw(self, data: Data) -> Figure:
        from benchmarks import panels

        return panels.measured(data, self)


@dataclass(frozen=True)
class Clocks:
    """Environment steps a second and seconds to the threshold: a row a task, a dot a process, held against `baseline`."""

    name: str
    caption: str
    baseline: str

    def draw(self, data: Data) -> Figure:
        from benchmarks import throughput_figures

        return throughput_figures.clocks(data, self)

    def table(self, data: Data) -> Table:
        from benchmarks import throughput
        from benchmarks.reports.document import Table

        made = throughput.shown(throughput.table(data, self.baseline))
        return Table(self.name, made, throughput.explained(self.baseline))


@dataclass(frozen=True)
class Beside:
    """Our scores beside published ones, a panel a task."""

    name: str
    caption: str
    scores: tuple[Score, ...]

    def draw(self, data: Data) -> Figure:
        from benchmarks import beside

        return beside.draw(data, self)

    def table(self, data: Data) -> Table:
        from benchmarks import beside
        from benchmarks.reports.document import Table

        return Table(self.name, beside.shown(beside.table(data, self.scores)), beside.EXPLAINED)


@dataclass(frozen=True)
class Turned:
    """Measures against a knob that variants turn: a row a measure, a column a task; lines hold a variant at each x.

    "score" is the normalised final score, "area" the area under its curve, others are means over the checkpoints.
    """

    name: str
    caption: str
    lines: Mapping[str, Mapping[float, str]]
    label: str
    measures: tuple[str, ...] = ("score", "area", "gradient_cosine")

    def draw(self, data: Data) -> Figure:
        from benchmarks import knob_figures

        return knob_figures.turned(data, self)


@dataclass(frozen=True)
class Standing:
    """Normalised final scores of some variants, a column a task and a dot a seed.

    variants  by their labels, in rows      levels  by their labels, those whose means are lines to compare with
    """

    name: str
    caption: str
    variants: Mapping[str, str]
    levels: Mapping[str, str]

    def draw(self, data: Data) -> Figure:
        from benchmarks import knob_figures

        return knob_figures.standing(data, self)


@dataclass(frozen=True)
class Overlay:
    """Learning curves of two implementations in one panel: `pairs` of variants, a panel a task and pair."""

    name: str
    caption: str
    pairs: Mapping[str, str]

    def draw(self, data: Data) -> Figure:
        from benchmarks import parity_figures

        return parity_figures.overlay(data, self)

    def table(self, data: Data) -> Table:
        from benchmarks import parity
        from benchmarks.reports.document import Table

        return Table(self.name, parity.table(data, self.pairs), parity.EXPLAINED)


@dataclass(frozen=True)
class Frontier:
    """Proxy and gold against the KL to the reference: the paths of training, and the exact frontier of all betas."""

    name: str
    caption: str
    mdps: Mapping[str, OverOpt]  # by task

    def draw(self, data: Data) -> Figure:
        from benchmarks import panels

        return panels.frontier(data, self)
