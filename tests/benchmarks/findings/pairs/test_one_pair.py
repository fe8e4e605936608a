"""One pair compared by its score, or by another measure."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.findings.pairs.one_pair import MeasureDifference, OnePair
from benchmarks.store.many.frames import MEASURE_COLUMNS
from tests.benchmarks.figures.judged_runs import data as judged
from tests.benchmarks.findings.rising_runs import FINE, ROUGH, data, on_both


def test_a_gain_is_told_with_its_interval_and_its_p() -> None:
    answer = OnePair("b", "a").sentence(data(on_both({"a": 0.2, "b": 0.6 + FINE}))).split("\n\n")[0]
    assert answer == (
        "`b` gains 0.40 [0.39, 0.41] of the normalised score against `a` over 2 tasks (p 0.002, 10 seeds)."
    )
    rough = OnePair("b", "a").sentence(data(on_both({"a": 0.5, "b": 0.5 + ROUGH})))
    assert rough.startswith(
        "No difference is shown between `b` and `a` over 2 tasks: a true difference of 0.10 would be "
    )
    assert OnePair("b", "c").sentence(data(on_both({"a": 0.5, "b": 0.5}))) == ""


def test_a_longer_text_is_told_where_it_is_shown() -> None:
    """Ten seeds, 3 and 5 tokens by turns against 1: 3 more, +- 2.262 * sqrt(10 / 9) / sqrt(10) = .754."""
    long, short = tuple(3.0 + 2 * (i % 2) for i in range(10)), (1.0,) * 10
    found = MeasureDifference("b", "a", "length", "the length of texts").sentence(
        judged({"a": {"length": (short,)}, "b": {"length": (long,)}})
    )
    assert found.startswith(
        "The length of texts is larger with `b` than with `a` on t (by 3.00 [2.25, 3.75]) (10 seeds, Holm)."
    )
    assert "- On t: `b` 4.00, `a` 1.00 (corrected p 0.002)." in found
    alike = MeasureDifference("b", "a", "length", "the length of texts").sentence(
        judged({"a": {"length": (long,)}, "b": {"length": (long[::-1],)}})
    )
    assert alike.startswith("No difference in the length of texts is shown between `b` and `a` on t (10 seeds, Holm).")
    assert MeasureDifference("b", "a", "kl", "the KL").sentence(judged({"a": {"length": (short,)}})) == ""


def test_a_loss_is_said_to_be_one() -> None:
    answer = OnePair("b", "a").sentence(data(on_both({"a": 0.6, "b": 0.4 + FINE}))).split("\n\n")[0]
    assert answer.startswith("`b` loses 0.20 [0.19, 0.21] of the normalised score against `a` over 2 tasks")


def test_the_last_checkpoint_counts_and_a_missing_value_does_not() -> None:
    """Texts of b begin as short as those of a and end 2 or 4 longer; of the eleventh seed nothing was measured."""
    nan = float("nan")
    longer = tuple(3.0 + 2 * (i % 2) for i in range(10))
    a, b = {"length": ((1.0,) * 11, (1.0,) * 11)}, {"length": ((1.0,) * 11, (*longer, nan))}
    found = MeasureDifference("b", "a", "length", "the length of texts").sentence(judged({"a": a, "b": b}))
    assert found.startswith(
        "The length of texts is larger with `b` than with `a` on t (by 3.00 [2.25, 3.75]) (10 seeds, Holm)."
    )
    back = MeasureDifference("a", "b", "length", "the length of texts").sentence(judged({"a": a, "b": b}))
    assert back.startswith("The length of texts is smaller with `a` than with `b` on t (by 3.00 [2.25, 3.75])")


def test_a_measure_is_corrected_over_the_tasks() -> None:
    """Six seeds: p = 2 / 64 = .031 on each of two tasks, and .0625 with Holm."""
    finals = {(task, v): of for task in ("t", "u") for v, of in (("a", 0.0), ("b", 0.5))}
    runs = data(finals, 6)
    measures = runs.suite.frame.assign(measure="length", value=runs.suite.frame["eval_return"])[MEASURE_COLUMNS]
    both = MeasureDifference("b", "a", "length", "the length").sentence(replace(runs, measures=measures))
    assert both.startswith("No difference in the length is shown between `b` and `a` on t and u (6 seeds, Holm).")
    one = MeasureDifference("b", "a", "length", "the length").sentence(
        replace(runs, measures=measures[measures["task"] == "t"])
    )
    assert one.startswith("The length is larger with `b` than with `a` on t (by 0.50")
