"""The protocol of experiments, and the class that compares trained variants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, Self

from algorithms.algorithm import Algorithm
from algorithms.training.evaluation import Evaluation
from benchmarks.design.guide_case import GuideCase
from benchmarks.design.own.model_flags import NO_MODEL
from benchmarks.design.report_blocks import Figure, Finding
from benchmarks.store.curves import BLOCK
from envs.api import Task
from envs.seeding import Purpose
from envs.validation import UsageError


class Experiment(Protocol):
    """A question, with the tasks and variants that answer it. `benchmarks.cli.kinds` runs and reports each class of
    experiments.
    """

    @property
    def name(self) -> str: ...

    @property
    def question(self) -> str: ...

    @property
    def tasks(self) -> tuple[str | Task, ...]: ...

    @property
    def variants(self) -> tuple[str | Algorithm, ...]: ...

    @property
    def task_names(self) -> tuple[str, ...]: ...

    @property
    def variant_names(self) -> tuple[str, ...]: ...

    def smoke(self) -> Self:
        """The same question at its smallest size."""

    def unsupported(self) -> Mapping[str, str]:
        """Flags of `run` and `report` that have no meaning here, with the reason as a relative clause."""


def check_flags(experiment: Experiment, given: Iterable[str]) -> None:
    """UsageError for the first of the given flags that has no meaning for the experiment."""
    reasons = experiment.unsupported()
    for flag in given:
        if flag in reasons:
            raise UsageError(f"--{flag} has no meaning for {experiment.name}, {reasons[flag]}")


@dataclass(frozen=True)
class Outcome:
    """Where the results of a run lie, and what failed: an entry a failed job, with its traceback.

    elsewhere  jobs without a result that other drivers or shards have, an entry each
    """

    paths: tuple[Path, ...]
    failures: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComparisonExperiment:
    """A question, the tasks and variants that answer it, and how much of each.

    tasks, variants  names of registered ones, or the thing itself where only this experiment has it
    figures    figures in addition to those of every report
    env_steps  a member's budget by task; tasks that are not named use their settings' budget
    rates      None: each variant's own learning rate; else every rate is trained on every seed, as extra members
    shared_rate_variant  all train at this variant's learning rate; None: each at its own
    protocol   whose selection the own learning rates are (benchmarks.design.settings); with `rates`, the one that it makes
    small      what `--smoke` runs instead
    baseline   the variant that all others are compared with; None: the first variant that learns
    guide      cases of the decision guide
    finding    the answer that its report begins with
    block      seeds of one cell, which share its clock: where seconds are the answer, cells are its repeats
    seeds_by_variant  the number of seeds of variants for which it is not `seeds`
    configurations  of (task, variant), as values by path that replace their settings (benchmarks.published)
    text_measures  measures that the report shows in a table of their own, with intervals
    one_at_a_time  cells run one after another, because their seconds are measured
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
    shared_rate_variant: str | None = None
    protocol: str = "ladder"
    small: Mapping[str, Any] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    baseline: str | None = None
    guide: tuple[GuideCase, ...] = ()
    finding: Finding | None = None
    block: int = BLOCK
    seeds_by_variant: Mapping[str, int] = field(default_factory=dict)
    one_at_a_time: bool = False
    text_measures: tuple[str, ...] = ()
    configurations: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rates and self.shared_rate_variant:
            raise ValueError(f"{self.name} cannot train every rate (rates) and one only (shared_rate_variant)")

    @property
    def task_names(self) -> tuple[str, ...]:
        return tuple(t if isinstance(t, str) else t.name for t in self.tasks)

    @property
    def variant_names(self) -> tuple[str, ...]:
        return tuple(v if isinstance(v, str) else v.name for v in self.variants)

    @property
    def own_tasks(self) -> tuple[Task, ...]:
        """The tasks that are declared themselves; all of them, once names are resolved."""
        return tuple(t for t in self.tasks if isinstance(t, Task))

    @property
    def own_variants(self) -> tuple[Algorithm, ...]:
        """The variants that are declared themselves; all of them, once names are resolved."""
        return tuple(v for v in self.variants if not isinstance(v, str))

    def smoke(self) -> Self:
        return replace(self, **self.small)

    def unsupported(self) -> Mapping[str, str]:
        reasons = dict(NO_MODEL)
        if self.rates or self.shared_rate_variant:
            reasons["tuned"] = "which has settings of its own"
            reasons["select-rates"] = "which has learning rates of its own"
        if self.rates:
            reasons["baseline"] = "which selects learning rates and compares no variants"
            reasons["adaptive"] = "which does not compare seeds"
            reasons["import"] = "which compares no learning curves"
        return reasons
