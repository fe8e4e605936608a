"""From the cells on disk to a report: one frame, and what the cells say of their tasks and variants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import common_steps, pooling, rate_notes, rates, report, store
from benchmarks.design.experiment import ComparisonExperiment, Outcome
from benchmarks.design.scales import scales_of_cells
from benchmarks.figures import SUFFIXES
from benchmarks.report_input import ReportInput
from benchmarks.suite import Suite
from envs.discover import UnknownName, UsageError

SEQUENTIAL = "adaptive.json"  # what `run --adaptive` decided, and after how many seeds


def write_report(
    experiment: ComparisonExperiment,
    outcome: Outcome,
    folder: Path,
    baseline: str | None = None,
    kinds: Sequence[str] = SUFFIXES,
) -> Path | None:
    """The report of the cells that a run asked for, and of what was imported beside them; None where none is done.

    Tasks and variants come in the experiment's order; what has no cell is listed as missing.
    """
    if not outcome.paths and not [*(folder / "imported").glob("*.parquet")]:
        return None
    frame, measures, metas = read(outcome.paths, folder)
    if experiment.rates:
        scales = scales_of_cells(metas, experiment.tasks, [folder])
        of = {name: scales[name] for name in _in_order(experiment.task_names, scales)}
        return rates.write(experiment.name, experiment.protocol, experiment.question, frame, of, folder, kinds)
    made = input_of(experiment, store.Results(frame, measures, metas), folder, baseline)
    return report.write(replace(made, failures=outcome.failures, kinds=kinds))


def input_of(
    experiment: ComparisonExperiment, results: store.Results, folder: Path, baseline: str | None = None
) -> ReportInput:
    """What the report of these cells is made of; UnknownName where the baseline does not learn here."""
    frame, measures, metas = results
    suite = suite_of(experiment, frame, metas, folder)
    if baseline is not None and baseline not in suite.learners:
        raise UnknownName("baseline", baseline, suite.learners)
    known = {meta["cell"]["variant"]["name"]: meta["reading"] for meta in metas}
    sequential = folder / SEQUENTIAL
    return ReportInput(
        name=experiment.name,
        question=experiment.question,
        suite=suite,
        measures=measures,
        texts=_texts(metas, suite.scales),
        drawings=experiment.figures,
        finding=experiment.finding,
        situations=experiment.guide,
        baseline=baseline or experiment.baseline,
        parents={v: known[v]["parent"] for v in suite.variants},
        changes={v: known[v]["change"] for v in suite.variants},
        sequential=_decisions(sequential) if sequential.exists() else {},
        metas=metas,
        rates=rate_notes.of_experiment(experiment, metas),
        undone=_undone(experiment, suite),
        mixed=tuple(pooling.mixed(metas)),
        provenance=_merged([meta["provenance"] for meta in metas]),
        out=folder,
    )


def _decisions(path: Path) -> dict[str, Any]:
    """What `run --adaptive` decided. Raises Damaged where the file does not hold it."""
    value = store.read_document(path)
    rows, columns = value.get("decisions"), {"variant", "decision", "seeds", "difference", "p"}
    whole = isinstance(rows, list) and all(isinstance(row, dict) and columns <= row.keys() for row in rows)
    if not whole or {"baseline", "cap", "margin", "alpha"} - value.keys():
        raise store.Damaged(f"{path.name}: it does not hold what `run --adaptive` decided")
    return value


def _undone(experiment: ComparisonExperiment, suite: Suite) -> tuple[str, ...]:
    """Tasks and variants that an experiment of hours has not come to."""
    tasks = [t for t in experiment.task_names if t not in suite.scales]
    return (*tasks, *(v for v in experiment.variant_names if v not in suite.variants))


def read(paths: Iterable[Path], folder: Path) -> store.Results:
    """The cells, and what was imported beside them. UsageError that names every damaged file."""
    try:
        return store.read([*paths, *sorted((folder / "imported").glob("*.parquet"))])
    except store.Damaged as error:
        raise UsageError(f"damaged: {error}; run the experiment, or import the curves, again") from error


def suite_of(
    experiment: ComparisonExperiment, frame: pd.DataFrame, metas: list[dict[str, Any]], folder: Path | None = None
) -> Suite:
    """Tasks and variants in the experiment's order, then any others; `folder` may hold scales of users' tasks."""
    tasks = scales_of_cells(metas, experiment.tasks, [] if folder is None else [folder])
    known = {meta["cell"]["variant"]["name"]: meta["reading"] for meta in metas}
    scales = {name: tasks[name] for name in _in_order(experiment.task_names, tasks)}
    variants = _in_order(experiment.variant_names, known)
    optional = frozenset(v for v in variants if known[v]["optional"])
    imported = frozenset(v for v in variants if known[v].get("imported"))
    frame, notes = common_steps.align(frame, imported, optional)
    return Suite(frame, scales, variants, optional, imported, experiment.block, notes)


def report_folder(
    experiment: ComparisonExperiment, folder: Path, baseline: str | None = None, kinds: Sequence[str] = SUFFIXES
) -> Path | None:
    """The report of everything that lies in an experiment's folder."""
    paths = sorted((folder / "cells").glob("*.parquet"))
    try:
        chosen = pooling.select(paths, store.read_metas(paths))
        paths = [paths[i] for i in chosen]
        return write_report(experiment, Outcome(tuple(paths), ()), folder, baseline, kinds)
    except store.Damaged as error:
        raise UsageError(f"damaged: {error}; run the experiment again to replace it") from error


def _texts(metas: list[dict[str, Any]], tasks: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """For each text task what policies write from the same starts: untrained, trained by each variant, optimal."""
    found: dict[str, dict[str, list[str]]] = {}
    for meta in metas:
        texts = meta["texts"]
        if not texts or 0 not in meta["cell"]["members"]["seeds"]:
            continue  # the block of the first seed speaks for the others
        of_task = found.setdefault(meta["cell"]["task"]["name"], {})
        of_task.setdefault("untrained", texts["untrained"])
        of_task[meta["cell"]["variant"]["name"]] = texts["trained"]
        of_task["optimal"] = texts["optimal"]
    last = {"untrained": 0, "optimal": 2}
    return {
        task: {name: of[name] for name in sorted(of, key=lambda n: last.get(n, 1)) if of[name]}
        for task in tasks
        if (of := found.get(task))
    }


def _in_order(wanted: tuple[str, ...], present: dict[str, Any]) -> list[str]:
    """The names that are present: first in the experiment's order, then any others by name."""
    return [n for n in wanted if n in present] + sorted(set(present) - set(wanted))


def _merged(metas: list[dict[str, object]]) -> dict[str, object]:
    """Provenance shared by all cells; where cells differ, every value that occurs."""
    merged: dict[str, object] = {}
    for key in dict.fromkeys(key for meta in metas for key in meta):
        values = list(dict.fromkeys(_spelled(meta[key]) for meta in metas if key in meta))
        merged[key] = " | ".join(values)
    return merged


def _spelled(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v}" for k, v in value.items())
    return str(value)
