"""The cells of one task and variant with fields that the command line sets."""

from __future__ import annotations

from algorithms.evaluation import Evaluation
from algorithms.peer import Peer
from algorithms.training import Members
from algorithms.types import Variant
from benchmarks import settings
from benchmarks.assignments import override
from benchmarks.experiment import Cell, blocks, training_for, why_not
from benchmarks.peers import settled
from envs.api import Task
from envs.discover import UsageError
from envs.named import check_installed


def single_cells(
    task: Task, variant: Variant, seeds: int, env_steps: int | None, assignments: tuple[str, ...]
) -> list[Cell]:
    """The cells of `train`: one task and variant with fields set on the command line."""
    check_installed([task])
    if reason := why_not(task, variant):
        raise UsageError(reason)
    if assignments and isinstance(variant.update, Peer):
        raise UsageError(f"--set has no meaning for {variant.name}: stable-baselines3 does not read our fields")
    variant = settled(task, variant)
    training, variant = override(training_for(task, variant), variant, assignments)
    budget = env_steps or settings.budget(task)
    rate = training.learning_rate
    return [
        Cell(task, variant, training, Members(block, (rate,) * len(block)), budget, Evaluation())
        for block in blocks(seeds)
    ]
