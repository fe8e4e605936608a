"""Which cells may stand in one table: those that differ in their seeds alone, made with the same numerics."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.store.descriptions import hashed_part
from envs.custom.identity import DIFFERENCES
from envs.custom.sources import SOURCE
from envs.validation import UsageError

Meta = Mapping[str, Any]
NUMERIC = ("numpy", "torch", "gymnasium", "envpool")  # packages that numbers of training depend on


class NotPoolable(UsageError):
    """Rows that must not be taken for one sample."""


def numerics(provenance: Mapping[str, Any]) -> dict[str, str]:
    """What two rows must share to be of one sample, beside their configuration: results version, device, packages, and
    whether the same command would give them again.

    The commit is not among them: a change of code that moves results raises the results version. The processor is not
    either: it changes numbers by rounding, and seconds; it is told beside them.
    """
    packages = provenance.get("packages") or {}
    facts = {name: packages.get(name, "unknown") for name in NUMERIC if isinstance(packages, Mapping)}
    facts |= {name: provenance.get(name, "unknown") for name in ("device", "results_version")}
    facts["reproducible"] = provenance.get("reproducible", True)  # real actors and some environments are not
    return {name: str(value) for name, value in facts.items() if value != "unknown"}


def configuration(meta: Meta) -> dict[str, Any]:
    """What is hashed of a cell's configuration, without its seeds."""
    cell = hashed_part(meta["cell"])
    members = cell.pop("members")
    rates = members.get("rates", [])
    return {**cell, "rates": sorted(set(rates)), "purpose": members.get("purpose")}


def differing(a: Any, b: Any, path: str = "") -> list[str]:
    """Where two configurations differ, as `path: a | b`."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        keys = dict.fromkeys([*a, *b])
        return [line for k in keys for line in differing(a.get(k), b.get(k), f"{path}.{k}".lstrip("."))]
    return [] if a == b else [f"{path}: {_short(a)} | {_short(b)}{_why(path)}"]


def _why(path: str) -> str:
    """What a reader who has edited a file knows, of a path that holds a hash or a version."""
    if path.endswith(SOURCE):
        return f" (the source file of {path.removesuffix(SOURCE).rstrip('.')}, or one that it imports, changed)"
    part = path.rpartition("identity.")[2]
    return f" ({DIFFERENCES[part]})" if "identity." in path and part in DIFFERENCES else ""


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def select(paths: Sequence[Path], metas: Sequence[Meta]) -> list[int]:
    """Places of the cells to read: one configuration a task and variant, no seed twice.

    A block of seeds that lies within another's is left out (14 seeds were asked for first, then 20). NotPoolable where
    two cells of one task and variant differ in more than their seeds, or share only some of them.
    """
    kept: dict[tuple[str, str], list[int]] = {}
    for i in sorted(range(len(paths)), key=lambda i: -len(_seeds(metas[i]))):
        cell = metas[i]["cell"]
        of = kept.setdefault((cell["task"]["name"], cell["algorithm"]["name"]), [])
        if of and (lines := differing(configuration(metas[of[0]]), configuration(metas[i]))):
            raise NotPoolable(
                f"{paths[of[0]].name} and {paths[i].name} differ in more than their seeds ({'; '.join(lines[:3])}); "
                "move one of them away"
            )
        taken = {s for j in of for s in _seeds(metas[j])}
        if _seeds(metas[i]) <= taken:
            continue
        if _seeds(metas[i]) & taken:
            raise NotPoolable(f"{paths[i].name} shares seeds with another cell of its task and variant; move one away")
        of.append(i)
    return sorted(i for of in kept.values() for i in of)


def _seeds(meta: Meta) -> set[int]:
    return set(meta["cell"]["members"]["seeds"])


def mixed(metas: Iterable[Meta]) -> list[str]:
    """In what the numerics of cells differ, one line a fact; empty where they may be pooled."""
    found: dict[str, set[str]] = {}
    for meta in metas:
        for name, value in numerics(meta["provenance"]).items():
            found.setdefault(name, set()).add(value)
    return [f"{name} {' | '.join(sorted(values))}" for name, values in found.items() if len(values) > 1]
