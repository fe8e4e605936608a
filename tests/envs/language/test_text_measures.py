"""Measures of sets of texts, by hand."""

from __future__ import annotations

import numpy as np

from envs.language.text_measures import agreement


def test_agreement_is_the_share_of_the_others_in_the_same_order() -> None:
    one = np.array([[1.0, 2, 3], [0, 0, 1]])
    other = np.array([[10.0, 30, 20], [5, 6, 7]])
    # of the first member 1 < 2 and 1 < 3 in both, 2 < 3 in one alone; of the second one score has a tie
    np.testing.assert_array_equal(agreement(one, other), [[1, 0.5, 0.5], [0.75, 0.75, 1]])
    np.testing.assert_array_equal(agreement(one, -one)[0], 0)
    np.testing.assert_array_equal(agreement(np.ones((1, 1)), np.ones((1, 1))), 0.5)
