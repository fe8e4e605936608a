"""Aggregates of scores: by hand, by scipy, and by rliable's own figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats as sps

from benchmarks.statistics import aggregates

RLIABLE = json.loads((Path(__file__).parent / "rliable.json").read_text())


def test_aggregates_by_hand() -> None:
    """Tasks' means are 4, 1 and 0; of the six runs 0 0 1 1 2 6 the inner four are kept."""
    x = np.array([[2.0, 1.0, 0.0], [6.0, 1.0, 0.0]])
    assert aggregates.mean(x) == pytest.approx(5 / 3)
    assert aggregates.median(x) == 1.0
    assert aggregates.iqm(x) == 1.0
    assert aggregates.optimality_gap(x) == pytest.approx((0 + 0 + 1 + 0 + 0 + 1) / 6)
    assert aggregates.optimality_gap(x, 3.0) == pytest.approx((1 + 2 + 3 + 0 + 2 + 3) / 6)
    assert aggregates.median(np.array([3.0, 1.0, 8.0])) == 3.0  # a vector is one seed's tasks


def test_iqm_leaves_out_a_quarter_at_each_end() -> None:
    assert aggregates.iqm(np.array([100.0, 3.0, 5.0, -50.0])) == 4.0


@pytest.mark.parametrize("runs", range(1, 14))
def test_iqm_is_scipys_trimmed_mean(runs: int) -> None:
    x = np.random.default_rng(runs).normal(size=(50, runs))
    np.testing.assert_allclose(aggregates.iqm(x, axis=1), sps.trim_mean(x, 0.25, axis=1), atol=1e-12)


@pytest.mark.parametrize("name", aggregates.AGGREGATES)
def test_aggregates_are_rliables(name: str) -> None:
    for algorithm, scores in RLIABLE["scores"].items():
        assert aggregates.AGGREGATES[name](np.array(scores)) == pytest.approx(RLIABLE[name][algorithm], abs=1e-12)


@pytest.mark.parametrize("name", aggregates.AGGREGATES)
def test_aggregates_of_many_matrices_are_those_of_each(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(7, 5, 3))
    each = [aggregates.AGGREGATES[name](m) for m in x]
    np.testing.assert_allclose(aggregates.AGGREGATES[name](x), each, atol=1e-14)
    np.testing.assert_allclose(aggregates.AGGREGATES[name](x, axis=1), each, atol=1e-14)
    assert np.shape(aggregates.AGGREGATES[name](x[0])) == ()


@pytest.mark.parametrize(("seeds", "tasks"), [(2, 1), (3, 2), (7, 7), (30, 4)])
def test_resampled_iqm_is_the_iqm_of_each_resample(seeds: int, tasks: int) -> None:
    """Of scores without and with ties, and where the sum of all would lose the middle half to rounding."""
    rng = np.random.default_rng(seeds)
    drawn = rng.integers(seeds, size=(200, seeds))
    plain, tied = rng.normal(size=(seeds, tasks)), rng.integers(0, 3, (seeds, tasks)) * 0.1
    extreme = np.where(rng.random((seeds, tasks)) < 0.1, -1e12, plain)
    for scores in (plain, tied, extreme):
        each = aggregates.iqm(scores[drawn], axis=1)
        np.testing.assert_allclose(aggregates.resampled_iqm(scores, drawn), each, rtol=1e-12, atol=1e-12)


def test_resampled_iqm_by_hand() -> None:
    """Seed 1 twice is 4 4 8 8: its middle half is 4 8. Both once are 0 2 4 8: 2 4."""
    scores = np.array([[0.0, 2.0], [4.0, 8.0]])
    assert aggregates.resampled_iqm(scores, np.array([[1, 1], [0, 1], [0, 0]])).tolist() == [6.0, 3.0, 1.0]
