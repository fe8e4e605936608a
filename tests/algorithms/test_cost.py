"""Estimates of training time."""

from __future__ import annotations

import pytest

from algorithms.cost import language_seconds


def test_a_language_model_costs_eight_products_a_token() -> None:
    """2 to write a token, 2 to read it under the reference, 4 to learn from it: 8 x (6 + 20) x 1,000 at 15e9 a second."""
    assert language_seconds([(2, 3), (4, 5)], 1_000) == pytest.approx(8 * 26 * 1_000 / 15e9)
