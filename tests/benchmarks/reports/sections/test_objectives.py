"""The table of objectives and its sentences, from weights and measurements that are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from algorithms import VARIANTS
from algorithms.conformance.exact.group_objective import group_weights
from benchmarks.experiments.objectives import build_points
from benchmarks.figures.gradients.objectives import alike, climbed
from benchmarks.reports.sections import objectives

NAMES = ("rloo", "dr_grpo", "gpg", "grpo", "clip_cov")


def measured(scale: float) -> pd.DataFrame:
    """One length of rloo with a standard error of .1."""
    row = {"variant": "rloo", "label": "G=4", "x": 0.5, "scale": scale, "scale_error": 0.1}
    return pd.DataFrame([row])


def rows(scale: float = 1.2) -> pd.DataFrame:
    weights = objectives.weights_of(build_points(NAMES, (4,), (0.5,), 10))
    return objectives.table(measured(scale), weights).set_index("variant")


def test_each_estimator_gets_the_objective_that_it_climbs() -> None:
    found = rows()["objective"]
    assert dict(found) == {
        "rloo": "E[R]", "dr_grpo": "E[R]", "gpg": "log p to order 3", "grpo": "none of these", "clip_cov": "",
    }  # fmt: skip


def test_distance_of_a_measured_length_in_standard_errors() -> None:
    assert rows(1.2)["largest_z"]["rloo"] == pytest.approx(2)
    assert rows(0.7)["largest_z"]["rloo"] == pytest.approx(3)


def test_sentences_say_what_agrees_and_what_does_not() -> None:
    text = objectives.sentences(rows(1.2).reset_index())
    assert text[0] == (
        "Of 4 group estimators with G = 4, 2 climb E[R], 1 climbs log p to order 3 and 1 climbs no objective with a name."
    )
    assert "`rloo`, `dr_grpo`" in text[1]
    assert text[-1] == "1 length was measured. It is 2.0 standard errors from w(p). It agrees with the enumeration."
    assert "It does not agree" in " ".join(objectives.sentences(rows(1.5).reset_index()))


def test_the_objective_of_rloo_is_p_and_lines_with_equal_shapes_are_one() -> None:
    weights = {name: group_weights(VARIANTS[name].estimator, 4) for name in NAMES[:4]}
    assert alike(weights) == {"rloo": ["rloo", "dr_grpo"], "gpg": ["gpg"], "grpo": ["grpo"]}
    np.testing.assert_allclose(climbed(weights["dr_grpo"])[99], 0.5)  # p = 1/2
    # gpg with G = 4: F = p + (1 - (1-p)^2)/2 + (1 - (1-p)^3)/3; at 1/2: 1/2 + 3/8 + 7/24 = 7/6, at 1: 11/6
    np.testing.assert_allclose(climbed(weights["gpg"])[99], 7 / 11)
