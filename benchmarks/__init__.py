"""The harness: experiments, cells, results, statistics and reports. `benchmarks.experiments` holds every experiment.

From Python, and from a notebook (docs/python-api.md):

    from benchmarks import compare, run

    result = run("lock/medium", ["gae", "ppo"], seeds=10)
    result.scores  # a DataFrame, a row a task, variant and seed
    result.plot()  # learning curves
    compare(result, baseline="gae")  # a DataFrame, a row a variant: its difference from gae, tested

These names are imported when they are used, for they need torch and pandas.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.api.comparing import compare
    from benchmarks.api.result import Result
    from benchmarks.api.running import load, run
    from benchmarks.api.tuning import Tuning, tune

__all__ = ["Result", "Tuning", "compare", "load", "run", "tune"]

_HOME = {
    "Result": "benchmarks.api.result",
    "Tuning": "benchmarks.api.tuning",
    "compare": "benchmarks.api.comparing",
    "load": "benchmarks.api.running",
    "run": "benchmarks.api.running",
    "tune": "benchmarks.api.tuning",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
