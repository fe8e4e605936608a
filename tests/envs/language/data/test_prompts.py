"""Which prompts and demonstrations are drawn, and how they become tokens of a task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from envs.api import Doubles
from envs.language.data.corpus import Review, build_corpus
from envs.language.data.prompts import draw_demonstrations, draw_prompts, task_tokens
from envs.language.data.words import END, UNKNOWN, build_words
from envs.validation import UsageError

SENTENCES = [
    *(f"the {a} {b} is good." for a in ("old", "new", "long") for b in ("film", "plot")),
    "one, two is good.",
    "a rare word is good.",
]
CORPUS = build_corpus([Review(text, i % 2, "imdb") for i, text in enumerate(SENTENCES)])
WORDS = build_words([*SENTENCES[:7], "a word " * 9], 17)  # all but "rare"


def length(texts: Sequence[str]) -> Doubles:
    return np.array([len(text) for text in texts], np.float64)


def test_prompts_are_the_first_words_and_none_is_in_both_sets() -> None:
    train, test = draw_prompts(CORPUS, WORDS, 4, 2, seed=0)
    drawn = [WORDS.decode(prompt) for prompt in (*train.tolist(), *test.tolist())]
    assert sorted(drawn) == sorted(" ".join(text.split()[:3]) for text in SENTENCES[:6])
    assert (train.shape, test.shape) == ((4, 3), (2, 3))
    again = draw_prompts(CORPUS, WORDS, 4, 2, seed=0)
    assert np.array_equal(again.train, train)
    assert any(not np.array_equal(draw_prompts(CORPUS, WORDS, 4, 2, seed).train, train) for seed in (1, 2))
    with pytest.raises(UsageError, match=r"5 \+ 2 prompts are wanted, but the corpus has only 6"):
        draw_prompts(CORPUS, WORDS, 5, 2, seed=0)


def test_prompts_of_a_label_begin_no_sentence_of_another() -> None:
    both = build_corpus([Review("the old film is not good.", 1, "imdb"), *(Review(t, 0, "imdb") for t in SENTENCES)])
    drawn = draw_prompts(both, WORDS, 5, 0, seed=0, label=0).train.tolist()
    assert "the old film" not in {WORDS.decode(prompt) for prompt in drawn}
    with pytest.raises(UsageError, match="only 5"):
        draw_prompts(both, WORDS, 6, 0, seed=0, label=0)


def sentence(words: int, last: str = "good") -> str:
    return " ".join([*["the old film is"], *["good"] * (words - 5), last]) + "."


def test_demonstrations_are_the_best_of_those_drawn() -> None:
    # 3 words of the prompt; completions with sign and end token have 11, 12, 24 and 25 tokens
    corpus = build_corpus([Review(sentence(n), 1, "imdb") for n in (12, 13, *range(14, 25), 25, 26)])
    found = draw_demonstrations(corpus, WORDS, length, 3, seed=0)
    assert [len(d.completion) for d in found] == [22, 23, 24]
    assert {d.prompt for d in found} == {tuple(WORDS.encode("the old film"))}
    assert {d.completion[-2:] for d in found} == {(WORDS.index["."], END)}
    everything = draw_demonstrations(corpus, WORDS, length, 13, seed=0, candidates=1)
    assert [len(d.completion) for d in everything] == list(range(12, 25))
    two = [draw_demonstrations(corpus, WORDS, lambda t: -length(t), 2, seed=s, candidates=2) for s in range(4)]
    assert len({tuple(d) for d in two}) > 1
    with pytest.raises(UsageError, match="only 13 fit: at most 3 demonstrations are possible"):
        draw_demonstrations(corpus, WORDS, length, 4, seed=0)


def test_unknown_words_are_left_out_unless_they_are_allowed() -> None:
    corpus = build_corpus([Review(sentence(15), 1, "imdb"), Review(sentence(15, "rare"), 1, "imdb")])
    assert len(draw_demonstrations(corpus, WORDS, length, 1, seed=0, candidates=1)) == 1
    with pytest.raises(UsageError, match="only 1 fit"):
        draw_demonstrations(corpus, WORDS, length, 2, seed=0, candidates=1)
    both = draw_demonstrations(corpus, WORDS, length, 2, seed=0, candidates=1, unknown=1)
    assert [d.completion.count(UNKNOWN) for d in both] == [0, 1]


def test_tokens_of_a_task_are_padded_where_nobody_reads() -> None:
    rows = [(4, 2), (7, 2, 4), ()]
    assert task_tokens(rows).tolist() == [[0, 5, 3], [8, 3, 5], [0, 0, 0]]
    assert task_tokens(rows, pad="right").tolist() == [[5, 3, 0], [8, 3, 5], [0, 0, 0]]
    assert task_tokens(rows, actions=(7, 4, 2)).tolist() == [[0, 2, 3], [1, 3, 2], [0, 0, 0]]
    with pytest.raises(UsageError, match="token 7 of the model is no token of the task"):
        task_tokens(rows, actions=(4, 2))
