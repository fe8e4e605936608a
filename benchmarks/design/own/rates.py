"""Learning rates that `run --select-rates` selected: kept in the folder of the run, where its report finds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from algorithms.algorithm import Algorithm
from benchmarks.design import settings
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.resolve import reason_unsupported
from benchmarks.store.files import Damaged, read_document, save_json
from envs.api import Task

FILE = "rates.json"
RATE = "training.learning_rate"
Selected = Mapping[tuple[str, str], float]  # (task, variant) -> rate


def trains_at_a_rate(task: Task, variant: Algorithm) -> bool:
    """Whether the learning rate of the variant on the task is a setting of ours, which may be selected."""
    own = variant.methods.own_rate or bool(variant.methods.library)
    return variant.learns and variant.tunable and not own and not reason_unsupported(task, variant)


def unselected(experiment: ComparisonExperiment) -> list[tuple[Task, list[Algorithm], list[Algorithm]]]:
    """For each task the variants without a selected rate, where there are some, and those with one.

    experiment  with its tasks and variants themselves; a rate in its configurations counts as selected
    """
    found = []
    for task in experiment.own_tasks:
        trained = [v for v in experiment.own_variants if trains_at_a_rate(task, v)]
        free = [v for v in trained if RATE not in experiment.configurations.get((task.name, v.name), {})]
        without = [v for v in free if not settings.has_selected_rate(task, v.name)]
        if without:
            found.append((task, without, [v for v in trained if v not in without]))
    return found


def with_rates_of_origins(experiment: ComparisonExperiment, origins: Mapping[str, str]) -> ComparisonExperiment:
    """The experiment, with variants at the rates that were selected for those which they were made of.

    origins  the name of the one that each was made of; a rate that the user has set stays
    """
    rates = {
        (task.name, name): {RATE: settings.learning_rate(task, origin, experiment.protocol)}
        for task in experiment.own_tasks
        for name, origin in origins.items()
        if settings.has_selected_rate(task, origin)
    }
    given = experiment.configurations
    return replace(
        experiment, configurations={**given, **{key: {**rates[key], **given[key]} for key in rates if key in given}}
    )


def rated_origins(experiment: ComparisonExperiment, origins: Mapping[str, str]) -> list[str]:
    """Those of the origins for which a rate was selected on some task."""
    names = dict.fromkeys(origins.values())
    return [n for n in names if any(settings.has_selected_rate(task, n) for task in experiment.own_tasks)]


def with_rates(experiment: ComparisonExperiment, selected: Selected) -> ComparisonExperiment:
    """The experiment, with these rates."""
    given = experiment.configurations
    return replace(
        experiment,
        configurations={**given, **{key: {**given.get(key, {}), RATE: rate} for key, rate in selected.items()}},
    )


def save_selected(folder: Path, selected: Selected) -> None:
    """Write the rates to the folder of a run, beside those that it holds."""
    rates: dict[str, dict[str, float]] = {}
    for (task, variant), rate in {**read_selected(folder), **selected}.items():
        rates.setdefault(task, {})[variant] = rate
    save_json(folder / FILE, rates)


def read_selected(folder: Path) -> dict[tuple[str, str], float]:
    """The rates that were selected for the runs of a folder."""
    try:
        document = read_document(folder / FILE)
    except Damaged:  # or missing
        return {}
    return {(task, variant): float(rate) for task, rates in document.items() for variant, rate in rates.items()}
