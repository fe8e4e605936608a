"""Means of measures and their intervals, by hand."""

from __future__ import annotations

from benchmarks.findings.measured import Measured
from tests.benchmarks.figures.judged_runs import data


def test_the_lowest_and_the_highest_mean_are_told_and_all_intervals_below() -> None:
    """.4 and .6: mean .5, half an interval 12.706 * .1414 / sqrt(2) = 1.27, which a share cannot have."""
    runs = data({"a": {"win_rate": ((0.0, 0.0), (0.4, 0.6))}, "b": {"win_rate": ((0.0, 0.0), (0.9, 0.9))}})
    answer, details = (
        Measured(("win_rate",), ("t",), "The share is", tail="Half is chance.").sentence(runs).split("\n\n")
    )
    assert answer == "The share is 0.50 (`a`) to 0.90 (`b`) (means of 2 seeds). Half is chance."
    assert details.startswith("- Win rate on t: `a` 0.50 [0.00, 1.00] and `b` 0.90 [0.90, 0.90].")


def test_one_variant_and_several_measures() -> None:
    runs = data({"a": {"kl": ((1.0, 3.0),), "length": ((4.0, 4.0),)}})
    said = Measured(("kl", "length"), ("t",), "It has", unit="nats", variants=("a",)).sentence(runs)
    assert said.startswith("It has 2.00 (kl) and 4.00 (length) nats (means of 2 seeds).")
    assert Measured(("gold",), ("t",), "It has").sentence(runs) == ""
