"""Phrases that several sections of a tuning report share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.figures.layout import line_groups
from benchmarks.reports.table_formats import number
from benchmarks.statistics.wording.phrases import NAMED, count_noun, list_words
from benchmarks.tuning.result import StudyResult
from benchmarks.tuning.summary.summary import Summary
from benchmarks.tuning.summary.trials import StudyKey, complete_trials

SCORE = "normalised score"
MAX_VALUES = 4  # that a list names


def number_range(values: Iterable[float]) -> str:
    """`20`, or `8 to 20` where they differ."""
    distinct = sorted(set(values))
    return number(distinct[0]) if len(distinct) == 1 else f"{number(distinct[0])} to {number(distinct[-1])}"


def study_names(keys: Iterable[StudyKey]) -> str:
    """`gae` on CartPole-v1, ... and 3 more"""
    return list_words([f"`{variant}` on {task}" for task, variant in keys], NAMED)


def describe_studies(summary: Summary) -> str:
    """10 variants x 5 tasks, or what else there is."""
    if len(summary.studies) == 1:
        return study_names(summary.studies)
    variants, tasks = count_noun(len(summary.variants), "variant"), count_noun(len(summary.tasks), "task")
    if len(summary.studies) == len(summary.variants) * len(summary.tasks):
        return f"{variants} x {tasks}"
    return f"{len(summary.studies)} studies of {variants} on {tasks}"


def lost_phrase(settings: Sequence[str]) -> str:
    """`the default setting lost`, to be followed by `all test runs`."""
    if len(settings) > 1:
        return "the default and the tuned setting lost"
    return f"the {settings[0]} setting lost"


def tested_seeds(summary: Summary) -> str:
    """The n of a caption."""
    return f"n = {number_range(summary.test_seeds)} test seeds"


def selection_seeds(summary: Summary) -> str:
    """How many, as they were run."""
    counts = [len(next(iter(s.scores.values()))) for t in summary.studies.values() for s in t.selection if s.scores]
    return number_range(counts) if counts else "0"


def complete_counts(studies: Mapping[str, StudyResult]) -> str:
    """30 complete trials of 5 tuning seeds each."""
    trials = number_range(len(complete_trials(study)) for study in studies.values())
    seeds = number_range(seed_count(study, "tuning") for study in studies.values())
    each = " a variant" if len(studies) > 1 else ""
    return f"{trials} complete trial{'' if trials == '1' else 's'}{each}, {seeds} tuning seeds each"


def seed_count(study: StudyResult, stage: str) -> int:
    """How many seeds the protocol gives a stage."""
    return protocol_count(study, f"{stage}_seeds")


def protocol_count(study: StudyResult, key: str) -> int:
    """A number of the protocol: as such, or as a list of so many; 0 where it is missing."""
    value = study.protocol.get(key)
    return len(value) if isinstance(value, (list, tuple)) else int(value or 0)


def steps_per_seed(study: StudyResult) -> int:
    """Environment steps of one seed of all its tasks."""
    steps = study.protocol.get("env_steps") or {}
    return sum(int(steps.get(task, 0)) for task in study.tasks) if isinstance(steps, Mapping) else int(steps)


def protocol_values(studies: Sequence[StudyResult], key: str) -> str:
    """The values that the protocols have, once each."""
    distinct = list(dict.fromkeys(as_text(study.protocol.get(key)) for study in studies))
    return " or ".join(distinct[:MAX_VALUES]) + (" or others" if len(distinct) > MAX_VALUES else "")


def as_text(value: Any) -> str:
    """A value of a protocol or of a provenance."""
    if value is None or value == "":
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {as_text(v)}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(as_text, value))
    return number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def figure_groups(summary: Summary, kind: str) -> Iterator[tuple[str, str, dict[str, StudyResult]]]:
    """(task, a figure's name, studies by variant): each task's studies, in as many figures as keep them distinguishable."""
    for task in summary.tasks:
        studies = summary.on_task(task)
        groups = line_groups(list(studies))
        for i, group in enumerate(groups):
            yield task, figure_name(kind, task, i, len(groups)), {v: studies[v] for v in group}


def figure_name(kind: str, task: str, index: int, count: int) -> str:
    """A figure's name, valid as an id: sensitivity_cartpole-v1_2."""
    words = [kind, re.sub(r"[^a-z0-9]+", "-", task.lower()).strip("-"), str(index + 1) if count > 1 else ""]
    return "_".join(filter(None, words))
