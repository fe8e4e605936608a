"""Measures over curves and suites: by hand, by rliable's own figures, and resampling whole seeds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.statistics import aggregates, learning_curves
from benchmarks.statistics.tests import a12
from benchmarks.store.curves import area_under_curve

RLIABLE = json.loads((Path(__file__).parent / "rliable.json").read_text())
SCORES = {name: np.array(scores) for name, scores in RLIABLE["scores"].items()}


def test_area_is_the_mean_height() -> None:
    """(1 * 2 + 3 * 4) / 4 over 0..1..4 of heights 1 3 5; one member is constant."""
    x = np.array([0.0, 1.0, 4.0])
    y = np.array([[1.0, 3.0, 5.0], [7.0, 7.0, 7.0]])
    np.testing.assert_allclose(area_under_curve(x, y), [14 / 4, 7.0])
    np.testing.assert_allclose(area_under_curve(np.stack([x, 10 + 2 * x]), y), [14 / 4, 7.0])
    np.testing.assert_allclose(area_under_curve(x, np.stack([y, y + 1])), [[3.5, 7.0], [4.5, 8.0]])
    assert area_under_curve(x[1:2], y[:, 1:2]).tolist() == [3.0, 7.0]


@pytest.mark.parametrize(
    ("x", "y", "match"),
    [
        ([0.0, 1.0], [1.0, np.nan], "1 in y"),
        ([0.0, np.nan], [1.0, 2.0], "1 NaN in x"),
        ([0.0, 2.0, 1.0], [1.0, 2.0, 3.0], "increase"),
        ([3.0, 3.0], [1.0, 2.0], "from 3.0 to 3.0"),
    ],
)
def test_area_refuses_gaps_and_a_clock_that_stands(x, y, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        area_under_curve(np.array(x), np.array(y))


def test_time_to_threshold_is_the_first_x_at_or_above_it() -> None:
    x = np.array([10.0, 20.0, 30.0])
    y = np.array([[0.0, 0.9, 0.2], [0.9, 0.0, 1.0], [0.1, 0.2, 0.3], [np.nan, np.nan, 2.0]])
    np.testing.assert_array_equal(learning_curves.time_to_threshold(x, y, 0.9), [20.0, 10.0, np.nan, 30.0])
    own = np.stack([x, 2 * x, x, 3 * x])
    np.testing.assert_array_equal(learning_curves.time_to_threshold(own, y, 0.9), [20.0, 20.0, np.nan, 90.0])
    assert learning_curves.time_to_threshold(np.array([1, 2]), np.array([[0, 1]]), 1).tolist() == [2.0]


def test_profile_by_hand() -> None:
    """Strictly above: of 0 1 1 3, the score 1 is not above 1."""
    profile = learning_curves.performance_profile(np.array([[0.0, 1.0], [1.0, 3.0]]), np.array([-1.0, 0.0, 1.0, 3.0]))
    assert profile.tolist() == [1.0, 0.75, 0.25, 0.0]


@pytest.mark.parametrize("name", SCORES)
def test_profile_is_rliables(name: str) -> None:
    ours = learning_curves.performance_profile(SCORES[name], np.array(RLIABLE["taus"]))
    np.testing.assert_allclose(ours, RLIABLE["profile"][name], atol=1e-12)


def resampled_rows(seeds: int, resamples: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Row numbers of each resample, spelt out, of the counts that the module draws."""
    counts = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)
    return [np.repeat(np.arange(seeds), c) for c in counts]


def test_profile_band_is_the_quantiles_of_profiles_of_resampled_seeds() -> None:
    scores, taus = SCORES["b"], np.array([0.4, 0.7, 1.2])
    band = learning_curves.profile_band(scores, taus, np.random.default_rng(0), 300)
    spelt = [
        learning_curves.performance_profile(scores[r], taus) for r in resampled_rows(6, 300, np.random.default_rng(0))
    ]
    np.testing.assert_allclose(band, np.quantile(spelt, [0.025, 0.975], axis=0), atol=1e-12)
    assert np.isnan(learning_curves.profile_band(scores[:1], taus, np.random.default_rng(0)).low).all()


def test_profile_band_is_not_narrowed_by_copies_of_a_task() -> None:
    luck, taus = np.random.default_rng(1).normal(size=(10, 1)), np.linspace(-0.5, 0.5, 5)
    one = learning_curves.profile_band(luck, taus, np.random.default_rng(0))
    copies = learning_curves.profile_band(np.repeat(luck, 9, axis=1), taus, np.random.default_rng(0))
    np.testing.assert_allclose(copies, one, atol=1e-12)
    assert (one.high - one.low > 0.3).all()


def test_profile_band_covers() -> None:
    """Half the scores are above 0; ten seeds whose five tasks share half their variance."""
    rng, inside = np.random.default_rng(2), []
    for _ in range(800):
        scores = rng.normal(size=(10, 1)) + rng.normal(size=(10, 5))
        low, high = learning_curves.profile_band(scores, np.zeros(1), rng, 400)
        inside.append(low[0] <= 0.5 <= high[0])
    assert np.mean(inside) == pytest.approx(0.92, abs=0.035)


def test_probability_of_improvement_by_hand() -> None:
    """Task 1: 3 of 4 pairs; task 2: one win, one tie of 4 pairs."""
    b, a = np.array([[2.0, 1.0], [5.0, 2.0]]), np.array([[1.0, 1.0], [4.0, 9.0]])
    assert learning_curves.probability_of_improvement(b, a) == (3 / 4 + 1.5 / 4) / 2


@pytest.mark.parametrize("pair", RLIABLE["probability_of_improvement"])
def test_probability_of_improvement_is_rliables(pair: str) -> None:
    x, y = (SCORES[name] for name in pair.split(","))
    ours = learning_curves.probability_of_improvement(x, y)
    assert ours == pytest.approx(RLIABLE["probability_of_improvement"][pair], abs=1e-12)
    assert ours == pytest.approx(np.mean([a12(x[:, t], y[:, t]) for t in range(4)]), abs=1e-12)


def test_improvement_interval_is_the_quantiles_over_resampled_seeds() -> None:
    b, a = SCORES["b"], SCORES["a"]
    paired = learning_curves.improvement_interval(b, a, 0, 300)
    rows = resampled_rows(6, 300, np.random.default_rng(0))
    spelt = [learning_curves.probability_of_improvement(b[r], a[r]) for r in rows]
    assert paired == pytest.approx(tuple(np.quantile(spelt, [0.025, 0.975])), abs=1e-12)

    apart = learning_curves.improvement_interval(b[:4], a, 0, 300, paired=False)
    rng = np.random.default_rng(0)
    of_b, of_a = resampled_rows(4, 300, rng), resampled_rows(6, 300, rng)
    spelt = [learning_curves.probability_of_improvement(b[i], a[j]) for i, j in zip(of_b, of_a, strict=True)]
    assert apart == pytest.approx(tuple(np.quantile(spelt, [0.025, 0.975])), abs=1e-12)


def test_improvement_interval_of_pairs_uses_what_they_share() -> None:
    rng = np.random.default_rng(3)
    luck = rng.normal(size=(20, 1))
    a, b = luck + 0.1 * rng.normal(size=(20, 4)), luck + 0.3 + 0.1 * rng.normal(size=(20, 4))
    paired, apart = (learning_curves.improvement_interval(b, a, 0, paired=p) for p in (True, False))
    assert paired.low > 0.5 > apart.low
    assert paired.high - paired.low < 0.5 * (apart.high - apart.low)


def test_improvement_interval_at_the_door() -> None:
    b, a = SCORES["b"], SCORES["a"]
    assert np.isnan(learning_curves.improvement_interval(b[:1], a, 0, paired=False)).all()
    with pytest.raises(ValueError, match="5 and 6"):
        learning_curves.improvement_interval(b[:5], a, 0)
    with pytest.raises(ValueError, match="3 tasks and A 4"):
        learning_curves.probability_of_improvement(b[:, :3], a)


def test_sample_efficiency_is_the_aggregate_of_each_checkpoint() -> None:
    scores = np.stack([SCORES["a"], SCORES["b"], SCORES["c"]])
    curve = learning_curves.iqm_curve(scores, np.random.default_rng(0), 400)
    for k, checkpoint in enumerate(scores):
        assert curve.iqm[k] == pytest.approx(aggregates.iqm(checkpoint))
        same = aggregates.bootstrap_iqm(checkpoint, np.random.default_rng(0), 400)  # one draw of seeds for all
        assert (curve.low[k], curve.high[k]) == pytest.approx(same)
    centre, low, high = learning_curves.iqm_curve(scores[:, :1], np.random.default_rng(0))
    assert np.isfinite(centre).all()
    assert np.isnan([low, high]).all()
