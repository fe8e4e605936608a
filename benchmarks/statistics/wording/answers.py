"""Answers of at most MOST_WORDS words: what does not fit is counted, and named in the list of details below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

MOST_WORDS = 40  # of an answer, and of every other sentence that is generated


class Answer(NamedTuple):
    """At most MOST_WORDS words, and the sentences of the list below them."""

    text: str
    details: tuple[str, ...] = ()


def count_words(text: str) -> int:
    """Pieces between spaces that hold a letter or a digit: `lag 8` and [0.1, 0.2] are two each."""
    return sum(any(c.isalnum() for c in piece) for piece in text.split())


def first_that_fits(texts: Iterable[str], most: int = MOST_WORDS) -> str:
    """The first text of at most so many words; the last one where all are longer."""
    kept = ""
    for kept in texts:
        if count_words(kept) <= most:
            break
    return kept


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def name_or_count(names: Sequence[str], others: str = "", most: int = MOST_WORDS // 2) -> str:
    """a, b and c; where that has too many words, their number.

    others  what they are called where they are counted, for example "other variants"
    """
    listed = _listed(names)
    return listed if count_words(listed) <= most else f"{len(names)} {others}".strip()


def as_many_as_fit(head: str, names: Sequence[str], tail: str = ".", most: int = MOST_WORDS) -> str:
    """`head` a, b, c and 5 more `tail`: as many names as leave the sentence at `most` words."""
    for count in range(len(names), 0, -1):
        more = [f"{len(names) - count} more"] if count < len(names) else []
        if count_words(text := f"{head} {_listed([*names[:count], *more])}{tail}") <= most:
            return text
    return f"{head} {len(names)}{tail}"
