"""An experiment: a question, and the tasks and algorithms that answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from algorithms.algorithm import Algorithm
from algorithms.training.evaluation import Evaluation
from benchmarks.design.cell import BLOCK
from benchmarks.design.report_blocks import Drawing, Finding
from benchmarks.situation import Situation
from envs.api import Task
from envs.seeding import Purpose


@dataclass(frozen=True)
class Experiment:
    """A question, the tasks and variants that answer it, and how much of each.

    tasks, variants  names of registered ones, or the thing itself where only this experiment has it
    figures    what it draws beside the figures that every report has
    env_steps  a member's budget by task; tasks that are not named use their settings' budget
    rates      None: each variant's own learning rate; else every rate is trained on every seed, as extra members
    rates_of   a variant at whose learning rate all train, so that nothing else differs; None: each at its own
    protocol   whose selection the own learning rates are (benchmarks.settings); with `rates`, the one that it makes
    small      what `--smoke` runs instead
    baseline   whom the report holds all others against; the first variant that learns where it is None
    guide      what its runs tell a reader who must choose
    finding    the answer that its report begins with
    block      seeds of one cell, which share its clock: where seconds are the answer, cells are its repeats
    seeds_of   of variants, by name, that have another number of them than `seeds`
    configurations  of (task, variant), as paths and values, in place of their settings (benchmarks.published)
    alone      cells run one after another, for seconds are measured: beside others they would be others' seconds too
    """

    name: str
    question: str
    tasks: tuple[str | Task, ...]
    variants: tuple[str | Algorithm, ...]
    seeds: int = 10
    env_steps: Mapping[str, int] = field(default_factory=dict)
    evaluation: Evaluation = field(default_factory=Evaluation)
    purpose: Purpose = Purpose.TRAIN
    rates: tuple[float, ...] | None = None
    rates_of: str | None = None
    protocol: str = "ladder"
    small: Mapping[str, Any] = field(default_factory=dict)
    figures: tuple[Drawing, ...] = ()
    baseline: str | None = None
    guide: tuple[Situation, ...] = ()
    finding: Finding | None = None
    block: int = BLOCK
    seeds_of: Mapping[str, int] = field(default_factory=dict)
    alone: bool = False
    configurations: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rates and self.rates_of:
            raise ValueError(f"{self.name} cannot train every rate (rates) and one alone (rates_of)")

    @property
    def task_names(self) -> tuple[str, ...]:
        return tuple(t if isinstance(t, str) else t.name for t in self.tasks)

    @property
    def variant_names(self) -> tuple[str, ...]:
        return tuple(v if isinstance(v, str) else v.name for v in self.variants)

    def smoke(self) -> Experiment:
        """The same question at its smallest size."""
        return replace(self, **self.small)
