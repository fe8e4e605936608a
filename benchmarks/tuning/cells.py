"""Cells of configurations x seeds, and the scores of finished cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from algorithms.training.records import Members
from algorithms.training_config import Episodes
from benchmarks.design.cell import Cell
from benchmarks.design.cells import UNUSED_RATE
from benchmarks.design.resolve import resolve
from benchmarks.store.sources import read_results
from benchmarks.tuning.protocol import OBJECTIVE_AT, Protocol, Stream, StudyPlan
from benchmarks.tuning.racing import Race
from benchmarks.tuning.result import Values
from envs.api import Bools, Doubles, Task

RATE = "training.learning_rate"
# of one cell: enough that a step is arithmetic, few enough that a batch keeps two processes busy
MAX_MEMBERS, MAX_CONFIGURATIONS = 40, 8
RACE_SEGMENT = 10  # updates between two looks of a race


@dataclass(frozen=True)
class Group:
    """A cell and the indices of its configurations in the batch."""

    cell: Cell
    indices: tuple[int, ...]


def groups(
    plan: StudyPlan, task: Task, configurations: Sequence[Values], stream: Stream, race: Race | None = None
) -> list[Group]:
    """Populations in which every configuration trains on every seed of the stream, a configuration after the other.

    Configurations that differ in a shape are in different cells. How a batch is cut does not depend on the number of
    processes: the same study has the same cells anywhere.
    """
    varied = plan.space.varied
    shapes: dict[str, list[int]] = {}
    for index, values in enumerate(configurations):
        shape = {path: value for path, value in values.items() if path not in varied}
        shapes.setdefault(repr(shape), []).append(index)
    each = max(1, min(MAX_MEMBERS // len(stream.seeds), MAX_CONFIGURATIONS))
    cells = []
    for places in shapes.values():
        for start in range(0, len(places), each):
            chosen = tuple(places[start : start + each])
            batch = [configurations[index] for index in chosen]
            spared = tuple(i for i, index in enumerate(chosen) if race is not None and index in race.spared)
            own = None if race is None else replace(race, spared=spared)
            cells.append(Group(_cell(plan, task, batch, stream, own), chosen))
    return cells


def _cell(plan: StudyPlan, task: Task, batch: Sequence[Values], stream: Stream, race: Race | None) -> Cell:
    variant, varied, protocol = plan.variant, plan.space.varied, plan.protocol
    shape = {path: value for path, value in batch[0].items() if path not in varied}
    resolved, training = resolve(task, variant, shape)
    for values in batch:  # each is checked as if it trained alone
        resolve(task, variant, values)

    def column(path: str, default: float) -> tuple[float, ...]:
        return tuple(float(values.get(path, default)) for values in batch for _ in stream.seeds)

    rates = column(RATE, training.learning_rate)
    own = ((path, column(path, 0.0)) for path in varied if path != RATE)
    members = Members(stream.seeds * len(batch), rates, stream.purpose, ((RATE, rates), *own))
    training = replace(training, learning_rate=UNUSED_RATE)  # a learner reads its members' rates alone
    if race is not None and isinstance(training.collection, Episodes):  # between segments a race is decided
        training = replace(training, segment=min(training.segment, RACE_SEGMENT))
    return Cell(task, resolved, training, members, protocol.env_steps[task.name], protocol.evaluation, race)


@dataclass(frozen=True)
class StudyScores:
    """Scores of configurations [C, S] in the order of the cell. NaN for a run that was stopped, that diverged, or whose
    return is not finite at a checkpoint of the objective.

    finished  [C] whether all seeds came to the end
    rungs     fraction -> [C, S] scores there, NaN of configurations that had been stopped
    arrived   fraction -> [C] whether all seeds came there
    """

    scores: Doubles
    finished: Bools
    rungs: Mapping[float, Doubles]
    arrived: Mapping[float, Bools]


def read_scores(path: Path, cell: Cell, protocol: Protocol) -> StudyScores:
    """The scores of a finished cell. Raises Damaged where it cannot be read."""
    results = read_results([path])
    member = results.frame["member"].to_numpy()
    fraction = results.frame["fraction"].to_numpy()
    returns = np.where(results.frame["diverged"], np.nan, results.frame["eval_return"])
    fractions = protocol.evaluation.fractions
    members, seeds = len(cell.members.seeds), len(set(cell.members.seeds))
    table, reached = np.full((len(fractions), members), np.nan), np.zeros((len(fractions), members), np.bool_)
    for k, f in enumerate(fractions):
        rows = fraction == f
        table[k, member[rows]], reached[k, member[rows]] = returns[rows], True
    scores = cell.task.scale.read(np.where(np.isfinite(table), table, np.nan))
    objectives = np.where(reached[-1], objective(scores, fractions, protocol), np.nan)
    rungs = {f: scores[fractions.index(f)].reshape(-1, seeds) for f in protocol.rungs}
    arrived = {f: reached[fractions.index(f)].reshape(-1, seeds).all(axis=1) for f in protocol.rungs}
    return StudyScores(objectives.reshape(-1, seeds), reached[-1].reshape(-1, seeds).all(axis=1), rungs, arrived)


def objective(scores: Doubles, at: Sequence[float], protocol: Protocol) -> Doubles:
    """[P] from scores [K, P] at these fractions: the mean over the last fifth, or the area under the curve."""
    if protocol.objective == "auc":
        return np.asarray(np.trapezoid(scores, at, axis=0))
    return np.asarray(scores[[at.index(f) for f in OBJECTIVE_AT]].mean(0))
