"""Every cell examined, as rows of results/reference/libraries.json.

    python -m benchmarks.libraries > results/reference/libraries.json

run by a Python that has this package's dependencies and the libraries (docs/other-libraries.md). A library that is missing
is named.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from algorithms import VARIANTS
from algorithms.conformance.foreign.adapters.registry import adapt
from algorithms.conformance.foreign.examine import examine
from benchmarks.design.own.functions import find_function
from benchmarks.libraries.cells import CELLS, Cell

LIBRARIES = tuple(dict.fromkeys(cell.library for cell in CELLS))


def missing() -> list[str]:
    """The libraries that are not installed here."""
    return [name for name in LIBRARIES if importlib.util.find_spec(name) is None]


def rows(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """A row for each cell, in order."""
    ours = {name: variant.estimator for name, variant in VARIANTS.items()}
    return [row(cell, ours) for cell in cells]


def row(cell: Cell, ours: Any) -> dict[str, Any]:
    """What held and what broke of one function."""
    foreign = adapt(find_function(cell.name), None, cell.given)
    report = examine(foreign, cell.promises, ours)
    return {
        "library": cell.library,
        "function": cell.function,
        "settings": cell.settings,
        "kind": foreign.kind,
        "promises": list(cell.promises),
        "held": [finding.rule for finding in report.findings if finding.holds],
        "broke": [{"rule": o.rule, "detail": o.detail, "example": o.example} for o in report.broken],
        "has": [found.name for found in report.properties if found.holds],
        "same_as": sorted(report.same_as, key=lambda name: name not in cell.promises),
    }


def main() -> int:
    """Print the rows of the libraries that are installed, with their versions."""
    absent = missing()
    for name in absent:
        print(f"{name} is not installed: its functions are left out", file=sys.stderr)
    here = [cell for cell in CELLS if cell.library not in absent]
    # whatever a library prints when it is imported is no part of the answer
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        made = rows(here)
    finally:
        sys.stdout = out
    versions = {name: version(name) for name in (*LIBRARIES, "torch") if name not in absent}
    print(json.dumps({"versions": versions, "rows": made}, indent=1))
    return 0 if here else 1
