"""The configuration of a cell as JSON, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from algorithms.exploration import Independent
from algorithms.references.q_learning import QLearning
from algorithms.references.sb3 import Sb3
from algorithms.references.scripted import Optimal, Random
from algorithms.variant import Variant
from envs.api import Task
from envs.sources import described_class


def digest(cell: Any, **version: int) -> str:
    """Hash of a canonical configuration and of the version of the code: `results_version` or `laboratory_version`."""
    text = json.dumps({**version, "cell": cell}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# texts and scales that no number depends on
_NOT_HASHED = {
    Variant: {"summary", "parent", "changes", "needs", "promises"},
    Random: {"summary"},
    Optimal: {"summary"},
    QLearning: {"summary"},
    Sb3: {"summary"},
    Task: {"floor", "ceiling", "threshold", "field", "source"},
}

# fields that came later: what does not use them keeps the digest that it had
_LATER: dict[str, dict[str, Any]] = {
    "Cell": {"race": None},
    "Control": {"encoding": None, "identity": None},
    "Estimator": {"correction": None},
    "Evaluation": {"at": (), "greedy": True},
    "Members": {"varied": ()},
    "MLP": {"activation": "tanh"},
    "Schedule": {"actors": None, "gradient": "newest", "processes": None},
    "Training": {
        "anneal": False,
        "exploration": Independent(),
        "actions": "raw",
        "normalise_returns": False,
        "clipped": "together",
    },
}


def canonical(value: Any) -> Any:
    """A JSON value that differs wherever the choice differs; of dataclasses it holds the class (envs.custom.sources)."""
    if is_dataclass(value) and not isinstance(value, type):
        skip = _NOT_HASHED.get(type(value), set())
        named = getattr(value, "hashed", None) or {f.name: getattr(value, f.name) for f in fields(value)}
        parts = {name: canonical(part) for name, part in named.items() if name not in skip}
        for name, default in _LATER.get(type(value).__name__, {}).items():
            if getattr(value, name) == default:
                del parts[name]
        return {**described_class(type(value)), **parts}
    if isinstance(value, (tuple, list)):
        return [canonical(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): canonical(v) for k, v in value.items()}
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    raise TypeError(f"{value!r} cannot be part of a cell's configuration")
