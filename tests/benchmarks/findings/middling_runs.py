"""Runs that are better in the middle than at the end, to be compared with published scores."""

from __future__ import annotations

import pandas as pd

from benchmarks.published.scores import PublishedScore
from benchmarks.store.sources import MEASURE_COLUMNS
from benchmarks.store.suite import Data, Scale, Suite

LEVELS = {0: 0.0, 50: 8.0, 100: 5.0}  # env_steps -> mean return: better in the middle than at the end


def data(seeds: int = 4, greedy: float = 0.0) -> Data:
    """A2C on pole: returns of the levels +-1, two seeds above and two below."""
    rows = [
        {"task": "pole", "variant": "A2C", "seed": seed, "learning_rate": 0.01, "checkpoint": k, "fraction": k / 2,
         "env_steps": steps, "updates": k, "wall_s": 1.0 * k, "eval_return": level + (-1) ** seed,
         "eval_return_greedy": greedy + (-1) ** seed / 2, "diverged": False}
        for k, (steps, level) in enumerate(LEVELS.items())
        for seed in range(seeds)
    ]  # fmt: skip
    suite = Suite(pd.DataFrame(rows), {"pole": Scale(0.0, 10.0, 9.0)}, ["A2C"])
    return Data(suite, pd.DataFrame(columns=MEASURE_COLUMNS))


def score(value: float, env_steps: int, metric: str = "final") -> PublishedScore:
    return PublishedScore("pole", "A2C", "zoo", value, env_steps, metric)  # type: ignore[arg-type]
