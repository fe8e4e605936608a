"""Small cells, and the rows that commands have left in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from algorithms import VARIANTS
from algorithms.training.evaluation import Evaluation
from benchmarks.cli.kinds.registry import experiment_run
from benchmarks.cli.options import RunFlags, results_folder
from benchmarks.design.cell import Cell
from benchmarks.design.cells import build_cells, single_cells
from benchmarks.design.experiment import ComparisonExperiment, Outcome
from benchmarks.experiments import EXPERIMENTS
from benchmarks.store.sources import read_cells
from envs import TASKS
from envs.api import Task

BANDIT = TASKS["bandit/small"]
CLOCKED = ComparisonExperiment("clocked", "How long?", (BANDIT.name,), ("gae", "ppo"), seeds=4)


def small_cell(
    task: Task = BANDIT,
    variant: str = "gae",
    seeds: int = 2,
    env_steps: int = 500,
    evaluation: Evaluation | None = None,
    assignments: Iterable[str] = (),
) -> Cell:
    """One cell of few steps; `evaluation` instead of the usual one."""
    (cell,) = single_cells(task, VARIANTS[variant], seeds, env_steps, tuple(assignments))
    return cell if evaluation is None else replace(cell, evaluation=evaluation)


def clocked_cells(block: int = CLOCKED.block, one_at_a_time: bool = False) -> list[Cell]:
    """gae and ppo on a bandit, with four seeds in blocks."""
    experiment = replace(CLOCKED, block=block, one_at_a_time=one_at_a_time)
    return build_cells(experiment, [BANDIT], [VARIANTS[v] for v in experiment.variant_names], 500)


def run_without_report(experiment: str, results: Path, **flags: Any) -> Outcome | None:
    """The command `run` with these flags, but for its report."""
    given = RunFlags(experiment, results=results, **flags)
    declared = EXPERIMENTS[experiment]
    run = experiment_run(declared.smoke() if given.smoke else declared)
    run.select(given)
    return run.run(given, results_folder(results, run.experiment, given.smoke))


def stored_rows(folder: Path) -> pd.DataFrame:
    """All rows of the cells of an experiment's folder."""
    return read_cells(sorted((folder / "cells").glob("*.parquet")))
