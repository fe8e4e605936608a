"""Naive Bayes by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from envs.language.data.corpus import build_corpus
from envs.language.data.naive_bayes import (
    HeldOutJudge,
    NaiveBayes,
    fit_naive_bayes,
    review_accuracy,
    save_naive_bayes,
)
from envs.validation import UsageError
from tests.envs.language.data.small_corpus import small_reviews

JUDGE = fit_naive_bayes(["good good film", "good", "bad film"], [1, 1, 0])


def test_weights_by_hand() -> None:
    # counts + 1 of good, film, bad: 4, 2, 1 of 7 in positive texts, 1, 2, 2 of 5 in negative ones
    assert JUDGE.weight == pytest.approx(
        {"good": math.log(4 / 7 / (1 / 5)), "film": math.log(2 / 7 / (2 / 5)), "bad": math.log(1 / 7 / (2 / 5))}
    )
    assert JUDGE.prior == pytest.approx(math.log(2))
    odds = math.log(2) + 2 * math.log(20 / 7) + math.log(5 / 14)
    assert JUDGE.log_odds(["Good, good bad thing", ""]) == pytest.approx([odds, math.log(2)])
    assert JUDGE.probability([""]) == pytest.approx([2 / 3])


def test_a_review_is_judged_by_all_its_sentences_and_the_prior_once() -> None:
    corpus = build_corpus(small_reviews(6))
    # "saw" is in each first sentence, "really" in each second: 1 - 2 without praise, and "great" in each positive review
    weight = {"saw": 1.0, "really": -2.0, "great": 1.5}
    assert [review_accuracy(NaiveBayes(weight, prior), corpus) for prior in (0.0, 0.9, 1.1)] == [1.0, 1.0, 0.5]
    assert review_accuracy(NaiveBayes({"great": -2.0}, 1.0), corpus) == 0.0


def test_held_out_reviews_with_the_same_words_are_judged_right() -> None:
    corpus = build_corpus(small_reviews())
    train, test = corpus.where(corpus.parts < 2), corpus.select("held_out")
    assert review_accuracy(fit_naive_bayes(train.texts, train.labels.tolist()), test) == 1.0


def test_labels_other_than_0_and_1_are_an_error() -> None:
    for labels in ([1, 1], [0, -1]):
        with pytest.raises(UsageError, match="needs texts with the labels 0 and 1, not"):
            fit_naive_bayes(["a", "b"], labels)


def test_a_judge_in_a_file_is_the_same_judge(tmp_path: Path) -> None:
    judge = fit_naive_bayes(["good film", "bad film"], [1, 0])
    file = save_naive_bayes(tmp_path / "judge.json", judge)
    assert file == save_naive_bayes(tmp_path / "more" / "judge.json", judge)  # wherever it lies
    texts = ["good good", "bad", "film", ""]
    np.testing.assert_array_equal(file.load().probability(texts), judge.probability(texts))
    with pytest.raises(UsageError, match="there is no held-out judge"):
        HeldOutJudge("0", tmp_path / "none").load()
