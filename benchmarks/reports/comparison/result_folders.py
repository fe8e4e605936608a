"""The two folders of a comparison: their rows, their metadata, and the differences between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.statistics.wording.phrases import count_noun, list_words
from benchmarks.store import pooling
from benchmarks.store.curves import FINITE, evaluation_states
from benchmarks.store.files import Damaged
from benchmarks.store.many.footers import read_metas
from benchmarks.store.sources import experiments_under, imported_cells, read_results, stored_cells
from envs.validation import UsageError

MAX_LISTED = 8  # differences of configuration that are listed
NAMED = 3  # cells that a line lists by name
PROVENANCE = ("commit", "dirty", "packages", "device", "results_version", "python", "system", "processor", "imported")
CellKey = tuple[str, str]  # task, variant


def cell_key(meta: dict[str, Any]) -> CellKey:
    """The task and the variant of a cell."""
    return meta["cell"]["task"]["name"], meta["cell"]["algorithm"]["name"]


@dataclass(frozen=True)
class ResultFolder:
    """One folder: its rows and its cells' metadata."""

    folder: Path
    frame: pd.DataFrame
    metas: Sequence[dict[str, Any]]

    @property
    def variants(self) -> list[str]:
        """Variants that learn, in the order of the files. References would only enlarge the gate's family of tests."""
        checkpoints = self.frame.groupby("variant")["checkpoint"].nunique()
        optional = {m["cell"]["algorithm"]["name"] for m in self.metas if m["reading"]["optional"]}
        names = dict.fromkeys(str(v) for v in self.frame["variant"])
        return [v for v in names if v not in optional and (checkpoints[v] > 1 or self.imported)]

    @cached_property
    def cell_keys(self) -> list[CellKey]:
        """(task, variant) of all cells, in the order of the files."""
        return list(dict.fromkeys(cell_key(meta) for meta in self.metas))

    @cached_property
    def diverged(self) -> dict[CellKey, tuple[int, int]]:
        """By (task, variant): how many members diverged or returned no finite number at last, and how many there are."""
        rows = self.frame.sort_values("checkpoint", kind="stable")
        members = rows.assign(lost=evaluation_states(rows) != FINITE).groupby(["task", "variant", "seed"])
        lost = (members["diverged"].any() | members["lost"].last()).groupby(["task", "variant"])
        return {(str(t), str(v)): (int(members_lost.sum()), len(members_lost)) for (t, v), members_lost in lost}

    @property
    def imported(self) -> bool:
        return any(meta["reading"].get("imported") for meta in self.metas)


def load(folder: Path) -> ResultFolder:
    """The cells of an experiment's folder. UsageError where it holds none, or rows that must not be pooled."""
    if folder.is_file():
        raise UsageError(f"{folder} is a file: name a folder such as results/ladder")
    try:
        paths = [*stored_cells(folder), *imported_cells(folder)]
    except Damaged as error:
        raise UsageError(f"damaged, in {folder}: {error}") from error
    if not paths:
        near = experiments_under(folder)
        hint = f"; under it are {', '.join(near)}" if near else ""
        raise UsageError(f"{folder} holds no cells: name a folder such as results/ladder{hint}")
    try:
        metas = read_metas(paths)
        places = pooling.of_last_run(folder, paths, metas)
        frame, _, metas = read_results([paths[i] for i in places])
    except Damaged as error:
        raise UsageError(f"damaged, in {folder}: {error}") from error
    if facts := pooling.mixed(metas):
        raise pooling.NotPoolable(
            f"{folder} holds rows of different numerics ({'; '.join(facts)}): they are no one sample"
        )
    for meta in metas:
        if len(rates := set(meta["cell"]["members"].get("rates", []))) > 1:
            raise UsageError(
                f"{folder} holds {len(rates)} learning rates a seed: compare takes one configuration a cell"
            )
    return ResultFolder(folder, frame, metas)


def differences(a: ResultFolder, b: ResultFolder) -> list[str]:
    """Where configurations and provenance differ, one line a fact."""
    lines: dict[str, list[str]] = {}
    metas_a = {cell_key(meta): meta for meta in a.metas}
    for meta in b.metas:
        if (other := metas_a.get(cell_key(meta))) is not None:
            for line in pooling.differing(pooling.configuration(other), pooling.configuration(meta)):
                lines.setdefault(line, []).append(" x ".join(cell_key(meta)))
    listed = [f"{line} ({count_noun(len(where), 'cell')}: {list_words(where, NAMED)})" for line, where in lines.items()]
    more = [f"{len(listed) - MAX_LISTED} more differences of configuration"] if len(listed) > MAX_LISTED else []
    facts = []
    for name in PROVENANCE:
        values = [" | ".join(dict.fromkeys(str(m["provenance"].get(name)) for m in side.metas)) for side in (a, b)]
        if values[0] != values[1]:
            facts.append(f"{name}: A {values[0]}; B {values[1]}")
    return [*listed[:MAX_LISTED], *more, *facts]


def uncompared(a: ResultFolder, b: ResultFolder) -> list[str]:
    """Cells that only one folder has, seeds that only A has, and members that diverged."""
    have = [{*side.cell_keys} for side in (a, b)]
    lines = [f"only in A: {' x '.join(p)}" for p in sorted(have[0] - have[1])]
    lines += [f"only in B: {' x '.join(p)}" for p in sorted(have[1] - have[0])]
    fewer: dict[tuple[int, int], list[str]] = {}  # seeds in A and B -> cells
    for p in sorted(have[0] & have[1]):
        seeds = a.diverged[p][1], b.diverged[p][1]
        if seeds[1] < seeds[0]:
            fewer.setdefault(seeds, []).append(" x ".join(p))
    lines += [f"{list_words(cells, NAMED)}: {of_a} seeds in A, {of_b} in B" for (of_a, of_b), cells in fewer.items()]
    for side, name in ((a, "A"), (b, "B")):
        lost = sum(number for number, _ in side.diverged.values())
        if lost:
            lines.append(f"{lost} members diverged in {name}; they count as the worst of their task")
    return lines
