"""The cells of a folder as the Suite of an experiment: its tasks and variants in order, on their scales."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.scales import scales_from_cells
from benchmarks.loading import common_steps
from benchmarks.loading.limits import task_limits
from benchmarks.loading.titles import task_titles, variant_titles
from benchmarks.store.files import Damaged
from benchmarks.store.sources import Results, imported_cells, read_results
from benchmarks.store.suite import Suite
from envs.api import Scale
from envs.language.frontier import Frontier, frontier_of
from envs.validation import UsageError

SEQUENTIAL = "adaptive.json"  # what `run --adaptive` decided, and after how many seeds


def read_folder(paths: Iterable[Path], folder: Path) -> Results:
    """The cells and the imported curves of the folder. UsageError that names every damaged file."""
    try:
        return read_results([*paths, *imported_cells(folder)])
    except Damaged as error:
        raise UsageError(f"damaged: {error}; run the experiment, or import the curves, again") from error


def build_suite(
    experiment: ComparisonExperiment, frame: pd.DataFrame, metas: list[dict[str, Any]], folder: Path | None = None
) -> Suite:
    """Tasks and variants in the experiment's order, then any others; `folder` may hold scales of users' tasks."""
    scales = task_scales(experiment, metas, folder)
    known = {meta["cell"]["algorithm"]["name"]: meta["reading"] for meta in metas}
    variants = _in_order(experiment.variant_names, known)
    optional = frozenset(v for v in variants if known[v]["optional"])
    imported = frozenset(v for v in variants if known[v].get("imported"))
    frame, notes = common_steps.align(frame, imported, optional)
    frontiers = task_frontiers(experiment, metas)
    limits = task_limits(metas, scales, experiment.own_tasks)
    titles = variant_titles(variants, experiment.own_variants, metas)
    titles |= task_titles(scales, experiment.own_tasks, metas)
    return Suite(
        frame, scales, variants, optional, imported, experiment.block, notes, frontiers, limits=limits, titles=titles
    )


def task_frontiers(experiment: ComparisonExperiment, metas: list[dict[str, Any]]) -> dict[str, Frontier]:
    """The frontiers of the tasks that know theirs: as cells say, or as the experiment's own tasks say."""
    known = {meta["cell"]["task"]["name"]: meta["reading"].get("frontier") for meta in metas}
    found = {name: Frontier.from_json(data) for name, data in known.items() if data is not None}
    for task in experiment.own_tasks:
        if task.name in known.keys() - found.keys() and (frontier := frontier_of(task)) is not None:
            found[task.name] = frontier  # cells of before frontiers were stored
    return found


def task_scales(
    experiment: ComparisonExperiment, metas: list[dict[str, Any]], folder: Path | None = None
) -> dict[str, Scale]:
    """The scales of the cells' tasks, in the experiment's order; `folder` may hold those of users' tasks."""
    scales = scales_from_cells(metas, experiment.tasks, [] if folder is None else [folder])
    return {name: scales[name] for name in _in_order(experiment.task_names, scales)}


def _in_order(declared: tuple[str, ...], present: dict[str, Any]) -> list[str]:
    """The names that are present: first in the experiment's order, then any others by name."""
    return [n for n in declared if n in present] + sorted(set(present) - set(declared))
