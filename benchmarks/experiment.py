"""An experiment is a question and the cells that answer it; a cell is one population trained in one process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from algorithms.peer import Peer
from algorithms.q_learning import QLearning
from algorithms.setting import Training, Unroll
from algorithms.training.elimination import Judge
from algorithms.training.evaluation import Evaluation
from algorithms.training.exact_return import enumerable, text_mdp
from algorithms.training.records import Members
from algorithms.tunable import configured
from algorithms.types import Variant
from algorithms.update import Optimal
from benchmarks import settings
from benchmarks.design.identity import canonical
from benchmarks.design.report_blocks import Drawing, Finding
from benchmarks.peers import settled
from benchmarks.situation import Situation
from benchmarks.store.descriptions import digest
from benchmarks.store.file_names import file_safe
from envs.api import Task, Transcript
from envs.seeding import Purpose
from envs.validation import UsageError

# raise it when a change of code, or of a field's default, moves results: every cell then trains anew
RESULTS_VERSION = 3
# steps of an environment between two cuts of an unrolled run: an episode's, within these bounds
SEGMENT_STEPS, LONGEST_SEGMENT = 1_000, 4_000
BLOCK = (
    10  # seeds of one cell: from 10 to 20 seeds trains 10..19 alone; from 14 to 20 trains 10..13 again, in another cell
)
UNREAD = 1.0  # Training.learning_rate where members bring rates of their own


@dataclass(frozen=True)
class Cell:
    """One population: its task, algorithm, fixed settings, members, budget of environment steps a member.

    race  who may be stopped early, where members differ
    """

    task: Task
    variant: Variant
    training: Training
    members: Members
    env_steps: int
    evaluation: Evaluation
    race: Judge | None = None

    @property
    def digest(self) -> str:
        """Hash of everything that its numbers depend on."""
        return digest(canonical(self), results_version=RESULTS_VERSION)

    @property
    def file_name(self) -> str:
        """Readable, and unique by its digest."""
        task = file_safe(self.task.name)
        first, last = self.members.seeds[0], self.members.seeds[-1]
        return f"{task}__{file_safe(self.variant.name)}__seeds{first}-{last}__{self.digest}.parquet"

    @property
    def label(self) -> str:
        return f"{self.task.name} x {self.variant.name}"


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
    variants: tuple[str | Variant, ...]
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


def why_not(task: Task, variant: Variant) -> str | None:
    """Why a variant cannot run on a task, or None where it can."""
    if variant.update.needs_oracle and text_mdp(task) is None:
        return f"{variant.name} needs an oracle, and {task.name} has none"
    if variant.update.needs_oracle and not isinstance(variant.update, Optimal) and not enumerable(task):
        return f"{variant.name} needs a task small enough to enumerate, and {task.name} is not"
    unfit = variant.update.unfit(task) if isinstance(variant.update, Peer | QLearning) else variant.unfit(task.spec)
    if variant.update.trains and unfit:
        return f"{variant.name} {unfit} ({task.name})"
    return None


def training_for(task: Task, variant: Variant, protocol: str = "ladder", rates_of: str | None = None) -> Training:
    """The settings of (task, variant), with what is fixed by the variant and the window that it needs on control tasks.

    rates_of  the variant whose learning rate it is, where that is not its own
    """
    training = replace(settings.training(task, variant, protocol), **dict(variant.fixed))
    if rates_of is not None:
        training = replace(training, learning_rate=settings.learning_rate(task, rates_of, protocol))
    if variant.collection is not None and not isinstance(task.spec.observation, Transcript):
        training = windowed(replace(training, collection=variant.collection), task)
    if isinstance(training.collection, Unroll) and not variant.estimator.credit.bootstraps:
        raise UsageError(f"{variant.name} credits whole episodes and cannot learn from windows (Unroll)")
    correction = variant.estimator.correction
    if isinstance(training.collection, Unroll) and correction is not None and correction.whole:
        raise UsageError(f"{variant.name} weighs whole episodes and cannot learn from windows (Unroll)")
    return training


def windowed(training: Training, task: Task) -> Training:
    """With segments of as many steps whatever the window: a segment's end truncates episodes, so let it be rare.

    As long as an episode, or its late steps would never be learned from; within bounds, for a killed run repeats a segment.
    """
    if not isinstance(training.collection, Unroll):
        return training
    window = training.collection.steps
    episode = -(-min(task.spec.horizon, LONGEST_SEGMENT) // window)  # windows that hold one
    return replace(training, segment=max(SEGMENT_STEPS // window, episode))


def blocks(seeds: int, size: int = BLOCK) -> list[tuple[int, ...]]:
    """Seeds 0..n-1 in blocks of 10, or of `size`."""
    return [tuple(range(i, min(i + size, seeds))) for i in range(0, seeds, size)]


def build_cells(
    experiment: Experiment,
    tasks: list[Task],
    variants: list[Variant],
    env_steps: int | None,
    tuned: Mapping[tuple[str, str], Mapping[str, Any]] = MappingProxyType({}),
) -> list[Cell]:
    """Every (task, variant, block of seeds) that can run, in its settings or, where it has one, its tuned configuration.

    tuned  (task, variant) -> a configuration (benchmarks.tuning)
    """
    cells = []
    for task in tasks:
        budget = env_steps or experiment.env_steps.get(task.name) or settings.budget(task)
        for plain in variants:
            if why_not(task, plain):
                continue
            key = task.name, plain.name
            values = tuned.get(key) or experiment.configurations.get(key, {})
            ready = settled(task, plain)
            plainly = training_for(task, ready, experiment.protocol, experiment.rates_of)
            variant, training = configured(ready, plainly, values)
            training = windowed(training, task)
            rates: tuple[float, ...] = (training.learning_rate,)
            if experiment.rates and variant.update.gradient:
                # a learner reads its members' rates alone; were the table's rate hashed too, writing down what these
                # cells choose would age them
                rates, training = experiment.rates, replace(training, learning_rate=UNREAD)
            for block in blocks(experiment.seeds_of.get(plain.name, experiment.seeds), experiment.block):
                pairs = [(seed, rate) for seed in block for rate in rates]
                members = Members(tuple(s for s, _ in pairs), tuple(r for _, r in pairs), experiment.purpose)
                cells.append(Cell(task, variant, training, members, budget, experiment.evaluation))
    return cells
