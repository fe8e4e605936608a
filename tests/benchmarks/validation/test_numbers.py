"""Numbers as they are written on a command line."""

from __future__ import annotations

import pytest

from benchmarks.validation.numbers import whole_number


def test_whole_numbers_are_exact() -> None:
    assert [whole_number(t) for t in ("1e5", "1_000", "5.0", "9007199254740993")] == [100000, 1000, 5, 2**53 + 1]
    assert [whole_number(t) for t in ("9223372036854775807", "-7")] == [2**63 - 1, -7]
    for text in ("1.5", "nan", "1e400", "1e999999999", "100k", "", "9223372036854775808", "-1e30"):
        with pytest.raises(ValueError, match="whole number"):
            whole_number(text)
