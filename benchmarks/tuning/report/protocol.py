"""Budgets, streams of seeds, search spaces and provenance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from benchmarks.design.report_blocks import Prose, Section, Table, joined
from benchmarks.tuning.protocol import Protocol
from benchmarks.tuning.report.methods import methods_paragraph, objective_phrase
from benchmarks.tuning.report.phrases import (
    MAX_VALUES,
    as_text,
    protocol_count,
    protocol_values,
    seed_count,
    steps_per_seed,
)
from benchmarks.tuning.result import BySeed, StudyResult
from benchmarks.tuning.summary.parameters import shown
from benchmarks.tuning.summary.summary import Summary

STAGE_NAMES = ("tuning", "selection", "test")
BUDGET = "Environment steps by stage, all seeds and trials; at most, where trials were pruned. studies: of this budget."
SPACE = "What was searched; a row a field and range."


def protocol_section(summary: Summary) -> Section:
    """Budgets, streams, method, search spaces, provenance, and a paragraph for a paper."""
    studies = list(summary.studies.values())
    values = {key: protocol_values(studies, key) for key in ("sampler", "seed", "batch", "pruner", "space")}
    facts = [
        f"objective: {objective_phrase(summary)}",
        f"sampler: {values['sampler']} (seed {values['seed']}), batches of {values['batch']} trials",
        f"pruner: {values['pruner']}",
        f"search space: {values['space']}",
        f"seeds, of three streams that share none: {' or '.join(dict.fromkeys(map(seed_streams, studies)))}",
    ]
    origin = [f"{key}: {'; or '.join(fact_values)}" for key, fact_values in provenance_values(studies)]
    return Section(
        "Protocol and provenance",
        (
            Prose(joined(facts)),
            Table("budget", steps_table(summary), BUDGET, title="Budget"),
            Table("space", space_table(summary), SPACE, title="Search space"),
            Prose(f"### Provenance\n\n{joined(origin) or 'None is known.'}"),
            Prose(f"### Methods\n\nFor a paper:\n\n> {methods_paragraph(summary)}"),
        ),
    )


def seed_streams(study: StudyResult) -> str:
    """Which seeds each stage had: by the protocol's rules, or as many as it says where it is not one of ours."""
    try:
        streams = Protocol(**study.protocol).streams
    except (TypeError, ValueError):
        return ", ".join(f"{stage} {as_text(study.protocol.get(f'{stage}_seeds'))}" for stage in STAGE_NAMES)
    return ", ".join(f"{stage} {s.seeds[0]} to {s.seeds[-1]} of {s.purpose.name}" for stage, s in streams.items())


def steps_spent(study: StudyResult) -> dict[str, int]:
    """Environment steps of each stage."""
    tested = {s.number: s.scores for s in study.test.values()}  # the default, chosen again, runs once
    steps = {
        "tuning": _steps(study, (t.scores for t in study.trials)),
        "selection": _steps(study, (s.scores for s in study.selection)),
        "test": _steps(study, tested.values()),
    }
    return {**steps, "total": sum(steps.values())}


def _steps(study: StudyResult, scores: Iterable[BySeed]) -> int:
    given = study.protocol.get("env_steps") or {}
    steps = given if isinstance(given, Mapping) else dict.fromkeys(study.tasks, given)
    return sum(len(runs) * int(steps.get(task, 0)) for by_task in scores for task, runs in by_task.items())


def steps_table(summary: Summary) -> pd.DataFrame:
    """A row a task and budget: how many studies had it, and the environment steps of all of them."""
    rows = []
    for (task, _), study in summary.studies.items():
        budget = {
            "trials": protocol_count(study, "trials"),
            "seeds": " + ".join(str(seed_count(study, stage)) for stage in STAGE_NAMES),
            "steps a run": steps_per_seed(study),
        }
        rows.append({"task": task, **budget, "studies": 1, **steps_spent(study)})
    return pd.DataFrame(rows).groupby(["task", "trials", "seeds", "steps a run"], sort=False, as_index=False).sum()


def space_table(summary: Summary) -> pd.DataFrame:
    """A row a field and range: what was searched, in how many studies, from which defaults."""
    defaults: dict[tuple[str, str, str], list[str]] = {}
    for study in summary.studies.values():
        for entry in study.space:
            row = str(entry["name"]), *search_range(entry)
            defaults.setdefault(row, []).append(shown(study.default.get(entry["name"])))
    rows = []
    for (name, values, scale), default_values in defaults.items():
        distinct = list(dict.fromkeys(default_values))
        more = f" and {len(distinct) - MAX_VALUES} more" if len(distinct) > MAX_VALUES else ""
        parameter = summary.parameters[name]
        rows.append(
            {
                "parameter": parameter.label, "short": parameter.short, "values": values, "scale": scale,
                "defaults": ", ".join(distinct[:MAX_VALUES]) + more, "studies": len(default_values), "field": name,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    return table.sort_values("field", kind="stable", ignore_index=True) if rows else table


def search_range(entry: Mapping[str, Any]) -> tuple[str, str]:
    """(values, scale) of an entry of a space."""
    if "choices" in entry:
        return ", ".join(map(shown, entry["choices"])), "choices"
    scale = ("logarithmic" if entry.get("log") else "linear") + (", whole numbers" if entry.get("integer") else "")
    return f"{shown(float(entry['low']))} to {shown(float(entry['high']))}", scale


def provenance_values(studies: Sequence[StudyResult]) -> Iterator[tuple[str, list[str]]]:
    """Where the numbers come from: every fact with all of its values."""
    for key in dict.fromkeys(key for study in studies for key in study.provenance):
        yield key, list(dict.fromkeys(as_text(s.provenance[key]) for s in studies if key in s.provenance))
