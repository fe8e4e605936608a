"""From the cells on disk to a report: reads the store, looks up scales and parents, hands one frame to the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from algorithms.types import Variant
from benchmarks import rates, report, select, store
from benchmarks.experiment import Experiment
from benchmarks.report import ReportInput
from benchmarks.run import Outcome
from benchmarks.tables import Scale
from envs.api import Task


def write_report(experiment: Experiment, outcome: Outcome, folder: Path) -> Path:
    """The report of the cells that a run asked for."""
    frame = store.read_cells(outcome.paths)
    tasks = [select.task(name) for name in experiment.tasks]
    if experiment.rates:
        return rates.write(experiment.question, frame, {t.name: scale_of(t) for t in tasks}, folder)
    variants = [select.variant(name) for name in experiment.variants]
    metas = [store.read_meta(path)["provenance"] for path in outcome.paths]
    return report.write(
        ReportInput(
            name=experiment.name,
            question=experiment.question,
            frame=frame,
            scales={t.name: scale_of(t) for t in tasks},
            variants=tuple(v.name for v in variants),
            parents={v.name: v.parent for v in variants},
            changes={v.name: _change(v) for v in variants},
            optional={v.name for v in variants if v.update.needs_oracle},
            failures=outcome.failures,
            provenance=_merged(metas),
            out=folder,
        )
    )


def report_folder(experiment: Experiment, folder: Path) -> Path:
    """The report of everything that lies in an experiment's folder."""
    paths = []
    for path in sorted((folder / "cells").glob("*.parquet")):
        try:
            store.check_cell(path)
        except store.Damaged as error:
            raise ValueError(f"damaged: {error}; run the experiment again to replace it") from error
        paths.append(path)
    frame = store.read_cells(paths)
    present = set(frame.variant)
    variants = [v for v in experiment.variants if v in present] + sorted(present - set(experiment.variants))
    found = set(frame.task)
    tasks = [t for t in experiment.tasks if t in found] + sorted(found - set(experiment.tasks))
    resized = replace(experiment, tasks=tuple(tasks), variants=tuple(variants))
    return write_report(resized, Outcome(tuple(paths), ()), folder)


def scale_of(task: Task) -> Scale:
    """The scale on which a task's scores are read."""
    return Scale(task.floor, task.ceiling, task.threshold)


def _change(variant: Variant) -> str:
    needs = f" (needs another {', '.join(variant.needs)})" if variant.needs else ""
    return variant.summary + needs


def _merged(metas: list[dict[str, object]]) -> dict[str, object]:
    """Provenance shared by all cells; where cells differ, every value that occurs."""
    merged: dict[str, object] = {}
    for key in metas[0] if metas else ():
        values = list(dict.fromkeys(str(meta.get(key)) for meta in metas))
        merged[key] = values[0] if len(values) == 1 else " | ".join(values)
    return merged
