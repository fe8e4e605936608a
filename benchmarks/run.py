"""Running an experiment: the cells that have no result yet, on the pool, then the report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmarks.design.cell import Cell
from benchmarks.display import Display, duration
from benchmarks.executor import execute
from benchmarks.measurement import Measurement
from benchmarks.provenance import provenance
from benchmarks.store.files import Damaged, set_aside, sweep_parts
from benchmarks.store.sources import check_cell
from benchmarks.store.states import sweep_states
from benchmarks.worker import Job, Update

if TYPE_CHECKING:
    from benchmarks.live import Live


MEASURED_PER_S = 120_000  # rows a second, for estimates only
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
    """About how long one process trains a cell or makes a measurement."""
    if isinstance(cell, Measurement):
        return 0.3 + cell.env_steps * cell.replicates / MEASURED_PER_S
    return cell.algorithm.expected_seconds(cell)


def expected(cells: Sequence[Cell | Measurement], at_once: int) -> str:
    """One line: how much there is to do."""
    steps = sum(c.total_env_steps for c in cells)
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
