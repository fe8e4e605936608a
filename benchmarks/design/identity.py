"""The identity of a configuration: a JSON description of it, and the digest of what in it decides the numbers.

A description holds every field of a dataclass by name, its class, and the names of the fields that are at their default:

    {"class": "Episodes", "class.defaults": ["group"], "envs": 8, "group": 1}

The digest leaves out the fields at their default (benchmarks.store.descriptions). Therefore

- a field that comes later, with a default that does what was done before, moves no digest;
- a changed default gives other numbers the digest that the old ones had. Whoever changes one raises RESULTS_VERSION
  (LABORATORY_VERSION for measurements): every digest is then another. The values stay in the description, so an old file
  still says what it was made with, and a test holds the released files' values against the code's.

Our classes are named by their short names, which a test keeps unique: moving a class to another module moves no digest.
Any other class is named with its module, with a hash of its source (envs.custom.sources), and all its fields
count. A field with metadata {"hashed": False} is in no description: no number depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache, lru_cache
from typing import Any

from benchmarks.store.descriptions import DEFAULTS, hashed_part
from envs.custom.sources import SOURCE, describe_class

PLAIN = frozenset((str, int, float, bool, type(None)))  # types that are their own description


def canonical(value: Any) -> Any:
    """The JSON description of a configuration. TypeError for what can be part of none."""
    if is_dataclass(value) and not isinstance(value, type):
        return _describe(value)
    if isinstance(value, (tuple, list)):
        return list(value) if PLAIN.issuperset(map(type, value)) else [canonical(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): canonical(v) for k, v in value.items()}
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    raise TypeError(f"{value!r} cannot be part of a cell's configuration")


def _describe(value: Any) -> dict[str, Any]:
    own: Any = type(value)
    kind = describe_class(own)
    parts = {f.name: canonical(getattr(value, f.name)) for f in _hashed_fields(own)}
    if SOURCE in kind:  # its defaults may be computed from what the source's hash does not see
        return {**kind, **parts}
    defaults = _defaults(own)
    at_default = [name for name, part in parts.items() if name in defaults and defaults[name] == part]
    return {**kind, **({DEFAULTS: at_default} if at_default else {}), **parts}


@dataclass(frozen=True, eq=False)
class _Same:
    """An object by its identity: equal objects may have different descriptions, as 1 and 1.0 have."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def hashed_description(value: Any) -> dict[str, Any]:
    """hashed_part(canonical(value)) of a dataclass of ours. A frozen part that thousands of them share is described once."""
    own: Any = type(value)
    parts = {f.name: getattr(value, f.name) for f in _hashed_fields(own)}
    of_class = describe_class(own)
    hashed = {n: _hashed_once(_Same(p)) if is_dataclass(p) else hashed_part(canonical(p)) for n, p in parts.items()}
    defaults = {name: hashed_part(part) for name, part in _defaults(own).items()}
    return {**of_class, **{n: part for n, part in hashed.items() if n not in defaults or defaults[n] != part}}


@lru_cache(maxsize=1024)
def _hashed_once(same: _Same) -> Any:
    return hashed_part(canonical(same.value))


def _hashed_fields(kind: type) -> list[Field[Any]]:
    return [f for f in fields(kind) if f.metadata.get("hashed", True)]


@cache
def _defaults(kind: type) -> dict[str, Any]:
    """The description of the default of each field that has one."""
    defaults = {}
    for f in _hashed_fields(kind):
        if f.default is not MISSING:
            defaults[f.name] = canonical(f.default)
        elif f.default_factory is not MISSING:
            defaults[f.name] = canonical(f.default_factory())
    return defaults
