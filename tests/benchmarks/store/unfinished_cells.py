"""Cells with a RunState after every update, and what they leave."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from algorithms import VARIANTS
from algorithms.training.records import Record
from algorithms.training.state import RunState
from benchmarks.design.cell import Cell
from benchmarks.design.cells import single_cells
from benchmarks.store.sources import read_cells
from envs import TASKS


def small(variant: str = "gae", rate: float = 0.1) -> Cell:
    """Two members x 11 checkpoints, with a RunState after every update."""
    flags = ("training.segment=1", "training.collection.envs=8", f"training.learning_rate={rate}")
    return single_cells(TASKS["bandit/small"], VARIANTS[variant], 2, 200, flags)[0]


def begun(cell: Cell, number: int = 8) -> tuple[RunState, list[Record]]:
    """The State at the end of a segment, and the records before it."""
    records = []
    for event in cell.algorithm.train(cell):
        if isinstance(event, RunState):
            number -= 1
            if not number:
                return event, records
        elif isinstance(event, Record):
            records.append(event)
    raise AssertionError


def numbers(path: Path) -> pd.DataFrame:
    return read_cells([path]).drop(columns="wall_s")
