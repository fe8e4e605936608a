"""From the cells of an experiment to the input of its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.own.rates import read_selected
from benchmarks.experiments import EXPERIMENTS
from benchmarks.loading.suites import SEQUENTIAL, build_suite
from benchmarks.reports import rate_notes
from benchmarks.reports.inputs import ReportInput
from benchmarks.store import pooling
from benchmarks.store.files import Damaged, read_document
from benchmarks.store.sources import Results
from benchmarks.store.suite import Suite
from envs import TASKS
from envs.validation import UnknownName


def build_report_input(
    experiment: ComparisonExperiment, results: Results, folder: Path, baseline: str | None = None
) -> ReportInput:
    """The input of the report of these cells. UnknownName where the baseline does not learn here."""
    frame, measures, metas = results
    suite = build_suite(experiment, frame, metas, folder)
    if baseline is not None and baseline not in suite.learners:
        raise UnknownName("baseline", baseline, suite.learners)
    known = {meta["cell"]["algorithm"]["name"]: meta["reading"] for meta in metas}
    return ReportInput(
        name=experiment.name,
        question=experiment.question,
        suite=suite,
        measures=measures,
        texts=_sample_texts(metas, suite, "texts"),
        text_scores=_sample_texts(metas, suite, "text_scores"),
        text_measures=experiment.text_measures,
        figures=experiment.figures,
        finding=experiment.finding,
        cases=experiment.guide,
        baseline=baseline or experiment.baseline,
        parents={v: known[v]["parent"] for v in suite.variants},
        changes={v: known[v]["change"] for v in suite.variants},
        sequential=read_decisions(folder),
        metas=metas,
        rates=rate_notes.build_rate_notes(experiment, metas, read_selected(folder)),
        not_run=_not_run(experiment, suite),
        mixed=tuple(pooling.mixed(metas)),
        own_tasks=_own_tasks(experiment, suite),
        provenance=merge_provenance([meta["provenance"] for meta in metas]),
        out=folder,
    )


def _own_tasks(experiment: ComparisonExperiment, suite: Suite) -> frozenset[str]:
    """The tasks that neither the registry has nor a registered experiment declares."""
    registered = EXPERIMENTS.get(experiment.name.partition("-own-")[0])
    declared = registered.task_names if registered is not None else ()
    return frozenset(task for task in suite.scales if task not in TASKS and task not in declared)


def read_decisions(folder: Path) -> dict[str, Any]:
    """What `run --adaptive` decided; empty where it was not given. Raises Damaged where the file does not hold it."""
    path = folder / SEQUENTIAL
    if not path.exists():
        return {}
    value = read_document(path)
    rows, columns = value.get("decisions"), {"variant", "decision", "seeds", "difference", "p"}
    complete = isinstance(rows, list) and all(isinstance(row, dict) and columns <= row.keys() for row in rows)
    if not complete or {"baseline", "cap", "margin", "alpha"} - value.keys():
        raise Damaged(f"{path.name}: it does not hold what `run --adaptive` decided")
    return value


def _not_run(experiment: ComparisonExperiment, suite: Suite) -> tuple[str, ...]:
    """Tasks and variants of the experiment that no cell has."""
    tasks = [t for t in experiment.task_names if t not in suite.scales]
    return (*tasks, *(v for v in experiment.variant_names if v not in suite.variants))


def _sample_texts(metas: list[dict[str, Any]], suite: Suite, part: str) -> dict[str, dict[str, list[Any]]]:
    """For each text task what policies write from the same starts: untrained, trained by each variant, optimal.

    part  "texts" or "text_scores"
    """
    by_task: dict[str, dict[str, list[Any]]] = {}
    for meta in metas:
        texts = meta.get(part)
        if not texts or 0 not in meta["cell"]["members"]["seeds"]:
            continue  # the samples of the block with seed 0 are shown
        task_texts = by_task.setdefault(meta["cell"]["task"]["name"], {})
        task_texts.setdefault("untrained", texts["untrained"])
        task_texts[meta["cell"]["algorithm"]["name"]] = texts["trained"]
        task_texts["optimal"] = texts["optimal"]
    order = ["untrained", *suite.variants, "optimal"]
    return {
        task: {name: texts_by_writer[name] for name in order if texts_by_writer.get(name)}
        for task in suite.scales
        if (texts_by_writer := by_task.get(task))
    }


def merge_provenance(metas: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """What is known of the origin of all cells, as text; where cells differ, every value that occurs."""
    merged: dict[str, str] = {}
    for key in dict.fromkeys(key for meta in metas for key in meta):
        values = list(dict.fromkeys(_as_text(meta[key]) for meta in metas if key in meta))
        merged[key] = " | ".join(values)
    return merged


def _as_text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v}" for k, v in value.items())
    return str(value)
