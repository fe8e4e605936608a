"""A judge of reviews that nothing trains on: multinomial naive Bayes on the human labels.

    log P(1 | text) / P(0 | text) = log n_1 / n_0 + sum over words w of log p(w | 1) - log p(w | 0),
    p(w | y) = (count of w in texts of label y + 1) / (words in texts of label y + W)

(Manning, Raghavan, Schuetze 2008, "Introduction to information retrieval", equations 13.3 and 13.7). W words are known; an
unknown word says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from envs.api import Doubles
from envs.files.writing import replace_bytes
from envs.language.data.corpus import Corpus
from envs.language.data.words import split
from envs.language.models.files import digest_of
from envs.validation import UsageError


@dataclass(frozen=True, eq=False)
class NaiveBayes:
    """weight: log p(w | 1) - log p(w | 0) of each word; prior: log n_1 / n_0."""

    weight: Mapping[str, float]
    prior: float

    def log_odds(self, texts: Sequence[str]) -> Doubles:
        """log P(positive | text) / P(negative | text) [M]."""
        weight = self.weight
        return np.array([self.prior + sum(weight.get(word, 0.0) for word in split(text)) for text in texts])

    def probability(self, texts: Sequence[str]) -> Doubles:
        """P(positive | text) [M]."""
        return 1 / (1 + np.exp(-np.clip(self.log_odds(texts), -700, 700)))


@dataclass(frozen=True)
class HeldOutJudge:
    """A fitted judge in a file.

    digest  hash of the file     path  where it lies; no number depends on it
    """

    digest: str
    path: Path = field(metadata={"hashed": False}, compare=False)

    def load(self) -> NaiveBayes:
        """The judge, read once in each process. UsageError if the file is missing or its hash is another."""
        return _load(self)


@cache
def _load(file: HeldOutJudge) -> NaiveBayes:
    if not file.path.is_file():
        raise UsageError(f"there is no held-out judge {file.path}")
    if (found := digest_of([file.path])) != file.digest:
        raise UsageError(f"the hash of the held-out judge {file.path} is {found}, not {file.digest}")
    return NaiveBayes(**json.loads(file.path.read_text(encoding="utf-8")))


def save_naive_bayes(path: Path, judge: NaiveBayes) -> HeldOutJudge:
    """Write the judge; its numbers are read back exactly."""
    content = json.dumps({"weight": dict(judge.weight), "prior": judge.prior}, sort_keys=True)
    replace_bytes(path, content.encode())
    return HeldOutJudge(digest_of([path]), path.resolve())


def fit_naive_bayes(texts: Sequence[str], labels: Sequence[int]) -> NaiveBayes:
    """The judge from texts with labels 0 and 1; UsageError if one of them is missing or there is another."""
    found = set(map(int, labels))
    if found != {0, 1}:
        raise UsageError(f"naive Bayes needs texts with the labels 0 and 1, not {sorted(found)}")
    index: dict[str, int] = {}
    tokens: tuple[list[int], list[int]] = ([], [])
    for text, label in zip(texts, labels, strict=True):
        tokens[int(label)].extend([index.setdefault(word, len(index)) for word in split(text)])
    counts = np.stack([np.bincount(np.array(t, np.int64), minlength=len(index)) for t in tokens]) + 1.0  # [2, W]
    logp = np.log(counts / counts.sum(1, keepdims=True))
    positive = int(np.sum(labels))
    prior = np.log(positive / (len(labels) - positive))
    return NaiveBayes(dict(zip(index, (logp[1] - logp[0]).tolist(), strict=True)), float(prior))


def review_accuracy(judge: NaiveBayes, corpus: Corpus) -> float:
    """The share of the corpus' reviews whose label the judge finds, from all sentences of a review that it holds."""
    odds = judge.log_odds(corpus.texts) - judge.prior
    _, first, review = np.unique(corpus.reviews, return_index=True, return_inverse=True)
    total = np.bincount(review, odds) + judge.prior
    return float(np.mean((total > 0) == (corpus.labels[first] == 1)))
