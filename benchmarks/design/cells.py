"""The cells of an experiment, and of one task and algorithm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from algorithms.algorithm import Algorithm
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members
from benchmarks.design import settings
from benchmarks.design.cell import Cell
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.overrides import parse_assignments
from benchmarks.design.resolve import reason_unsupported, resolve
from benchmarks.store.curves import BLOCK
from envs.api import Task
from envs.named import check_installed
from envs.validation import UsageError

UNUSED_RATE = 1.0  # TrainingConfig.learning_rate where members bring rates of their own


def blocks(seeds: int, size: int = BLOCK) -> list[tuple[int, ...]]:
    """Seeds 0..n-1 in blocks of 10, or of `size`."""
    return [tuple(range(i, min(i + size, seeds))) for i in range(0, seeds, size)]


def build_cells(
    experiment: ComparisonExperiment,
    tasks: Sequence[Task],
    algorithms: Sequence[Algorithm],
    env_steps: int | None,
) -> list[Cell]:
    """Every (task, algorithm, block of seeds) that can run, in its settings or, where it has one, its configuration."""
    cells = []
    for task in tasks:
        budget = env_steps or experiment.env_steps.get(task.name) or settings.budget(task)
        for plain in algorithms:
            if reason_unsupported(task, plain):
                continue
            key = task.name, plain.name
            values = experiment.configurations.get(key, {})
            algorithm, training = resolve(task, plain, values, experiment.protocol, experiment.shared_rate_variant)
            rates: tuple[float, ...] = (training.learning_rate,)
            if experiment.rates and reads_rates(algorithm):
                # a learner reads its members' rates alone; were the table's rate hashed too, writing down what these
                # cells choose would age them
                rates, training = experiment.rates, replace(training, learning_rate=UNUSED_RATE)
            for block in blocks(experiment.seeds_by_variant.get(plain.name, experiment.seeds), experiment.block):
                pairs = [(seed, rate) for seed in block for rate in rates]
                training.check_memory(task.spec, len(pairs), algorithm.critic)
                members = Members(tuple(s for s, _ in pairs), tuple(r for _, r in pairs), experiment.purpose)
                cells.append(Cell(task, algorithm, training, members, budget, experiment.evaluation))
    return cells


def reads_rates(algorithm: Algorithm) -> bool:
    """Whether it learns at the learning rates of its members, rather than at one of its own or of others."""
    return algorithm.learns and not algorithm.unsettable and not algorithm.methods.own_rate


def single_cells(
    task: Task, algorithm: Algorithm, seeds: int, env_steps: int | None, assignments: tuple[str, ...]
) -> list[Cell]:
    """The cells of one task and algorithm with fields set on the command line. UsageError for what cannot run."""
    check_installed([task])
    if reason := reason_unsupported(task, algorithm):
        raise UsageError(reason)
    if assignments and algorithm.unsettable:
        raise UsageError(f"--set has no meaning for {algorithm.name}: {algorithm.unsettable}")
    values = parse_assignments(*resolve(task, algorithm), assignments)
    algorithm, training = resolve(task, algorithm, values)
    training.check_memory(task.spec, min(seeds, BLOCK), algorithm.critic)
    budget = env_steps or settings.budget(task)
    rate = training.learning_rate
    return [
        Cell(task, algorithm, training, Members(block, (rate,) * len(block)), budget, Evaluation())
        for block in blocks(seeds)
    ]
