"""`run --select-rates`: a learning rate for every variant that has none, each rate on selection seeds as one population.

The protocol is that of our own rates (benchmarks.design.settings), at the budget of the run. The populations lie under
<results>/rates, so that an interrupted selection goes on, and no other comparison repeats it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from algorithms.training.evaluation import Evaluation
from benchmarks.design.cell import Cell
from benchmarks.design.cells import build_cells
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.own.rates import unselected
from benchmarks.design.settings import RATES
from benchmarks.execution import runner
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.jobs import CellJob
from benchmarks.store.sources import read_results
from benchmarks.validation.usage import WorkFailed
from envs.seeding import Purpose

FOLDER = "rates"  # under --results
SEEDS = 3
REPORTS = "benchmarks.reports.rate_report"  # imported when rates are chosen, for it draws with matplotlib


def selection_cells(experiment: ComparisonExperiment, env_steps: int | None) -> list[Cell]:
    """A population for each task and variant without a selected rate: every rate on every selection seed."""
    selection = replace(
        experiment,
        seeds=SEEDS,
        seeds_by_variant={},
        block=SEEDS,
        evaluation=Evaluation(checkpoints=10, episodes=10),
        purpose=Purpose.SELECTION,
        rates=RATES,
    )
    return [
        c for task, without, _ in unselected(experiment) for c in build_cells(selection, [task], without, env_steps)
    ]


def select_rates(cells: Sequence[Cell], folder: Path, execution: Execution) -> dict[tuple[str, str], float]:
    """(task, variant) -> its rate, from the populations, which are trained where they have no result yet."""
    jobs = [CellJob(cell, runner.cell_path(folder, cell), execution.device, None) for cell in cells]
    outcome = runner.run(jobs, folder, execution)
    if outcome.failures:
        raise WorkFailed(f"selecting learning rates: {outcome.failures[0]}")
    return chosen_rates(cells, outcome.paths)


def warning(experiment: ComparisonExperiment, command: str) -> str:
    """Of variants whose learning rate is a default, where rivals have selected ones; empty where there are none.

    command  the line that selects them
    """
    unfair = [(task, without) for task, without, rivals in unselected(experiment) if rivals]
    if not unfair:
        return ""
    tasks = ", ".join(task.name for task, _ in unfair)
    variants = ", ".join(dict.fromkeys(v.name for _, without in unfair for v in without))
    return (
        f"warning: on {tasks} no learning rate was selected for {variants}, and one was for the rivals. To select it:\n"
        f"  {command}"
    )


def chosen_rates(cells: Sequence[Cell], paths: Sequence[Path]) -> dict[tuple[str, str], float]:
    """(task, variant) -> the rate that its population chose; says each on standard error."""
    reports: Any = importlib.import_module(REPORTS)
    chosen = {}
    for cell, path in zip(cells, paths, strict=True):
        table = reports.objective(read_results([path]).frame, {cell.task.name: cell.task.scale})
        rows = table[table["chosen"]]
        if rows.empty:
            print(f"no learning rate of {cell.label} has a finite return; the default stays", file=sys.stderr)
            continue
        rate = float(rows["learning_rate"].iloc[0])
        chosen[cell.task.name, cell.algorithm.name] = rate
        end = ", at an end of the list: a better one may lie outside" if rate in (min(RATES), max(RATES)) else ""
        print(f"selected for {cell.label}: learning rate {rate:g}{end}", file=sys.stderr)
    return chosen
