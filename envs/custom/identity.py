"""The identity of a Gymnasium environment, which separates its results from those of an edited version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import Any

import gymnasium
import numpy as np

from envs.custom.sources import LENGTH, distribution_of, is_own_module, source_of


@dataclass(frozen=True)
class Identity:
    """Part of the digest of cells on `gymnasium:<id>`.

    entry_point   callable that makes the environment    kwargs  of the registration, as JSON
    wrappers      wrappers of the registration, with their arguments, as JSON
    source        hash of the source files of the classes, of the entry point and of wrappers (envs.custom.sources)
    distribution  the installed package of the environment's class and its version; empty for a local file
    """

    entry_point: str
    kwargs: str = "{}"
    wrappers: str = "[]"
    source: str = ""
    distribution: str = ""

    def differences(self, other: Identity) -> list[str]:
        """The differences to another identity, as texts."""
        return [DIFFERENCES[f.name] for f in fields(self) if getattr(self, f.name) != getattr(other, f.name)]


DIFFERENCES = {
    "entry_point": "the environment's entry point changed",
    "kwargs": "the arguments that the environment is registered with changed",
    "wrappers": "the environment's wrappers changed",
    "source": "the environment's source file changed",
    "distribution": "the version of the environment's package changed",
}


def identity_of(env: gymnasium.Env[Any, Any]) -> Identity:
    """The identity of an environment from gymnasium.make."""
    spec, kind = env.spec, type(env.unwrapped)
    entry = (spec.entry_point if spec else None) or kind
    wrappers = list(spec.additional_wrappers) if spec else []
    things = [kind, *_layers(env), *_functions([entry, spec.kwargs if spec else {}, [w.kwargs for w in wrappers]])]
    return Identity(
        entry_point=entry
        if isinstance(entry, str)
        else f"{kind.__module__}:{kind.__qualname__} by {qualified_name(entry)}",
        kwargs=_text(spec.kwargs if spec else {}),
        wrappers=_text([{"name": w.entry_point, "kwargs": w.kwargs} for w in wrappers]),
        source=source_of(things),
        distribution="" if is_own_module(kind.__module__) else distribution_of(kind.__module__),
    )


def _layers(env: gymnasium.Env[Any, Any]) -> Iterator[type]:
    """The wrappers around it that are not Gymnasium's own."""
    while isinstance(env, gymnasium.Wrapper):
        if not type(env).__module__.startswith("gymnasium."):
            yield type(env)
        env = env.env


def _functions(value: Any) -> Iterator[Any]:
    """The functions and classes among arguments."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _functions(item)
    elif isinstance(value, partial):
        yield from _functions([value.func, value.args, value.keywords])
    elif callable(value):
        yield value if hasattr(value, "__qualname__") else type(value)


def qualified_name(value: Any) -> str:
    """The name of a function, class or partial, without the address in its repr."""
    if isinstance(value, partial):
        return f"partial({qualified_name(value.func)}, {_text(value.args)}, {_text(value.keywords)})"
    kind = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(kind, '__module__', '')}.{kind.__qualname__}"


def _text(value: Any) -> str:
    try:
        return json.dumps(_plain(value), sort_keys=True)
    except RecursionError:  # objects that refer to each other
        return json.dumps(qualified_name(value))


def _plain(value: Any) -> Any:
    """A value for JSON that is the same in every process: without addresses and with sorted sets."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(v) for v in value), key=str)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:LENGTH]
        return f"{value.dtype} {value.shape} {content}"
    if callable(value):
        return qualified_name(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {"class": qualified_name(value), **{f.name: _plain(getattr(value, f.name)) for f in fields(value)}}
    held = getattr(value, "__dict__", None)
    return {"class": qualified_name(value), **({k: _plain(v) for k, v in held.items()} if held else {})}
