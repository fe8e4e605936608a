"""The methods of a paper, generated from the cells: a paragraph, and tables of every hyper-parameter."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd

from algorithms.algorithm import Methods
from algorithms.estimators.estimator import Estimator
from benchmarks.design.rebuild import CannotRebuild, rebuild
from benchmarks.statistics.intervals import RESAMPLES
from benchmarks.store.cell_checks import is_reference
from benchmarks.store.descriptions import DEFAULTS
from benchmarks.store.suite import Suite

Meta = Mapping[str, Any]
ESTIMATOR_PARTS = tuple(Estimator.__dataclass_fields__)
VARIANT_PARTS = ("schedule", "update", "nucleus")
NOT_SHARED = ("class", DEFAULTS, "learning_rate")


def describe_value(value: Any) -> str:
    """A canonical value as Python would write it: MLP(hidden=(64, 64))."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{k}={describe_value(v)}" for k, v in value.items() if k not in ("class", DEFAULTS))
        return f"{str(value['class']).rpartition('.')[2]}({inner})" if "class" in value else f"{{{inner}}}"
    if isinstance(value, list):
        return f"({', '.join(map(describe_value, value))})"
    return f"{value:g}" if isinstance(value, float) else str(value)


def trained_cells(metas: Sequence[Meta]) -> list[Meta]:
    """One cell a task and variant, of those that were trained here."""
    first: dict[tuple[str, str], Meta] = {}
    for meta in metas:
        cell = meta["cell"]
        if "training" in cell and not is_reference(meta):
            first.setdefault((cell["task"]["name"], cell["algorithm"]["name"]), meta)
    return list(first.values())


def methods_of(meta: Meta) -> Methods:
    """What the cell's algorithm says of how it trains; in files of before, what the algorithm that they describe says."""
    if (said := meta["reading"].get("methods")) is not None:
        return Methods(**said)
    return _described_methods(json.dumps(meta["cell"]["algorithm"]))


@cache
def _described_methods(description: str) -> Methods:
    algorithm = json.loads(description)
    if "class" not in algorithm:
        return Methods()
    try:
        methods: Methods = rebuild(algorithm, summary="").methods
    except CannotRebuild:  # a user's, or gone
        return Methods()
    return methods


def trained_by_libraries(metas: Sequence[Meta]) -> dict[str, list[str]]:
    """The variants that other libraries trained, by library."""
    names: dict[str, set[str]] = {}
    for meta in trained_cells(metas):
        if library := methods_of(meta).library:
            names.setdefault(library, set()).add(meta["cell"]["algorithm"]["name"])
    return {library: sorted(names[library]) for library in sorted(names)}


def library_table(metas: Sequence[Meta]) -> pd.DataFrame:
    """A row a task and variant that another library trained: its settings, where they are not the library's defaults."""
    cells = [meta["cell"] for meta in trained_cells(metas) if methods_of(meta).library]
    return pd.DataFrame(
        {
            "task": cell["task"]["name"],
            "variant": cell["algorithm"]["name"],
            "settings": describe_value({k: v for k, v in cell["algorithm"].items() if k != "name"}),
        }
        for cell in cells
    )


def parts_table(metas: Sequence[Meta], variants: Sequence[str]) -> pd.DataFrame:
    """A row a variant: the parts of its estimator, its schedule and its update."""
    cells = {
        m["cell"]["algorithm"]["name"]: m["cell"]["algorithm"]
        for m in trained_cells(metas)
        if not methods_of(m).library
    }
    rows = []
    for name in (v for v in variants if v in cells):
        algorithm = cells[name]
        if "estimator" in algorithm:
            # a part that came later is written only where it is used
            parts = {p: describe_value(algorithm["estimator"].get(p)) for p in ESTIMATOR_PARTS} | {
                p: describe_value(algorithm[p]) for p in VARIANT_PARTS
            }
        else:  # it estimates no gradient
            own = {k: v for k, v in algorithm.items() if k != "name"}
            parts = dict.fromkeys((*ESTIMATOR_PARTS, *VARIANT_PARTS), "-") | {"update": describe_value(own)}
        rows.append({"variant": name, **{k: "-" if v == "None" else v for k, v in parts.items()}})
    return pd.DataFrame(rows)


def rates_table(metas: Sequence[Meta], suite: Suite) -> pd.DataFrame:
    """Learning rates: a row a variant, a column a task."""
    rates = {
        (m["cell"]["task"]["name"], m["cell"]["algorithm"]["name"]): m["cell"]["members"]["rates"][0]
        for m in trained_cells(metas)
    }
    rows = []
    for variant in suite.present:
        row = {t: f"{rates[t, variant]:g}" if (t, variant) in rates else "-" for t in suite.scales}
        if {*row.values()} != {"-"}:
            rows.append({"variant": variant, **row})
    return pd.DataFrame(rows)


def settings_table(metas: Sequence[Meta], tasks: Sequence[str]) -> pd.DataFrame:
    """What the comparison holds fixed: a row a hyper-parameter and value, with where it holds.

    The task's value is that of most of its variants; variants that differ are named.
    """
    values: dict[str, dict[tuple[str, str], str]] = {}
    for meta in trained_cells(metas):
        if methods_of(meta).library:
            continue
        cell = meta["cell"]
        cell_key = (cell["task"]["name"], cell["algorithm"]["name"])
        training = {k: v for k, v in cell["training"].items() if k not in NOT_SHARED}
        for name, value in {**training, "env_steps": cell["env_steps"], "evaluation": cell["evaluation"]}.items():
            values.setdefault(name, {})[cell_key] = describe_value(value)
    rows = []
    for name, at in values.items():
        most_common = {t: Counter(v for (task, _), v in at.items() if task == t).most_common(1)[0][0] for t, _ in at}
        for value in dict.fromkeys(most_common[t] for t in tasks if t in most_common):
            holds = [t for t in tasks if most_common.get(t) == value]
            where = "everywhere" if len(holds) == len(most_common) else ", ".join(holds)
            rows.append({"hyper-parameter": name, "value": value, "where": where})
        other: dict[tuple[str, str], list[str]] = {}
        for (task, variant), value in at.items():
            if value != most_common[task]:
                other.setdefault((variant, value), []).append(task)
        for (variant, value), tasks_of_value in other.items():
            rows.append({"hyper-parameter": name, "value": value, "where": f"{variant} on {', '.join(tasks_of_value)}"})
    return pd.DataFrame(rows)


SHARED = {"network": ("network",), "optimiser": ("optimiser",),
          "normalisation": ("normalise_observations", "normalise_returns")}  # fmt: skip


def shared_parts(metas: Sequence[Meta]) -> list[str]:
    """The parts of SHARED that all variants have in common on every task, without those that another library trained."""
    by_task: dict[str, list[Mapping[str, Any]]] = {}
    for meta in trained_cells(metas):
        if not methods_of(meta).library:
            by_task.setdefault(meta["cell"]["task"]["name"], []).append(meta["cell"]["training"])
    return [
        name
        for name, fields in SHARED.items()
        if all(c.get(field) == at[0].get(field) for at in by_task.values() for c in at for field in fields)
    ]


NORMALISED = (
    "Returns are normalised by (J - floor) / (ceiling - floor). The floor is the uniform policy's return. The ceiling is "
    "the optimum, or a published reference on control tasks."
)
RETURNS = "Scores are returns, for the ceiling of a task is not known. Returns of different tasks are not averaged."
LIMITED = (
    "An interval ends where an expected return cannot go further: at an optimum that is known exactly, and at the limits of "
    "an episode's return. Intervals of shares end at 0 and 1. A published reference is no such limit."
)
TESTS = (
    f"We report means with 95 % t intervals over seeds. {LIMITED} Interquartile means have percentile bootstrap intervals "
    f"that resample whole seeds ({RESAMPLES:,} resamples; Agarwal et al., 2021). Differences are of each seed's mean over "
    "tasks. They are tested by an exact two-sided sign-flip test of the pairs of seeds. p values are corrected within each "
    "family of comparisons (Holm, 1979). All pairs of variants are tested jointly by sign-flips of whole seeds (single-step "
    "max T, Westfall and Young, 1993). Where no difference is shown, we state the true difference that the corrected test "
    "would find in 80 % of such experiments."
)
LOST = (
    "A diverged member counts as the lowest of its task's floor and the worst finite return of all variants there. Where "
    "all members of a variant diverged, it has no mean."
)


def methods(metas: Sequence[Meta], suite: Suite, provenance: Mapping[str, object]) -> str:
    """A paragraph for a paper; every number is read from the cells."""
    cells = [m["cell"] for m in trained_cells(metas)]
    if not cells:
        return ""
    steps = sorted({int(c["env_steps"]) for c in cells})
    budget = f"{steps[0]:,}" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,}"
    looks = cells[0]["evaluation"]
    seeds = {len(c.seeds) for c in suite.curves.values()}
    number = f"{min(seeds)}" if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)}"
    others = "".join(
        f" {', '.join(names)}: trained by {library} itself, with its networks and settings."
        for library, names in trained_by_libraries(metas).items()
    )
    shared = ", ".join([*shared_parts(metas), "initialisation and budget"])
    packages = provenance.get("packages")
    return (
        f"We compare {len(suite.learners)} policy-gradient variants on {len(suite.scales)} tasks with {number} seeds each. "
        f"Every seed is trained for {budget} environment steps; a task's budget is the same for all variants. It is "
        f"evaluated at {looks['checkpoints'] + 1} evenly spaced points, the untrained policy among them, on separate "
        f"environments. An evaluation is {looks['episodes']} episodes with sampled actions, or the exact expected return "
        f"where the task can be enumerated. All variants of a task share {shared}; optimiser steps and training times "
        f"differ and are listed. Learning rates are listed below.{others} {NORMALISED if suite.normalised else RETURNS} "
        f"{TESTS} {LOST} Software: PG Ladder, Python {provenance.get('python', '-')}{f' ({packages})' if packages else ''}. "
        f"Hardware: {provenance.get('processor', '-')}, one thread a process."
    )
