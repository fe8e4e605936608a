"""Which cells may be pooled: those that differ only in their seeds and were trained with the same numerics."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.store.descriptions import digest_of_hashed, hashed_part
from benchmarks.store.files import Damaged, read_document, save_json
from envs.custom.identity import DIFFERENCES
from envs.custom.sources import SOURCE
from envs.validation import UsageError

Meta = Mapping[str, Any]
SETTINGS_FILE = "settings.json"  # of a folder: task -> variant -> digest of what the last run trained it in
NUMERIC = ("numpy", "torch", "gymnasium", "envpool")  # packages that numbers of training depend on


class NotPoolable(UsageError):
    """Rows that are not one sample."""


def numerics(provenance: Mapping[str, Any]) -> dict[str, str]:
    """What rows of one sample must share in addition to their configuration: results version, device, packages, and whether
    the run is reproducible.

    The commit is not among them: a change of code that moves results raises the results version. The processor is not
    either: it changes numbers by rounding only, and seconds; reports show it.
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
    """An explanation of a path that holds a hash or a version."""
    if path.endswith(SOURCE):
        return f" (the source file of {path.removesuffix(SOURCE).rstrip('.')}, or one that it imports, changed)"
    part = path.rpartition("identity.")[2]
    return f" ({DIFFERENCES[part]})" if "identity." in path and part in DIFFERENCES else ""


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def select(paths: Sequence[Path], metas: Sequence[Meta]) -> list[int]:
    """Places of the cells to read: one configuration a task and variant, no seed twice.

    A block of seeds that lies within another's is left out (a run of 14 seeds, then of 20). NotPoolable where
    two cells of one task and variant differ in more than their seeds, or share only some of them.
    """
    selected: dict[tuple[str, str], list[int]] = {}
    for i in sorted(range(len(paths)), key=lambda i: -len(_seeds(metas[i]))):
        cell = metas[i]["cell"]
        indices = selected.setdefault((cell["task"]["name"], cell["algorithm"]["name"]), [])
        if indices and (lines := differing(configuration(metas[indices[0]]), configuration(metas[i]))):
            raise NotPoolable(
                f"{paths[indices[0]].name} and {paths[i].name} differ in more than their seeds ({'; '.join(lines[:3])}); "
                "move one of them away"
            )
        seeds_so_far = {s for j in indices for s in _seeds(metas[j])}
        if _seeds(metas[i]) <= seeds_so_far:
            continue
        if _seeds(metas[i]) & seeds_so_far:
            raise NotPoolable(f"{paths[i].name} shares seeds with another cell of its task and variant; move one away")
        indices.append(i)
    return sorted(i for indices in selected.values() for i in indices)


def _seeds(meta: Meta) -> set[int]:
    return set(meta["cell"]["members"]["seeds"])


def save_settings(folder: Path, descriptions: Iterable[Mapping[str, Any]]) -> None:
    """Write in which settings a run trains each task and variant. Those that it does not train keep what they have.

    descriptions  of its cells, as they are hashed
    """
    settings = read_settings(folder)
    latest: dict[str, dict[str, str]] = {}
    for cell in descriptions:
        variants = latest.setdefault(cell["task"]["name"], {})
        if (name := cell["algorithm"]["name"]) not in variants:
            variants[name] = digest_of_hashed(configuration({"cell": cell}))
    changed = {**settings, **{task: {**settings.get(task, {}), **variants} for task, variants in latest.items()}}
    if changed != settings:
        save_json(folder / SETTINGS_FILE, changed)


def read_settings(folder: Path) -> dict[str, dict[str, str]]:
    """What `save_settings` wrote; empty where it wrote nothing."""
    try:
        document = read_document(folder / SETTINGS_FILE)
    except Damaged:  # or missing
        return {}
    return {task: variants for task, variants in document.items() if isinstance(variants, dict)}


def of_last_run(folder: Path, paths: Sequence[Path], metas: Sequence[Meta]) -> list[int]:
    """Places of the cells to read: of each task and variant those in the settings of the last run that trained it.

    Standard error says how many cells of earlier settings are left out, and how one of them differs. Where the last run has
    no cell yet, all are read. Then `select` says which of them may be pooled.
    """
    settings = read_settings(folder)
    latest: list[int] = []
    earlier: list[int] = []
    for i, meta in enumerate(metas):
        cell = meta["cell"]
        digest = settings.get(cell["task"]["name"], {}).get(cell["algorithm"]["name"])
        known = digest is None or digest == digest_of_hashed(configuration(meta))
        (latest if known else earlier).append(i)
    if not latest:
        latest, earlier = earlier, []
    if earlier:
        print(_left_out([metas[i] for i in earlier], [metas[i] for i in latest]), file=sys.stderr)
    places = select([paths[i] for i in latest], [metas[i] for i in latest])
    return [latest[i] for i in places]


def _left_out(earlier: Sequence[Meta], latest: Sequence[Meta]) -> str:
    """How many cells of earlier settings there are, and where the first that has a successor differs from it."""
    count = f"{len(earlier)} cell{'' if len(earlier) == 1 else 's'}"
    successors = {(m["cell"]["task"]["name"], m["cell"]["algorithm"]["name"]): m for m in latest}
    for meta in earlier:
        pair = meta["cell"]["task"]["name"], meta["cell"]["algorithm"]["name"]
        if lines := differing(configuration(meta), configuration(successors.get(pair, meta))):
            return f"left out: {count} of earlier commands with other settings ({' x '.join(pair)}: {lines[0]})"
    return f"left out: {count} of earlier commands with other settings"


def mixed(metas: Iterable[Meta]) -> list[str]:
    """The differences between the numerics of cells, one line each; empty where they may be pooled."""
    values_by_fact: dict[str, set[str]] = {}
    for meta in metas:
        for name, value in numerics(meta["provenance"]).items():
            values_by_fact.setdefault(name, set()).add(value)
    return [f"{name} {' | '.join(sorted(values))}" for name, values in values_by_fact.items() if len(values) > 1]
