"""Labels of logarithmic axes are short numbers that are read at a glance."""

from __future__ import annotations

from benchmarks.figures.rendering.output import tick_text


def test_large_numbers_have_a_letter_and_small_ones_an_exponent() -> None:
    numbers = (1e-5, 0.0001, 0.02, 0.5, 1, 50, 1000, 10_000, 50_000, 1e6, 2e7)
    texts = ["1e-5", "0.0001", "0.02", "0.5", "1", "50", "1000", "10k", "50k", "1M", "20M"]
    assert [tick_text(x) for x in numbers] == texts
