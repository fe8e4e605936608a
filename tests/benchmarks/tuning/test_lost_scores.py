"""What a lost run counts as where scores are compared."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tuning import imputation
from envs.api import Scale


def test_what_diverged_counts_the_worst_of_the_floor_and_what_everyone_scored() -> None:
    nan = float("nan")
    one, other = {"t": (nan, 0.5)}, {"t": (-0.7, 0.1)}
    assert imputation.mean_values([one], {}).tolist() == [0.25]  # the floor, 0
    assert imputation.mean_values([one, other], {}).tolist() == pytest.approx([-0.1, -0.3])
    raw = {"t": Scale(-100.0, None)}
    assert imputation.mean_values([{"t": (nan, -50.0)}, {"t": (-300.0, -20.0)}], raw).tolist() == [-175.0, -160.0]
    found = imputation.mean_values([{"t": (nan, nan)}, {"t": (-900.0, -900.0)}], raw).tolist()
    assert found[1:] == [-900.0]
    assert np.isnan(found[0])  # a configuration that lost all its runs has no value
    joint = {"t": (1.0, 1.0), "u": (nan, nan)}
    assert np.isnan(imputation.mean_values([joint], {}).item())


def test_of_equals_who_lost_fewest_runs_is_best_and_then_the_first() -> None:
    """All finite scores are .1, and a lost run counts .1 too (the floor is unknown): all values are .1."""
    nan = float("nan")
    default, one, none = {"t": (nan, nan, 0.1)}, {"t": (0.1, nan, 0.1)}, {"t": (0.1, 0.1, 0.1)}
    raw = {"t": Scale(None, None)}
    assert imputation.best_index([default, one, none, none], raw) == 2
    assert imputation.best_index([default, one], raw) == 1
    assert imputation.best_index([none, one, none], raw) == 0
    assert imputation.best_index([default, {"t": (0.2, nan, 0.1)}, none], raw) == 1  # no tie
    assert imputation.best_index([{"t": (nan, nan, nan)}], raw) is None
