"""How positive a text is, by the lexicon and the rules of VADER (Hutto, Gilbert 2014, ICWSM), saturated.

VADER gives each word of the text a valence v, with negation, degree words and "but" taken into account. Let
p_1 >= p_2 >= ... be its positive valences and n_1 >= n_2 >= ... the absolute values of its negative ones. Then

    x = sum_k d^(k-1) (p_k - n_k),    score = x / sqrt(x^2 + 15),    d = 1/4.

With d = 1 it is VADER's compound score without exclamation marks, which grows with every further word of praise. Here the
second praise counts a quarter of what it would count alone, and all of them together at most 4/3 of the strongest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np

from envs.api import Doubles
from envs.language.data.packages import INSTALL, data_file
from envs.validation import UsageError

PACKAGE = "vaderSentiment"
LEXICON = "1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5"
RULES = "25cd814d23000b41c0e242d99960832c6620b3f1b844469173404500ce63206b"
FILES = {"vaderSentiment/vader_lexicon.txt": LEXICON, "vaderSentiment/vaderSentiment.py": RULES}
SATURATION = 0.25  # d
SCALE = 15.0  # VADER's alpha
MOST_CACHED = 200_000  # texts whose valences are kept


def saturated(valences: Iterable[float], d: float = SATURATION) -> float:
    """The score of the words' valences, in (-1, 1)."""
    words = list(valences)
    x = 0.0
    for sign in (1, -1):
        strengths = sorted((sign * v for v in words if sign * v > 0), reverse=True)
        x += sign * sum(d**k * strength for k, strength in enumerate(strengths))
    return x / math.sqrt(x * x + SCALE)


@cache
def _analyzer() -> Any:
    """VADER, whose last step, from the words' valences to a score, is left out."""
    for file, sha256 in FILES.items():
        data_file(PACKAGE, file, sha256, "the sentiment of texts")
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError as error:
        raise UsageError(f"the sentiment of texts needs the package {PACKAGE}: {INSTALL}") from error
    analyzer = SentimentIntensityAnalyzer()
    analyzer.score_valence = lambda valences, text: tuple(valences)
    return analyzer


@lru_cache(MOST_CACHED)
def valences(text: str) -> tuple[float, ...]:
    """VADER's valence of each word of a text, 0 for most; UsageError if vaderSentiment is missing or another one."""
    found: tuple[float, ...] = _analyzer().polarity_scores(text)
    return found


def sentiment(texts: Sequence[str], d: float = SATURATION) -> Doubles:
    """Scores [M] of texts in (-1, 1), positive for praise; UsageError if vaderSentiment is missing or another one."""
    return np.array([saturated(valences(text), d) for text in texts], np.float64)
