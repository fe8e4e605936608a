"""A cell is one population trained in one process, and what its identity and its settings are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from algorithms.evaluation import Evaluation
from algorithms.exact import enumerable, text_mdp
from algorithms.exploration import Independent
from algorithms.peer import Peer
from algorithms.policies.mlp import MLP
from algorithms.q_learning import QLearning
from algorithms.setting import Training, Unroll
from algorithms.training import Members
from algorithms.tunable import configured
from algorithms.types import Estimator, Schedule, Variant
from algorithms.update import Optimal
from benchmarks import settings
from benchmarks.design.experiment import BLOCK, ComparisonExperiment
from benchmarks.naming import file_safe as file_safe
from benchmarks.peers import settled
from envs.api import Task, Transcript
from envs.control.factory import Control
from envs.discover import UsageError
from envs.sources import described_class

if TYPE_CHECKING:
    from benchmarks.tuning.racing import Race

RESULTS_VERSION = 3  # raise it when a change of code moves results: every cell then trains anew
# steps of an environment between two cuts of an unrolled run: an episode's, within these bounds
SEGMENT_STEPS, LONGEST_SEGMENT = 1_000, 4_000
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
    race: Race | None = None

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


def digest(cell: Any, **version: int) -> str:
    """Hash of a canonical configuration and of the version of the code: `results_version` or `laboratory_version`."""
    text = json.dumps({**version, "cell": cell}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# texts and scales that no number depends on
_NOT_HASHED = {
    Variant: {"summary", "parent", "changes", "needs", "promises"},
    Task: {"floor", "ceiling", "threshold", "field", "source"},
}

# fields that came later: what does not use them keeps the digest that it had
_LATER: dict[type, dict[str, Any]] = {
    Cell: {"race": None},
    Control: {"encoding": None, "identity": None},
    Estimator: {"correction": None},
    Evaluation: {"at": (), "greedy": True},
    Members: {"varied": ()},
    MLP: {"activation": "tanh"},
    Schedule: {"actors": None, "gradient": "newest", "processes": None},
    Training: {
        "anneal": False,
        "exploration": Independent(),
        "actions": "raw",
        "normalise_returns": False,
        "clipped": "together",
    },
}


def canonical(value: Any) -> Any:
    """A JSON value that differs wherever the choice differs; of dataclasses it holds the class (envs.sources)."""
    if is_dataclass(value) and not isinstance(value, type):
        skip = _NOT_HASHED.get(type(value), set())
        named = getattr(value, "hashed", None) or {f.name: getattr(value, f.name) for f in fields(value)}
        parts = {name: canonical(part) for name, part in named.items() if name not in skip}
        for name, default in _LATER.get(type(value), {}).items():
            if getattr(value, name) == default:
                del parts[name]
        return {**described_class(type(value)), **parts}
    if isinstance(value, (tuple, list)):
        return [canonical(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): canonical(v) for k, v in value.items()}
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    raise TypeError(f"{value!r} cannot be part of a cell's configuration")


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
    experiment: ComparisonExperiment,
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
