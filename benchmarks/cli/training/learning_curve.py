"""Cells trained in this process, one after another, each with its learning curve drawn as it grows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.markup import escape

from algorithms.training.records import Progress, Record
from benchmarks.design.cell import Cell
from benchmarks.execution.done import is_done
from benchmarks.execution.engine import OnEvent
from benchmarks.execution.runner import cell_path, pending, remove_leftovers
from benchmarks.execution.sinks.live import LiveLogs
from benchmarks.execution.train_cell import run_cell
from benchmarks.sharing.turns import turn
from benchmarks.store.sources import read_cells
from benchmarks.validation.program import program
from benchmarks.validation.usage import DONE, work_errors

BAR = 40


def train_and_show(
    cells: list[Cell], folder: Path, device: str, live: LiveLogs | None = None, policies: Path | None = None
) -> int:
    """Train the cells (blocks of seeds of one task and variant) that have no result yet; prints the final scores.

    policies  a folder for what the members have learned
    """
    console = Console(file=sys.stderr)
    train_cells(cells, folder, device, console, lambda cell: _Curve(console, cell).on_event, live, policies)
    _print_scores(cells, folder)
    if policies is not None and policies.exists():
        print(f"policies in {policies}; {program()} play FILE shows one")
    return DONE


def train_cells(
    cells: list[Cell],
    folder: Path,
    device: str,
    console: Console,
    shown: Callable[[Cell], OnEvent],
    live: LiveLogs | None = None,
    policies: Path | None = None,
) -> None:
    """Train the cells that have no result yet, in this process; `shown` gives what shows the events of a cell."""
    torch.set_num_threads(1)
    remove_leftovers(folder)
    for cell in pending(cells, folder):
        seeds = f"{cell.members.seeds[0]}-{cell.members.seeds[-1]}"
        console.print(escape(f"{cell.label}: seeds {seeds}, {cell.env_steps:,} steps"))
        path = cell_path(folder, cell)
        with turn(path, cell.label), work_errors(cell.label):
            if not is_done(path):  # another process may have trained it meanwhile
                run_cell(cell, path, device, _logged(cell, shown(cell), live), policies=policies)
        if live is not None:
            live.ended(cell)


def _logged(cell: Cell, show: OnEvent, live: LiveLogs | None) -> OnEvent:
    """`show`, after the live logs where there are any."""

    def on_event(event: Progress | Record) -> None:
        if live is not None and isinstance(event, Record):
            live.record(cell, event)
        show(event)

    return on_event


def _print_scores(cells: list[Cell], folder: Path) -> None:
    """Print what the cells scored at the end of training."""
    frame = read_cells([cell_path(folder, cell) for cell in cells])
    final = frame[frame.checkpoint == frame.checkpoint.max()]
    score = pd.Series(cells[0].task.scale.counted(final.eval_return, final.diverged))
    if not cells[0].algorithm.repeatable:
        print("rows of real actors do not repeat; they are pooled only with their like")
    floor = cells[0].task.floor
    random = "" if floor is None else f"; the uniform policy's is {floor:.4g}"
    spread = f"(standard deviation {score.std():.3g}, n {len(score)})" if len(score) > 1 else "(one seed)"
    print(f"{cells[0].label}: final return {score.mean():.4g} {spread}{random}")
    greedy, steps = final.eval_return_greedy.mean(), final.env_steps.sum() / max(final.wall_s.max(), 1e-9)
    print(
        f"greedy {greedy:.4g}, {steps:,.0f} env steps/s, {int(final.diverged.sum())} diverged; rows in {folder}/cells"
    )


class _Curve:
    """A line of the learning curve for each checkpoint."""

    def __init__(self, console: Console, cell: Cell) -> None:
        self.console, self.cell = console, cell
        self.records: dict[int, list[Record]] = {}  # by checkpoint

    def on_event(self, event: Progress | Record) -> None:
        if not isinstance(event, Record):
            if event.notice:
                self.console.print(event.notice, highlight=False, markup=False, soft_wrap=True)
            return
        batch = self.records.setdefault(event.checkpoint, [])
        batch.append(event)
        if len(batch) == len(self.cell.members.seeds):
            scale = self.cell.task.scale
            mean = scale.counted([r.eval_return for r in batch], [r.diverged for r in batch]).mean()
            level = float(scale.read(mean)) if scale.normalised and not np.isnan(mean) else 0.0
            bar = "█" * round(BAR * min(max(level, 0.0), 1.0))
            self.console.print(f"{event.fraction:5.0%} {mean:10.4g} {bar}", highlight=False)
