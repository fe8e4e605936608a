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
    if isinstance(description, list):
        return [hashed_part(part) for part in description]
    return description


def digest(description: Any, **version: int) -> str:
    """Hash of a configuration and of the version of the code: `results_version` or `laboratory_version`."""
    text = json.dumps({**version, "cell": hashed_part(description)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
