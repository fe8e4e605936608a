"""Whole numbers as people write them: 100000, 100_000, 1e5, 5.0; exact, within 64 bits."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

LARGEST = 2**63 - 1  # of a column of integers


def whole_number(text: str) -> int:
    """The integer that `text` writes, without passing through a float; ValueError where it is none or needs over 64 bits."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"a whole number, as 100000 or 1e5, not {text!r}") from None
    if value.is_finite() and value.adjusted() < len(str(LARGEST)) and value != value.to_integral_value():
        raise ValueError(f"a whole number, as 100000 or 1e5, not {text!r}")
    if value.is_nan() or value.copy_abs() > LARGEST:
        raise ValueError(f"a whole number up to {LARGEST}, not {text!r}")
    return int(value)
