"""The cells of a judgement: populations that select rates on the open tasks, and blocks of hidden seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from algorithms.algorithm import Algorithm
from algorithms.training.evaluation import Evaluation
from benchmarks.design.cell import Cell
from benchmarks.design.cells import build_cells
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.own.rates import with_rates
from benchmarks.judging.hidden import Hidden
from benchmarks.judging.protocol import Protocol
from benchmarks.store.curves import BLOCK
from envs.api import Task
from envs.seeding import Purpose

EVALUATION = Evaluation(checkpoints=5)
COSTLY = 1.25  # times the candidate's estimated seconds: a rival that takes longer waits until the others are beaten
SELECTION = Evaluation(checkpoints=10, episodes=10)  # as `run --select-rates` has it


def experiment_of(tasks: Sequence[Task], variants: Sequence[Algorithm], question: str = "") -> ComparisonExperiment:
    """The contestants on some tasks, as reports know them."""
    return ComparisonExperiment("judge", question, tuple(tasks), tuple(variants), protocol="text")


def open_cells(tasks: Sequence[Task], variants: Sequence[Algorithm], protocol: Protocol) -> list[Cell]:
    """Of each contestant and open task one population: every rate on every tuning seed."""
    selection = replace(
        experiment_of(tasks, variants),
        seeds=protocol.tuning_seeds,
        block=protocol.tuning_seeds,
        evaluation=SELECTION,
        purpose=Purpose.SELECTION,
        rates=protocol.rates,
    )
    return build_cells(selection, tasks, variants, protocol.env_steps)


def hidden_cells(
    hidden: Hidden, variants: Sequence[Algorithm], rates: Mapping[str, float], look: int, protocol: Protocol
) -> list[Cell]:
    """The block of ten seeds that look 1, 2, ... adds, of each contestant on each hidden task."""
    plain = replace(experiment_of(hidden.tasks, variants), seeds=BLOCK, evaluation=EVALUATION, purpose=Purpose.TEST)
    rated = with_rates(plain, {(task.name, name): rate for task in hidden.tasks for name, rate in rates.items()})
    first = hidden.first_seed + (look - 1) * BLOCK
    return [
        replace(cell, members=replace(cell.members, seeds=tuple(first + seed for seed in cell.members.seeds)))
        for cell in build_cells(rated, hidden.tasks, variants, protocol.env_steps)
    ]


def look_seconds(hidden: Hidden, variant: Algorithm, protocol: Protocol) -> float:
    """About how many processor seconds ten seeds of it take on the hidden tasks."""
    cells = hidden_cells(hidden, [variant], {variant.name: 1.0}, 1, protocol)
    return sum(cell.algorithm.expected_seconds(cell) for cell in cells)


def stages_of(
    hidden: Hidden, candidate: Algorithm, rivals: Sequence[Algorithm], protocol: Protocol
) -> tuple[tuple[str, ...], ...]:
    """Rivals that are met together: first those that cost about what the candidate does or less, then the others.

    Most candidates are no better, and are stopped by a cheap rival. By an estimate from the settings, which is the same
    every time and on every machine.
    """
    most = COSTLY * look_seconds(hidden, candidate, protocol)
    costly = [rival.name for rival in rivals if look_seconds(hidden, rival, protocol) > most]
    first = tuple(rival.name for rival in rivals if rival.name not in costly)
    return tuple(stage for stage in (first, tuple(costly)) if stage)
