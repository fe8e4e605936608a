"""The adapters by name, and which of them calls a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from algorithms.conformance.foreign.adapters.adapter import Adapter, Foreign, Given
from algorithms.conformance.foreign.adapters.by_name import ByName
from algorithms.conformance.foreign.adapters.of_torchrl import TorchRL
from algorithms.conformance.foreign.adapters.of_trl import Trl
from algorithms.conformance.foreign.adapters.of_verl import Verl
from envs.validation import UsageError, look_up

ADAPTERS: dict[str, Adapter] = {adapter.name: adapter for adapter in (ByName(), Verl(), TorchRL(), Trl())}


def adapt(function: Callable[..., Any], name: str | None, given: Given) -> Foreign:
    """The function as this adapter calls it; None: that of the library the function is in, or by its parameters' names."""
    if name is None:
        library = (function.__module__ or "").partition(".")[0]
        fits = library in ADAPTERS and not ADAPTERS[library].reason_unfit(function)
        return ADAPTERS[library if fits else "names"].adapt(function, given)
    adapter = look_up(ADAPTERS, name, "adapter")
    if why := adapter.reason_unfit(function):
        raise UsageError(f"--as {name} does not fit {getattr(function, '__qualname__', function)}: {why}")
    return adapter.adapt(function, given)
