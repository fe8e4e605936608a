"""Widths as people write them, and what is said of those that are none."""

from __future__ import annotations

import pytest

from benchmarks.figures.rendering.width import PAGE_WIDTH, at_width, figure_width, parse_width
from envs.validation import UsageError


@pytest.mark.parametrize(
    ("text", "inches"),
    [("5.5in", 5.5), ("254mm", 10.0), ("12.7cm", 5.0), ("433.62pt", 6.0), (" 3.25 in ", 3.25), (None, None)],
)
def test_lengths_of_latex_and_of_rulers(text: str | None, inches: float | None) -> None:
    assert parse_width(text) == (None if inches is None else pytest.approx(inches))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wide", "takes a number with its unit .5.5in, 14cm, 140mm or 397pt., not 'wide'"),
        ("5,5in", "takes a number with its unit"),
        ("", "takes a number with its unit"),
        ("-3in", "takes a number with its unit"),
        ("5.5", "did you mean 5.5in"),
        ("5.5inches", "did you mean 5.5in"),
        ("14CM", "did you mean 14cm"),
        ("397", "did you mean 397pt"),
        ("140", "did you mean 140mm"),
        ("2in", "the nearest that can be drawn is 2.5in"),
        ("3000mm", "the nearest that can be drawn is 508mm"),
    ],
)
def test_what_is_no_width_is_refused_with_the_nearest_one(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_width(text)


def test_a_width_holds_within_its_block() -> None:
    assert figure_width() == PAGE_WIDTH
    with at_width(5.5):
        assert figure_width() == 5.5
        with at_width(None):
            assert figure_width() == PAGE_WIDTH
        assert figure_width() == 5.5
    assert figure_width() == PAGE_WIDTH
