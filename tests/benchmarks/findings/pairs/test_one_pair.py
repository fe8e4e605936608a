"""One pair compared by its score, or by another measure."""

from __future__ import annotations

from benchmarks.findings.pairs.one_pair import MeasureDifference, OnePair
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
