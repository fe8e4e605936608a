"""Numbers in sentences: p values and spans."""

from __future__ import annotations

from benchmarks.statistics.wording.phrases import p_value, span


def test_p_has_two_digits_and_small_ones_a_bound() -> None:
    assert [p_value(p) for p in (0.0312, 0.00586, 0.00041, 0.0001, 0.00009, 9e-8)] == [
        "p 0.031", "p 0.0059", "p 0.00041", "p 0.0001", "p < 0.0001", "p < 0.0001"
    ]  # fmt: skip


def test_a_span_of_equals_is_one_number() -> None:
    assert [span(0.194, 0.577), span(0.998, 1.0001), span(1.18, 5537.2)] == ["0.19 to 0.58", "1.00", "1.18 to 5,537.20"]
