"""Importances and axes of the fields that were searched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.tuning.result import StudyResult, TrialResult
from benchmarks.tuning.summary.parameters import labels, tuned_parameters
from tests.benchmarks.tuning.report.synthetic_studies import LAM, RATE, of, said, study


def searched(effect: float, trials: int = 40) -> StudyResult:
    """A study whose score is a function of the learning rate alone."""
    rng = np.random.default_rng(3)
    made = study(values=[0.5] * trials)
    attempts = []
    for a in made.trials:
        values = {
            "training.learning_rate": float(10 ** rng.uniform(-4, -1)),
            "estimator.credit.lam": float(rng.uniform(0.8, 1)),
        }
        value = 0.5 - effect * abs(np.log10(values["training.learning_rate"]) + 2.5)
        attempts.append(TrialResult(a.number, "complete", values, {"CartPole-v1": (value,) * 5}, value))
    return replace(made, trials=tuple(attempts))


def test_the_field_that_matters_has_the_largest_share_and_beats_chance() -> None:
    found = of(searched(0.3)).importances["CartPole-v1", "gae"]
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert found.shares["training.learning_rate"] > 0.8
    assert found.above_chance == {"training.learning_rate"}
    assert found.trials == 40
    assert "1 of 2 shares are above those of all 19 shuffles" in said(searched(0.3))


def test_why_there_is_no_importance() -> None:
    for made, why in (
        (study(), "because of 3 complete trials, fewer than 10"),
        (searched(0.0), "because all its trials score the same"),
        (study(values=[0.5, *np.linspace(0.5, 0.6, 11)], trials=tuple(replace(a, values=study().default)
               for a in study(values=[0.5, *np.linspace(0.5, 0.6, 11)]).trials)), "because none of its fields varies"),
    ):  # fmt: skip
        assert f"No importances, {why}: `gae` on CartPole-v1." in said(made)


def test_values_stand_where_the_search_has_them() -> None:
    hidden = {"name": "training.network.hidden", "choices": [[32, 32], [64, 64]]}
    default = {"training.learning_rate": 0.01, "estimator.credit.lam": 0.9, "training.network.hidden": [128, 128]}
    found = tuned_parameters([replace(study(), space=(RATE, LAM, hidden), default=default)])
    rate, lam, layers = found.values()
    assert rate.fraction(1e-4) == 0.0
    assert rate.fraction(10**-2.5) == pytest.approx(0.5)
    assert lam.fraction(0.95) == pytest.approx(0.75)
    assert layers.choices == ("32x32", "64x64", "128x128")
    assert layers.fraction((64, 64)) == 0.5
    assert layers.ends == ("32x32", "128x128")
    assert np.isnan(rate.position(float("inf")))
    assert np.isnan(rate.position(None))
    flat = {"name": "x", "low": 2.0, "high": 2.0, "log": False, "integer": False}
    assert tuned_parameters([replace(study(), space=(flat,), default={"x": 2.0})])["x"].fraction(2.0) == 0.5


def test_a_choice_at_the_end_of_its_range_is_told() -> None:
    made = study(configuration={"training.learning_rate": 0.1, "estimator.credit.lam": 0.9})
    assert "within 2 % of an end of its range for learning rate in 1 of 1 study" in said(made)
    assert "No chosen value lies within 2 %" in said(study())


def test_names_are_last_words_and_longer_where_they_are_alike() -> None:
    paths = ["training.learning_rate", "estimator.credit.n", "estimator.entropy.alpha", "estimator.baseline.alpha"]
    assert list(labels(paths).values()) == ["learning rate", "n steps", "entropy alpha", "baseline alpha"]
    assert labels(paths, short=True)["training.learning_rate"] == "lr"
