"""Answers keep to their number of words, whatever the names are."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.statistics.wording import leader
from benchmarks.statistics.wording.answers import (
    MOST_WORDS,
    as_many_as_fit,
    count_words,
    first_that_fits,
    name_or_count,
)
from tests.benchmarks.statistics.test_comparisons import made


def test_words_are_pieces_with_a_letter_or_a_digit() -> None:
    assert count_words("`lag 8` gains 0.21 [0.15, 0.27] (p 0.01) - of 3.") == 10
    assert count_words("") == 0


def test_the_first_text_that_fits_is_taken_and_else_the_last() -> None:
    assert first_that_fits(["a b c", "a b", "a"], 2) == "a b"
    assert first_that_fits(["a b c", "a b"], 1) == "a b"


def test_names_are_listed_as_far_as_there_is_room() -> None:
    assert name_or_count(["a", "b", "c"], "tasks", 4) == "a, b and c"
    assert name_or_count(["a b", "c d", "e f"], "tasks", 4) == "3 tasks"
    assert as_many_as_fit("Not:", ["a", "b", "c"]) == "Not: a, b and c."
    assert as_many_as_fit("Not:", list("abcdefgh"), most=6) == "Not: a, b and 6 more."


@pytest.mark.parametrize("words", [1, 3, 9])
@pytest.mark.parametrize("variants", [2, 5, 12])
def test_the_headline_of_names_of_any_length_is_short(words: int, variants: int) -> None:
    names = [" ".join([f"variant{i}", *["long"] * (words - 1)]) for i in range(variants)]
    rng = np.random.default_rng(0)
    scores = {name: (rng.uniform(0.4, 0.6, 10) + 0.02 * i).tolist() for i, name in enumerate(names)}
    answer = leader.headline(made({"t": scores}))
    assert count_words(answer.text) <= MOST_WORDS
    assert all(count_words(text) <= MOST_WORDS for text in answer.details)
