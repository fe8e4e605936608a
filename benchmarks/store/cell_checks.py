"""Checks of a cell's file: the table's columns, its rows, its metadata and its digest.

Each check returns the error in a few words, or None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from algorithms import ALGORITHMS
from benchmarks.store.descriptions import digest

META_KEYS = {"cell", "provenance", "reading", "texts"}
REPORT_KEYS = {"scale", "parent", "change", "optional"}
DEFAULT_VERSIONS = (1, 2, 3, 4)  # results versions of files that do not say theirs
# classes that do not learn, for files of before the metadata said it
REFERENCES = {type(algorithm).__name__ for algorithm in ALGORITHMS.values() if not algorithm.learns}
TOLERANCE = 1e-9  # of a fraction of the budget


def columns_error(table: pa.Table, schema: pa.Schema) -> str | None:
    """Names, order and types of the columns, and whether every row has a value in each."""
    if not table.num_rows:
        return "it has no rows"
    actual, expected = table.schema, schema
    if actual.names != expected.names:
        different = sorted(set(actual.names) ^ set(expected.names)) or actual.names
        return f"its columns are not those of a cell ({', '.join(map(str, different[:3]))})"
    for name in expected.names:
        if not actual.field(name).type.equals(expected.field(name).type):
            return f"its column {name} holds {actual.field(name).type}, not {expected.field(name).type}"
        if table.column(name).null_count:
            return f"its column {name} has rows without a value"
    return None


def meta_error(meta: Any) -> str | None:
    """Whether the metadata are there, and have the form that reports read."""
    if not isinstance(meta, dict) or (lacking := sorted(META_KEYS - meta.keys())):
        return f"its metadata lack {', '.join(lacking) if isinstance(meta, dict) else 'everything'}"
    for name in sorted(META_KEYS):
        if not isinstance(meta[name], dict):
            return f"its metadata {name} is no object"
    if lacking := sorted(REPORT_KEYS - meta["reading"].keys()):
        return f"its metadata reading lacks {', '.join(lacking)}"
    if not isinstance(meta["reading"]["scale"], list):
        return "its metadata reading.scale is no list"
    return cell_error(meta["cell"])


def cell_error(cell: Mapping[str, Any]) -> str | None:
    """Whether a configuration names its task, its algorithm and its members."""
    for name in ("task", "algorithm"):
        if not isinstance(cell.get(name), dict) or not isinstance(cell[name].get("name"), str):
            return f"its configuration names no {name}"
    members = cell.get("members")
    seeds = members.get("seeds") if isinstance(members, dict) else None
    if not isinstance(seeds, list) or not seeds or not all(isinstance(s, int) for s in seeds):
        return "its configuration names no seeds"
    if cell.get("imported"):
        return None
    assert isinstance(members, dict)
    if not isinstance(rates := members.get("rates"), list) or len(rates) != len(seeds):
        return "its configuration has not one learning rate a seed"
    evaluation = cell.get("evaluation")
    if not isinstance(evaluation, dict) or not isinstance(evaluation.get("checkpoints"), int):
        return "its configuration says nothing of its checkpoints"
    return None


def digest_error(stem: str, meta: Mapping[str, Any]) -> str | None:
    """Whether the configuration inside is the one that the file is named after. Imported curves have none."""
    if meta["cell"].get("imported"):
        return None
    version_in_file = meta["provenance"].get("results_version")
    versions = [version_in_file] if isinstance(version_in_file, int) else DEFAULT_VERSIONS
    named = stem.rpartition("__")[2]
    if named not in {digest(meta["cell"], results_version=version) for version in versions}:
        return "the configuration inside is not the one that its name's digest is of"
    return None


def rows_error(table: pa.Table, meta: Mapping[str, Any]) -> str | None:
    """Whether every member of the cell has its row at every checkpoint, once."""
    cell = meta["cell"]
    for column, name in (("task", "task"), ("variant", "algorithm")):
        if set(table.column(column).unique().to_pylist()) != {cell[name]["name"]}:
            return f"its rows are not all of the {name} {cell[name]['name']}"
    columns = {n: table.column(n).to_numpy() for n in ("seed", "member", "learning_rate", "checkpoint", "fraction")}
    if cell.get("imported"):
        return _imported_error(columns, cell["members"]["seeds"])
    at = _fractions(meta)
    checkpoint = columns["checkpoint"]
    if checkpoint.min() < 0 or checkpoint.max() >= len(at):
        return f"its rows have checkpoint {checkpoint.max()}, and the cell has {len(at)} checkpoints"
    if np.abs(columns["fraction"] - at[checkpoint]).max() > TOLERANCE:
        return "its rows have other fractions of the budget than the cell's checkpoints"
    return _members_error(columns, meta, len(at))


def count_error(rows: int, meta: Mapping[str, Any]) -> str | None:
    """Whether the cell has as many rows as members and checkpoints. Imported curves and races may have any number."""
    cell = meta["cell"]
    if not rows:
        return "it has no rows"
    if cell.get("imported") or cell.get("race") is not None:
        return None
    members, checkpoints = len(cell["members"]["seeds"]), _checkpoints(meta)
    if rows == members * checkpoints:
        return None
    return f"it has {rows} rows, and {members} members x {checkpoints} checkpoints are {members * checkpoints}"


def _checkpoints(meta: Mapping[str, Any]) -> int:
    evaluation = meta["cell"]["evaluation"]
    return 1 if is_reference(meta) else len(evaluation.get("at") or ()) or evaluation["checkpoints"] + 1


def _fractions(meta: Mapping[str, Any]) -> np.ndarray:
    evaluation = meta["cell"]["evaluation"]
    if is_reference(meta):
        return np.zeros(1)
    if evaluation.get("at"):
        return np.asarray(evaluation["at"], np.float64)
    return np.linspace(0, 1, evaluation["checkpoints"] + 1)


def is_reference(meta: Mapping[str, Any]) -> bool:
    """Whether its algorithm does not learn: its rows are of one checkpoint, at no learning rate."""
    class_name = meta["cell"]["algorithm"].get("class")
    return not meta["reading"].get("learns", class_name not in REFERENCES)


def _members_error(columns: Mapping[str, np.ndarray], meta: Mapping[str, Any], checkpoints: int) -> str | None:
    """Each row is of a member of the cell, and each member has one row at each checkpoint; in a race, up to its last."""
    cell = meta["cell"]
    seeds = np.asarray(cell["members"]["seeds"], np.int64)
    rates = np.zeros(len(seeds)) if is_reference(meta) else np.asarray(cell["members"]["rates"], np.float64)
    races, member = cell.get("race") is not None, columns["member"]
    if why := count_error(len(member), meta):
        return why
    if member.min() < 0 or member.max() >= len(seeds):
        return f"its rows have member {member.max()}, and the cell has {len(seeds)} members"
    if not np.array_equal(columns["seed"], seeds[member]):
        return "its rows are of other seeds than the cell's"
    if not np.array_equal(columns["learning_rate"], rates[member]):
        return "its rows are of other learning rates than the cell's"
    has = np.zeros((len(seeds), checkpoints), np.int64)
    np.add.at(has, (member, columns["checkpoint"]), 1)
    if not (has == 1).all() and not races:
        return "its members have not one row at every checkpoint"
    fits = (has[:, 0] == 1) & (np.diff(has) <= 0).all(1)
    return (
        None if fits.all() else f"member {int(np.flatnonzero(~fits)[0])} has not one row at each checkpoint it came to"
    )


def _imported_error(columns: Mapping[str, np.ndarray], seeds: list[int]) -> str | None:
    if set(columns["seed"].tolist()) != set(seeds):
        return "its rows are of other seeds than it says"
    pairs = set(zip(columns["seed"].tolist(), columns["checkpoint"].tolist(), strict=True))
    return None if len(pairs) == len(columns["seed"]) else "a seed has two rows at one checkpoint"
