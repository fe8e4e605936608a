"""The saturated score by hand, and against VADER's own."""

from __future__ import annotations

import math

import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from envs.language.data import sentiment as module
from envs.language.data.sentiment import saturated, sentiment, valences
from envs.validation import UsageError

TEXTS = ("this is a great film", "it isn't good", "good but terribly slow", "a table", "", "very good and very bad")


def test_a_second_praise_counts_a_quarter() -> None:
    # 3 + 2 / 4 + 1 / 16, and 2 on the other side
    x = 3 + 2 / 4 + 1 / 16 - 2
    assert saturated([2, 0, 3, -2, 1]) == pytest.approx(x / math.sqrt(x * x + 15), abs=1e-15)
    assert saturated([-3]) == -saturated([3]) == pytest.approx(-3 / math.sqrt(24))
    assert saturated([]) == saturated([0, 0]) == 0
    assert saturated([3] * 5) < saturated([4]) == pytest.approx(saturated([3] * 50))


def test_without_saturation_it_is_the_score_of_vader() -> None:
    theirs = SentimentIntensityAnalyzer()
    for text, ours in zip(TEXTS, sentiment(TEXTS, d=1.0), strict=True):
        assert ours == pytest.approx(theirs.polarity_scores(text)["compound"], abs=1e-4), text


def test_scores_are_those_of_each_text_alone() -> None:
    scores = sentiment([*TEXTS, TEXTS[0]])
    assert scores[0] == scores[-1] == sentiment(TEXTS[:1])[0]
    assert scores[0] > 0.5 > 0 > scores[1]
    assert scores[3] == scores[4] == 0


def test_a_text_is_scored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = valences.cache_info().misses
    sentiment(["a text that no other test has"] * 5)
    assert valences.cache_info().misses == before + 1


def test_another_lexicon_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILES", {"vaderSentiment/vader_lexicon.txt": "0" * 64})
    with pytest.raises(
        UsageError, match=r"vader_lexicon\.txt of vaderSentiment 3\.3\.2 is not the file that is needed"
    ):
        module._analyzer.__wrapped__()
    monkeypatch.setattr(module, "PACKAGE", "no-vader")
    with pytest.raises(UsageError, match=r"needs the package no-vader: pip install"):
        module._analyzer.__wrapped__()
