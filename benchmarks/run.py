"""Running an experiment: the cells that have no result yet, on the pool, then the report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from algorithms.peer import Peer
from algorithms.setting import Unroll
from algorithms.training.exact_return import ExactReturn
from algorithms.update import Exact
from benchmarks.display import Display, duration
from benchmarks.executor import execute
from benchmarks.experiment import Cell
from benchmarks.measurement import Measurement
from benchmarks.provenance import provenance
from benchmarks.store.files import Damaged, set_aside, sweep_parts
from benchmarks.store.sources import check_cell
from benchmarks.store.states import sweep_states
from benchmarks.worker import Job, Update
from envs.api import Image
from envs.delayed import Slowed

if TYPE_CHECKING:
    from benchmarks.live import Live


# for estimates and for the order of cells only, of one process: rows a second, acting and learning
ACTED_PER_S, LEARNED_PER_S, MEASURED_PER_S = 370_000, 400_000, 120_000
CALLS_PER_S, UPDATES_PER_S = 1_200, 750  # of a population's policy and of its optimiser, however few their rows
SIMULATED_PER_S = {"Box2D": 30_000, "robot control": 9_000, "driving": 1_500}  # environment steps, by field
IMAGES_PER_S = 200  # with a convolutional policy
PEER_PER_S = {"a2c": 3_000, "ppo": 1_000, "dqn": 700}  # of stable-baselines3, one seed after another
BYTES_PER_CELL = 12_000


AnyCell = TypeVar("AnyCell", Cell, Measurement, Cell | Measurement)


@dataclass(frozen=True)
class Outcome:
    """Where the results of a run lie, and what went wrong (one entry a failed cell, with its trace)."""

    paths: tuple[Path, ...]  # of the cells that are done
    failures: tuple[str, ...]


def cell_path(folder: Path, cell: Cell | Measurement) -> Path:
    """The cell's file under an experiment's folder."""
    return folder / "cells" / cell.file_name


def pending(cells: Sequence[AnyCell], folder: Path) -> list[AnyCell]:
    """Cells without a readable result; damaged files are named and set aside."""
    waiting = []
    for cell in cells:
        path = cell_path(folder, cell)
        try:
            done = check_cell(path)
        except Damaged as error:
            aside = set_aside(path)
            print(f"damaged: {error}; kept as {aside.name}, its cell runs again", file=sys.stderr)
            done = False
        if not done:
            waiting.append(cell)
    return waiting


def sweep(folder: Path) -> None:
    """Remove what killed runs left in an experiment's folder: unfinished files, and States of cells that are done."""
    if removed := sweep_parts(folder) + sweep_states(folder / "cells"):
        print(f"removed from {folder}: {removed} unfinished or useless files of runs that were killed", file=sys.stderr)


def expected_seconds(cell: Cell | Measurement) -> float:
    """About how long one process trains a cell: rows simulated, acted, learned from, enumerated; calls and updates."""
    if isinstance(cell, Measurement):
        return 0.3 + cell.env_steps * cell.replicates / MEASURED_PER_S
    if not cell.variant.update.trains:
        return 1.0
    rows = cell.env_steps * len(cell.members.seeds)
    if isinstance(cell.variant.update, Peer):
        return rows / PEER_PER_S[cell.variant.update.algorithm]
    if isinstance(cell.variant.update, Exact):
        updates = cell.env_steps / (cell.training.collection.envs * cell.task.spec.horizon)
        enumerated = len(ExactReturn(cell.task).enumeration.probability) * cell.task.spec.horizon
        return updates * enumerated * len(cell.members.seeds) / LEARNED_PER_S
    slow = rows * factory.step_s if isinstance(factory := cell.task.factory, Slowed) else 0.0
    if isinstance(cell.task.spec.observation, Image):
        return slow + rows / IMAGES_PER_S
    slow += rows / SIMULATED_PER_S.get(cell.task.field, float("inf"))
    collection, schedule = cell.training.collection, cell.variant.schedule
    calls = cell.env_steps / collection.envs
    steps = calls / (collection.steps if isinstance(collection, Unroll) else cell.task.spec.horizon) * schedule.steps
    learned = rows * (1 + cell.variant.estimator.baseline.critic) * schedule.epochs
    return slow + calls / CALLS_PER_S + steps / UPDATES_PER_S + rows / ACTED_PER_S + learned / LEARNED_PER_S


def expected(cells: Sequence[Cell | Measurement], at_once: int) -> str:
    """One line: how much there is to do."""
    steps = sum(c.env_steps * len(c.members.seeds) for c in cells if c.variant.update.trains)
    seconds = sum(expected_seconds(c) for c in cells) / at_once
    disk = len(cells) * BYTES_PER_CELL / 1e6
    return f"{len(cells)} cells, {steps:,} environment steps, about {duration(seconds)} (min:s), {disk:.1f} MB"


def run(
    cells: Sequence[Cell | Measurement],
    folder: Path,
    at_once: int,
    device: str,
    live: Live | None = None,
    alone: bool = False,
    policies: Path | None = None,
) -> Outcome:
    """Train what is missing and say what failed.

    Longest cells first, so that the last ones are short; `alone`: by seeds, so that a machine whose speed drifts is as fast
    for those that are compared. `policies` as in Job.
    """
    sweep(folder)
    waiting: Sequence[Cell | Measurement] = pending(cells, folder)
    waiting = sorted(waiting, key=_repeat) if alone else sorted(waiting, key=expected_seconds, reverse=True)
    jobs = [Job(cell, cell_path(folder, cell), device, policies) for cell in waiting]
    failures = []
    with Display(jobs, len(cells) - len(jobs)) as display:
        for update in execute(jobs, at_once, provenance(device)) if jobs else ():
            display.show(update)
            if live is not None:
                _log(live, jobs[update.index].cell, update)
            if update.error is not None:
                failures.append(f"{jobs[update.index].cell.label}: {update.error}")
    done = tuple(p for p in (cell_path(folder, c) for c in cells) if p.exists())
    return Outcome(done, tuple(failures))


def _repeat(cell: Cell | Measurement) -> tuple[int, ...]:
    return cell.members.seeds if isinstance(cell, Cell) else ()


def _log(live: Live, cell: Cell | Measurement, update: Update) -> None:
    if isinstance(cell, Cell):  # a measurement has no curve
        for record in update.records:
            live.record(cell, record)
        if update.ended or update.lost:
            live.ended(cell, again=bool(update.lost))
