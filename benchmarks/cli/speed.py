"""Measure the speed of this machine: ours and the installed libraries of others, alternating, medians."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

from benchmarks.cli.options import check_positive
from benchmarks.execution.provenance import provenance
from benchmarks.speed import jax_a2c, measure
from benchmarks.validation.usage import DONE


@dataclass(frozen=True)
class Speed:
    """The flags of `speed`."""

    json: bool = False  # one JSON object on standard output, with the machine and the versions
    repeats: int = 5

    def __call__(self) -> int:
        check_positive("repeats", self.repeats)
        if missing := jax_a2c.missing():
            print(f"no comparison with JAX: install {', '.join(missing)} to have one", file=sys.stderr)
        rows = measure.measure(self.repeats)
        measured = {"rows": rows, "provenance": provenance()}
        print(json.dumps(measured, indent=1) if self.json else measure.as_text(rows))
        return DONE
