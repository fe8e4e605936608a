"""Runs that are better in the middle than at the end, to be compared with published scores."""

from __future__ import annotations

import pandas as pd

from benchmarks.published.scores import PublishedScore
from benchmarks.store.suite import Data, Suite
from envs.api import Scale
from tests.benchmarks.synthetic_results import NO_MEASURES, run_rows

LEVELS = (0.0, 8.0, 5.0)  # mean returns at 0, 50 and 100 environment steps: better in the middle than at the end


def data(seeds: int = 4, greedy: float = 0.0) -> Data:
    """A2C on pole: returns of the levels +-1, two seeds above and two below."""
    rows = [
        row
        for seed in range(seeds)
        for row in run_rows(
            "pole", "A2C", seed, [level + (-1) ** seed for level in LEVELS], greedy + (-1) ** seed / 2, 50
        )
    ]
    suite = Suite(pd.DataFrame(rows), {"pole": Scale(0.0, 10.0, 9.0)}, ["A2C"])
    return Data(suite, NO_MEASURES)


def score(value: float, env_steps: int, metric: str = "final") -> PublishedScore:
    return PublishedScore("pole", "A2C", "zoo", value, env_steps, metric)  # type: ignore[arg-type]
