"""Resuming a killed run from its RunState. A RunState that cannot be used is renamed and reported."""

from __future__ import annotations

from pathlib import Path

from algorithms.training.records import Record
from algorithms.training.state import RunState
from benchmarks.design.cell import Cell
from benchmarks.store import states
from benchmarks.store.files import set_aside


def resumable(cell: Cell, path: Path, device: str) -> tuple[RunState | None, list[Record], str]:
    """The RunState at `path`, its records, and the reason where it cannot be used."""
    try:
        state, records = states.load_state(path, cell.digest)
        if reason := cell.algorithm.reason_unusable(cell, state, len(records), device):
            raise states.Unusable(reason)
    except FileNotFoundError:  # there was none, or another run has finished the cell meanwhile
        return None, [], ""
    except Exception as error:  # whatever is wrong with a RunState, the cell can do without it
        why = str(error) if isinstance(error, states.Unusable) else f"{type(error).__name__}: {error}"
        aside = set_aside(path)
        line = " ".join(why.split())
        return (
            None,
            [],
            f"{path.name} cannot be resumed ({line}); it is kept as {aside.name}, and the cell restarts",
        )
    return state, records, ""
