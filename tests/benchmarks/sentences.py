"""The sentences of a report: its Markdown without tables, figures, headings and code; and how many words each has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from benchmarks.statistics.wording.answers import count_words

END = re.compile(
    r"(?<=[.!?])[)\"*]*\s+(?=[A-Z0-9`(\"*&\[])"
)  # of a sentence: a stop before a capital, a digit or a name
COMMAND = re.compile(r"`[^`]*python -m[^`]*`")  # code


def sentences(markdown: str) -> Iterator[str]:
    fenced = False
    for line in markdown.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith(("|", "![", "#")):
            text = re.sub(r"^\s*(?:>|-|\*(?=\s))\s*", "", COMMAND.sub("code", line)).strip()
            yield from (sentence for sentence in END.split(text) if sentence)


def answer(markdown: str) -> str:
    """The first paragraph after the question and the warnings."""
    blocks = markdown.strip().split("\n\n")[2:]
    return next(block for block in blocks if not block.startswith(">"))


def long_ones(markdown: str, most: int) -> list[str]:
    return [text for text in sentences(markdown) if count_words(text) > most]
