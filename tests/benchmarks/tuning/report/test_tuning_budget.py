"""Values against budget, and how much the best value exceeds the test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks.statistics.intervals import t_interval
from benchmarks.tuning.report.budget import trial_cost
from benchmarks.tuning.report.losses import count_losses
from benchmarks.tuning.report.protocol import steps_spent, steps_table
from benchmarks.tuning.report.report import compose
from benchmarks.tuning.summary.trials import best_so_far
from tests.benchmarks.tuning.report.synthetic_studies import LAM, PROTOCOL, PROVENANCE, RATE, TEN, of, said, study


def test_the_best_so_far_skips_pruned_trials() -> None:
    made = study(values=(0.5, 0.4, 0.9, 0.7, 0.6))
    pruned = replace(made, trials=(*made.trials[:2], replace(made.trials[2], state="pruned"), *made.trials[3:]))
    assert best_so_far(pruned).tolist() == [0.5, 0.5, 0.5, 0.7, 0.7]
    row = of(pruned).budgets.iloc[0]
    assert row[["default", "after a quarter", "after a half", "after all"]].tolist() == [0.5, 0.5, 0.5, 0.7]
    assert row[["trials", "best at trial", "chosen at trial"]].tolist() == [5, 4, 2]


def test_optimism_by_hand() -> None:
    """The best trial .7 (tuning), .65 on selection and .55 on test seeds; the default .5 and .4."""
    row = of(study()).optimism.iloc[0]
    assert row["optimism"] == pytest.approx(0.7 - 0.55)
    assert row["chosen, selection"] == pytest.approx(0.65)
    assert row["drift"] == pytest.approx(0.5 - 0.4)
    tested = t_interval(np.array((0.5, 0.6) * 4))
    assert [row["low"], row["high"]] == pytest.approx([0.7 - tested.high, 0.7 - tested.low])
    text = said(study(), study("ppo", tuned=(0.65,) * 8))
    assert "would have claimed on average 0.700, +0.200 over the default on the same seeds" in text
    assert "scores 0.600, +0.200 over the default" in text  # (.55 + .65) / 2
    assert "Optimism is +0.100 [-0.535, +0.735] on average over 2 studies" in text  # (.15 + .05) / 2 +- 12.7 x .05
    assert "It is above 0 in 2 of them." in text
    assert "The default, which was not selected, scores +0.100 on average on the tuning seeds" in text


def test_the_budget_is_what_was_run() -> None:
    """3 trials of 5 seeds, 2 x 20 selection and 2 x 8 test seeds, of 50,000 steps; the default, chosen, is tested once."""
    assert steps_spent(study()) == {"tuning": 750_000, "selection": 2_000_000, "test": 800_000, "total": 3_550_000}
    assert steps_spent(study(values=(0.5,)))["test"] == 400_000
    table = steps_table(of(study("a"), study("b")))
    assert table[["studies", "trials", "seeds", "total"]].to_numpy().tolist() == [[2, 3, "5 + 20 + 10", 7_100_000]]
    text = said(study())
    assert trial_cost(of(study("a"), study("b"))) == "A trial costs 250,000 (5 seeds of 50,000) environment steps."
    assert "tuning 0 to 4 of TUNING, selection 1000 to 1019 of SELECTION, test 0 to 9 of TEST" in text
    assert "the mean over the evaluations of the last fifth of the budget" in text


def test_losses_are_counted() -> None:
    made = study(default=(float("nan"), *[0.4] * 7))
    made = replace(
        made, trials=(*made.trials[:2], replace(made.trials[2], state="pruned", scores={"CartPole-v1": (0.0,)}))
    )
    assert count_losses(made) == {
        "trials": 3, "complete": 2, "pruned": 1, "other": 0, "missing": 0, "runs": 11 + 40 + 16, "not a number": 1,
        "exactly 0": 1,
    }  # fmt: skip
    assert of(made).gains["default"].tolist() == [pytest.approx(0.35)]  # a diverged run counts as the floor


def test_protocols_that_differ_are_warned_of() -> None:
    def warnings(**other: Any) -> str:
        return " ".join(compose("made", "?", [study("a", **TEN), study("b", **TEN, **other)]).warnings)

    assert not warnings()
    for key, value in (("trials", 64), ("tuning_seeds", 10), ("sampler", "random"), ("space", "members")):
        assert f"differ in their protocol ({key.replace('_', ' ')}: " in warnings(protocol=PROTOCOL | {key: value})
    shorter = warnings(protocol=PROTOCOL | {"env_steps": {"CartPole-v1": 10}})
    assert "On CartPole-v1 the studies differ in environment steps a run (50,000, 10)" in shorter
    assert "searched in different ranges: learning rate" in warnings(space=(RATE | {"high": 1.0}, LAM))
    assert "The provenance of the studies differs (results_version)" in warnings(
        provenance=PROVENANCE | {"results_version": 4}
    )
    assert not warnings(provenance=PROVENANCE | {"commit": "4567"}, protocol=PROTOCOL | {"seed": 1})
