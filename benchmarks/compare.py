"""Two folders of results held against each other: two versions of the code, two machines, two settings. A gate as well.

Every variant that both have is compared over the tasks that both have, and on each of them: paired by seed where both
sides trained the same seeds, by Welch's test where not. Regressions are losses that a corrected test shows; the two
families (variants, and variants x tasks) may each raise a false alarm once in forty runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import divergence, pairs, pooling, power, stats, store, suite_figures, verdict
from benchmarks.document import Document, Drawn, Prose, Section, Table, joined
from benchmarks.pairs import LEVEL, Pair
from benchmarks.scales import of_cells
from benchmarks.suite import Suite
from envs.discover import UsageError

EMPTY = ["variant", "against", "task", "seeds", "difference", "low", "high", "p", "p_holm", "detectable", "test"]
NAMED = 8  # differences of configuration that are listed by name
TOLD = ("commit", "dirty", "packages", "device", "results_version", "python", "system", "processor", "imported")


@dataclass(frozen=True)
class Side:
    """One folder: its rows, and what its cells say of themselves."""

    folder: Path
    frame: pd.DataFrame
    metas: Sequence[dict[str, Any]]

    @property
    def variants(self) -> list[str]:
        """Those that learn, in the order of the files: a gate's comparisons are too dear for references."""
        looks = self.frame.groupby("variant")["checkpoint"].nunique()
        optional = {m["cell"]["variant"]["name"] for m in self.metas if m["reading"]["optional"]}
        found = dict.fromkeys(str(v) for v in self.frame["variant"])
        return [v for v in found if v not in optional and (looks[v] > 1 or self.imported)]

    @property
    def imported(self) -> bool:
        return any(meta["reading"].get("imported") for meta in self.metas)


def load(folder: Path) -> Side:
    """The cells of an experiment's folder. ValueError where it holds none, or rows that must not be pooled."""
    paths = sorted([*(folder / "cells").glob("*.parquet"), *(folder / "imported").glob("*.parquet")])
    if not paths:
        near = sorted({p.parent.parent.name for p in folder.glob("*/cells/*.parquet")})
        hint = f"; under it are {', '.join(near)}" if near else ""
        raise ValueError(f"{folder} holds no cells: name a folder such as results/ladder{hint}")
    try:
        metas = [store.read_meta(path) for path in paths]
        places = pooling.select(paths, metas)
        frame, _, metas = store.read([paths[i] for i in places])
    except store.Damaged as error:
        raise ValueError(f"damaged: {error}") from error
    if facts := pooling.mixed(metas):
        raise pooling.NotPoolable(
            f"{folder} holds rows of different numerics ({'; '.join(facts)}): they are no one sample"
        )
    for meta in metas:
        if len(rates := set(meta["cell"]["members"].get("rates", []))) > 1:
            raise ValueError(
                f"{folder} holds {len(rates)} learning rates a seed: compare takes one configuration a cell"
            )
    return Side(folder, frame, metas)


@dataclass(frozen=True)
class Result:
    """What was found: a row a variant, a row a variant and task, and their suite (variants named with their side)."""

    by_variant: pd.DataFrame
    by_task: pd.DataFrame
    suite: Suite

    @property
    def lost(self) -> list[str]:
        """Cells whose members all diverged in B, and not all in A."""
        gone = {(t, v.removesuffix(" (B)")) for t, v in self.suite.without_mean if v.endswith(" (B)")}
        before = {(t, v.removesuffix(" (A)")) for t, v in self.suite.without_mean if v.endswith(" (A)")}
        had = {(t, v.removesuffix(" (A)")) for t, v in self.suite.curves if v.endswith(" (A)")}
        return [f"`{v}` on {t} (all seeds diverged)" for t, v in sorted(gone & had - before)]

    @property
    def regressions(self) -> list[str]:
        rows = self.by_variant[self.by_variant["finding"] == "worse"]["variant"].tolist()
        cells = self.by_task[self.by_task["finding"] == "worse"]
        return (
            [f"`{v}`" for v in rows]
            + [f"`{v}` on {t}" for v, t in zip(cells["variant"], cells["task"], strict=True)]
            + self.lost
        )


def _of(variant: str, side: str) -> str:
    return f"{variant} ({side})"


def compare(a: Side, b: Side, margin: float) -> Result:
    """B minus A. ValueError where they share nothing."""
    shared = [v for v in a.variants if v in b.variants]
    scales = of_cells([*a.metas, *b.metas], folders=[a.folder, b.folder])
    sides = [side.frame.assign(variant=side.frame["variant"] + f" ({name})") for side, name in ((a, "A"), (b, "B"))]
    frame = pd.concat(sides, ignore_index=True)
    names = [_of(v, side) for v in shared for side in "AB"]
    suite = Suite(frame, scales, names, frozenset(), _unpaired(a, b, shared))
    family = [Pair(_of(v, "B"), _of(v, "A")) for v in shared if suite.tasks(_of(v, "A"), _of(v, "B"))]
    if not family:
        raise ValueError(f"{a.folder} and {b.folder} share no variant on a task: {a.variants} and {b.variants}")
    _check_averaged(suite, family)
    by_task = _or_columns(pairs.task_table(suite, family))
    by_task["p_holm"] = stats.holm(by_task["p"].to_numpy(float))  # one family: a gate listens to all of its rows
    by_variant = _or_columns(pairs.suite_table(suite, family, by_task))
    pairs_of = {pair.b: pair for pair in family}
    by_variant["p_same"] = [_same(suite, pairs_of[v], suite.tasks(*pairs_of[v]), margin) for v in by_variant["variant"]]
    by_task["p_same"] = [
        _same(suite, pairs_of[v], [t], margin) for v, t in zip(by_task["variant"], by_task["task"], strict=True)
    ]
    for table in (by_variant, by_task):
        table["finding"] = [_finding(row) for row in table.to_dict("records")]
        table["variant"] = table.pop("against").str.removesuffix(" (A)")
    return Result(by_variant, by_task, suite)


def _check_averaged(suite: Suite, family: Sequence[Pair]) -> None:
    """UsageError where a variant's returns on several tasks would be averaged."""
    if any(not suite.averages(suite.tasks(*pair)) for pair in family):
        raise UsageError(f"{divergence.not_averaged(suite)}")


def _or_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The table; without rows (all diverged), with the columns that are read of it."""
    return table if len(table) else pd.DataFrame(columns=EMPTY)


def _unpaired(a: Side, b: Side, variants: Sequence[str]) -> frozenset[str]:
    """Variants (with their side) whose seeds are no pairs: other seeds, or runs that are not ours."""
    found = set()
    for variant in variants:
        seeds = [set(side.frame["seed"][side.frame["variant"] == variant]) for side in (a, b)]
        if a.imported or b.imported or seeds[0] != seeds[1]:
            found |= {_of(variant, "A"), _of(variant, "B")}
    return frozenset(found)


def _same(suite: Suite, pair: Pair, tasks: Sequence[str], margin: float) -> float:
    """p of TOST: small where the difference is shown to be smaller than the margin."""
    b, a = (suite.final(v, tasks).mean(axis=1) for v in pair)
    if {*pair} & suite.imported:
        return power.tost_unpaired(b.to_numpy(float), a.to_numpy(float), margin) if min(len(a), len(b)) > 1 else 1.0
    d = (b - a).dropna().to_numpy(float)
    return power.tost(d, margin) if len(d) > 1 else 1.0


def _finding(row: dict[Any, Any]) -> str:
    if row["p_holm"] < LEVEL:
        return "better" if row["difference"] > 0 else "worse"
    if row["low"] == row["high"] == 0:
        return "identical"
    return "the same within the margin" if row["p_same"] < LEVEL else "open"


def document(a: Side, b: Side, result: Result, margin: float) -> Document:
    """The comparison as a report."""
    word = f"B = {b.folder}, A = {a.folder}"
    caption = (
        f"B minus A ({word}) of the {result.suite.unit}; `p (Holm)` corrects over the rows, `p same` is the test that the "
        f"difference is smaller than {margin:g} (TOST, uncorrected)."
    )
    drawn = result.by_variant.assign(
        variant=[_of(v, "B") for v in result.by_variant["variant"]],
        against=[_of(v, "A") for v in result.by_variant["variant"]],
    )
    title = "B minus A" + (f", n = {int(drawn['seeds'].min())} seeds" if len(drawn) else "")
    figure = Drawn(
        "compare", partial(suite_figures.differences, result.suite, drawn, "minus", title), f"{title}: {word}."
    )
    sections = (
        Section("By variant", (figure, Table("by_variant", result.by_variant, caption))),
        Section("By task", (Prose(_told(result.by_task)), Table("by_task", result.by_task, caption))),
        Section("What differs", (Prose(joined(differences(a, b)) or "Configurations and provenance agree."),)),
        Section("What is not compared", (Prose(joined(left_out(a, b)) or "Everything is in both folders."),)),
    )
    warning = verdict.too_few(result.by_variant)
    return Document(
        "compare",
        f"Is {b.folder} better or worse than {a.folder}?",
        sentence(result),
        sections,
        tuple(w for w in (warning, *divergence.warned(result.suite)) if w),
    )


def _told(by_task: pd.DataFrame) -> str:
    """The rows that show something, as a list."""
    shown = by_task[by_task["finding"].isin(("better", "worse"))].to_dict("records")
    lines = [
        f"`{r['variant']}` on {r['task']} is {r['finding']}: {verdict.change(r)} (p {r['p_holm']:.2g})" for r in shown
    ]
    return joined(lines) or f"None of {len(by_task)} rows shows a difference by itself, corrected for their number."


def sentence(result: Result) -> str:
    """What was found, in a sentence."""
    table = result.by_variant
    counts = {f: table["variant"][table["finding"] == f].tolist() for f in table["finding"].unique()}
    parts = []
    if result.regressions:
        parts.append(f"B is shown to be worse in {len(result.regressions)} places: {', '.join(result.regressions)}")
    if better := counts.get("better"):
        parts.append(f"B is shown to be better with {verdict.names(better)}")
    equal = ("identical", "the same within the margin")
    parts += [f"{finding}: {verdict.names(counts[finding])}" for finding in equal if finding in counts]
    if still := counts.get("open"):
        limit = float(table["detectable"][table["finding"] == "open"].max())
        parts.append(
            f"no difference is shown for {verdict.names(still)} (one of {limit:.2f} would have been, four times in five)"
        )
    return ("; ".join(parts) or "No variant has a mean in both folders") + "."


def differences(a: Side, b: Side) -> list[str]:
    """Where configurations and provenance differ, one line a fact."""
    lines: dict[str, list[str]] = {}
    of_a = {_place(meta): meta for meta in a.metas}
    for meta in b.metas:
        if (other := of_a.get(_place(meta))) is not None:
            for line in pooling.differing(pooling.configuration(other), pooling.configuration(meta)):
                lines.setdefault(line, []).append(" x ".join(_place(meta)))
    told = [
        f"{line} ({len(where)} cells: {', '.join(where[:3])}{', ...' if len(where) > 3 else ''})"
        for line, where in lines.items()
    ]
    more = [f"{len(told) - NAMED} more differences of configuration"] if len(told) > NAMED else []
    facts = []
    for name in TOLD:
        values = [" | ".join(dict.fromkeys(str(m["provenance"].get(name)) for m in side.metas)) for side in (a, b)]
        if values[0] != values[1]:
            facts.append(f"{name}: A {values[0]}; B {values[1]}")
    return [*told[:NAMED], *more, *facts]


def _place(meta: dict[str, Any]) -> tuple[str, str]:
    return meta["cell"]["task"]["name"], meta["cell"]["variant"]["name"]


def left_out(a: Side, b: Side) -> list[str]:
    """Cells that only one folder has, and members that diverged."""
    have = [{_place(meta) for meta in side.metas} for side in (a, b)]
    lines = [f"only in A: {' x '.join(p)}" for p in sorted(have[0] - have[1])]
    lines += [f"only in B: {' x '.join(p)}" for p in sorted(have[1] - have[0])]
    for side, name in ((a, "A"), (b, "B")):
        lost = side.frame.groupby(["task", "variant", "seed"])["diverged"].any().sum()
        if lost:
            lines.append(f"{int(lost)} members diverged in {name}; they count as the worst of their task")
    return lines


def as_json(result: Result) -> dict[str, Any]:
    """One object: both tables and the regressions."""
    tables = {"by_variant": result.by_variant, "by_task": result.by_task}
    clean = {name: table.replace({np.nan: None}).to_dict("records") for name, table in tables.items()}
    return {**clean, "regressions": result.regressions}
