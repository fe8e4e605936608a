"""`run --name`: a comparison of one's own, in a results folder of its own, from which `report` finds it again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.store.file_names import LONGEST_NAME, file_safe
from benchmarks.store.files import Damaged, read_document, save_json
from benchmarks.store.sources import has_results
from envs.validation import UsageError

FILE = "comparison.json"
RESERVED = ("floors", "rates", "train", "tuned")  # folders of results that hold something else
SUFFIXES = ("", "-smoke", "-tuned", "-smoke-tuned")  # of the folders of one experiment
LISTED = 4  # names that a question lists


def named(experiment: ComparisonExperiment, name: str, question: str = "") -> ComparisonExperiment:
    """The experiment under a name of the user's: its seeds and budgets, and nothing of what answers its own question."""
    return replace(experiment, name=name, question=question, guide=(), finding=None, figures=(), small={})


def question(tasks: Sequence[str], variants: Sequence[str]) -> str:
    """What a comparison of these asks."""
    shown = ", ".join(variants[:-1]) + f" and {variants[-1]}" if len(variants) > 1 else variants[0]
    who = shown if len(variants) <= LISTED else f"{len(variants)} variants"
    where = ", ".join(tasks) if len(tasks) <= LISTED else f"{len(tasks)} tasks"
    return f"How do {who} compare on {where}?" if len(variants) > 1 else f"How well does {who} learn {where}?"


def check_name(name: str, experiments: Collection[str], results: Path) -> None:
    """UsageError for a name that is no folder's, or is that of something else."""
    if len(name.encode()) > LONGEST_NAME:
        raise UsageError(f"--name takes up to {LONGEST_NAME} bytes, not {len(name.encode())}")
    if file_safe(name) != name or name.startswith("-"):
        raise UsageError(f"--name names a folder: letters, digits and - _ . = +, not {name!r}")
    if name in experiments or name in RESERVED:
        raise UsageError(
            f"--name {name} is taken by {'an experiment' if name in experiments else 'other results'} of ours"
        )
    folder = results / name
    if not (folder / FILE).exists() and (has_results(folder) or (folder / "studies").is_dir()):
        raise UsageError(f"--name {name}: {folder} holds other results; choose another name")


def save(folder: Path, base: str, experiment: ComparisonExperiment, command: str) -> None:
    """Write what `report` needs to the comparison's folder. UsageError where it holds one of another experiment.

    base     the experiment whose seeds and budgets it has
    command  the line that runs it
    """
    if (before := _read(folder)) and before["experiment"] != base:
        raise UsageError(f"{folder} holds a comparison by {before['experiment']}, not by {base}; choose another --name")
    tasks, variants = list(experiment.task_names), list(experiment.variant_names)
    document = {"experiment": base, "question": experiment.question, "tasks": tasks, "variants": variants}
    save_json(folder / FILE, {**document, "command": command})


def load(name: str, results: Path, experiments: Mapping[str, Any]) -> tuple[ComparisonExperiment, str] | None:
    """The comparison of this name under `results`, and the line that runs it; None where there is none."""
    for suffix in SUFFIXES:
        document = _read(results / f"{name}{suffix}")
        if document and isinstance(base := experiments.get(document["experiment"]), ComparisonExperiment):
            tasks, variants = tuple(document["tasks"]), tuple(document["variants"])
            made = named(replace(base, tasks=tasks, variants=variants), name, document["question"])
            return made, str(document["command"])
    return None


def names(results: Path) -> list[str]:
    """The comparisons of one's own under `results`."""
    return sorted({path.parent.name for path in results.glob(f"*/{FILE}")})


def _read(folder: Path) -> dict[str, Any]:
    """The file of a folder; empty where it is missing or damaged."""
    try:
        document = read_document(folder / FILE)
    except Damaged:
        return {}
    return document if {"experiment", "question", "tasks", "variants", "command"} <= document.keys() else {}
