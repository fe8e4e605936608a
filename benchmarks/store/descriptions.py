"""Descriptions of configurations as JSON (benchmarks.design.identity makes them): which part is hashed, and its digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

DEFAULTS = "class.defaults"  # the key of the names of fields that are at their default
DIGITS = 16  # hexadecimal digits of a digest


def hashed_part(description: Any) -> Any:
    """The description without the fields that are at their default."""
    if isinstance(description, dict):
        left_out = {DEFAULTS, *description.get(DEFAULTS, ())}
        return {name: hashed_part(part) for name, part in description.items() if name not in left_out}
    if isinstance(description, list) and any(isinstance(part, dict | list) for part in description):
        return [hashed_part(part) for part in description]
    return description


def digest(description: Any, **version: int) -> str:
    """Hash of a configuration and of the version of the code: `results_version` or `laboratory_version`."""
    return digest_of_hashed(hashed_part(description), **version)


def digest_of_hashed(hashed: Any, **version: int) -> str:
    """The same of what is hashed of a configuration."""
    text = json.dumps({**version, "cell": hashed}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def share_parts(meta: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a cell with those parts in the place of its own that `shared` holds already; adds the others to it.

    Thousands of cells have few different ones.
    """
    for key in ("provenance", "reading"):
        meta[key] = _shared(meta[key], shared)
    meta["cell"] = {key: _shared(part, shared) for key, part in meta["cell"].items()}
    return meta


def _shared(part: Any, shared: dict[str, Any]) -> Any:
    return shared.setdefault(json.dumps(part), part) if isinstance(part, dict | list) else part
