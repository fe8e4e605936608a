"""Which rungs help and which harm, of suites in which the right answer is obvious."""

from __future__ import annotations

from benchmarks.findings.ingredients import Ingredients, rungs_among
from benchmarks.statistics.families import Ledger, hypothesis
from tests.benchmarks.findings.rising_runs import FINE, ROUGH, data, on_both

RUNGS = (("b", "a"), ("c", "a"), ("d", "b"), ("e", "d"))


def test_gains_and_losses_are_counted_and_the_largest_named() -> None:
    runs = data(on_both({"a": 0.2, "b": 0.6 + FINE, "c": 0.5 + FINE, "d": 0.3, "e": 0.3 + ROUGH}))
    answer, details = Ingredients(RUNGS).sentence(runs).split("\n\n")
    assert answer == (
        "Of 4 ingredients 2 are shown to gain, most `b` (0.40); 1 is shown to lose, most `d` (0.30); "
        "1 is not shown to change the score."
    )
    assert "- `d` loses 0.30 [0.29, 0.31] against `b`." in details
    assert "- Not shown to differ from the rung that they come from: `e`." in details


def test_it_enters_the_family_that_the_tables_show() -> None:
    runs, ledger = data(on_both({"a": 0.2, "b": 0.6 + FINE})), Ledger()
    Ingredients(RUNGS).decide(runs.suite, ledger)
    assert ledger.decisions[hypothesis("b", "a", ["text", "pole"])].p == 2 / 2**10


def test_nothing_is_claimed_of_few_seeds_or_noise() -> None:
    rough = data(on_both({"a": 0.5, "b": 0.5 + ROUGH}))
    assert Ingredients(RUNGS).sentence(rough).startswith("`b` is not shown to change the score.")
    one = data(on_both({"a": 0.2, "b": 0.6 + FINE}))
    assert Ingredients(RUNGS).sentence(one).startswith("`b` gains 0.40 [0.39, 0.41] against `a`.")
    assert (
        Ingredients(RUNGS).sentence(data(on_both({"a": 0.2, "b": 0.8}), seeds=3)).startswith("Three seeds cannot show")
    )
    assert Ingredients(RUNGS).sentence(data(on_both({"a": 0.2}))) == ""


def test_rungs_are_variants_whose_parent_is_here() -> None:
    assert rungs_among(("reinforce", "reward_to_go", "random")) == (("reward_to_go", "reinforce"),)
