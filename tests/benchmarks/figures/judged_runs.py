"""Runs of a task "t" whose measures are given: a tuple of the seeds' values a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from benchmarks.store.many.frames import MEASURE_COLUMNS
from benchmarks.store.suite import Data, Suite
from envs.api import Scale

Measures = Mapping[str, Mapping[str, tuple[tuple[float, ...], ...]]]
STEPS = 120


def data(measures: Measures, trained: bool = True) -> Data:
    """Measures by variant and name; checkpoint k of the last one K is at k / K of 120 steps, or all at 0."""
    rows, parts = [], []
    for variant, named in measures.items():
        checkpoints = max(map(len, named.values()))
        for k in range(checkpoints):
            for seed in range(len(next(iter(named.values()))[k])):
                steps = STEPS * k / max(checkpoints - 1, 1) if trained else 0.0
                row = {
                    "task": "t", "variant": variant, "seed": seed, "checkpoint": k, "fraction": 0.0, "env_steps": steps,
                    "eval_return": 0.0, "learning_rate": 1.0, "eval_return_greedy": 0.0, "updates": k, "wall_s": 0.0,
                    "diverged": False,
                }  # fmt: skip
                rows.append(row)
                parts += [row | {"measure": name, "value": x[k][seed]} for name, x in named.items()]
    suite = Suite(pd.DataFrame(rows), {"t": Scale(0.0, 1.0, 1.0)}, tuple(measures))
    return Data(suite, pd.DataFrame(parts)[MEASURE_COLUMNS])
