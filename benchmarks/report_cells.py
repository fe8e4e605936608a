"""From the cells on disk to a report: one frame, and what the cells say of their tasks and variants."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import quality_report, rates, report, store
from benchmarks.experiment import Experiment
from benchmarks.measurement import Laboratory
from benchmarks.report import ReportInput
from benchmarks.run import Outcome
from benchmarks.tables import Scale
from envs import TASKS


def write_report(experiment: Experiment | Laboratory, outcome: Outcome, folder: Path) -> Path | None:
    """The report of the cells that a run asked for; None where not one of them is done.

    Tasks and variants come in the experiment's order; what has no cell is listed as missing.
    """
    if not outcome.paths:
        return None
    if isinstance(experiment, Laboratory):
        return quality_report.write(experiment, outcome.paths, outcome.failures, folder)
    frame = store.read_cells(outcome.paths)
    metas = [store.read_meta(path) for path in outcome.paths]
    tasks = {meta["cell"]["task"]["name"]: _scale(meta) for meta in metas}
    known = {meta["cell"]["variant"]["name"]: meta["reading"] for meta in metas}
    scales = {name: tasks[name] for name in _in_order(experiment.task_names, tasks)}
    if experiment.rates:
        return rates.write(experiment.question, frame, scales, folder)
    variants = _in_order(experiment.variant_names, known)
    return report.write(
        ReportInput(
            name=experiment.name,
            question=experiment.question,
            frame=frame,
            measures=store.read_measures(outcome.paths),
            texts=_texts(metas, scales),
            drawings=experiment.figures,
            scales=scales,
            variants=tuple(variants),
            parents={v: known[v]["parent"] for v in variants},
            changes={v: known[v]["change"] for v in variants},
            optional={v for v in variants if known[v]["optional"]},
            failures=outcome.failures,
            provenance=_merged([meta["provenance"] for meta in metas]),
            out=folder,
        )
    )


def report_folder(experiment: Experiment | Laboratory, folder: Path) -> Path | None:
    """The report of everything that lies in an experiment's folder."""
    suffix = "json" if isinstance(experiment, Laboratory) else "parquet"
    paths = sorted((folder / "cells").glob(f"*.{suffix}"))
    for path in paths:
        try:
            store.check_cell(path)
        except store.Damaged as error:
            raise ValueError(f"damaged: {error}; run the experiment again to replace it") from error
    return write_report(experiment, Outcome(tuple(paths), ()), folder)


def _scale(meta: dict[str, Any]) -> Scale:
    """The task's scale: the registry's where the task is ours (a floor may have been measured anew), else the cell's."""
    task = TASKS.get(meta["cell"]["task"]["name"])
    return Scale(task.floor, task.ceiling, task.threshold) if task else Scale(*meta["reading"]["scale"])


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
    for key in metas[0]:
        values = list(dict.fromkeys(str(meta.get(key)) for meta in metas))
        merged[key] = values[0] if len(values) == 1 else " | ".join(values)
    return merged
