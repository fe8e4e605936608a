"""Plain sentences from reviews and other texts: lower case, few signs, one space between words."""

from __future__ import annotations

import re
import unicodedata

SHORTEST, LONGEST = 5, 30  # words of a sentence
_BREAK = re.compile(r"<br\s*/?>|\n\s*\n", re.IGNORECASE)
_SIGNS = str.maketrans(
    {
        **dict.fromkeys('"\u201c\u201d\u00ab\u00bb\u201e\x84\x93\x94*_~#^|\\@<>=+\u00a8\uf0b7', " "),
        **dict.fromkeys("`\u00b4\u2018\u2019\x91\x92", "'"),
        **dict.fromkeys("([{)]}\u2013\u2014\x96\x97", " , "),
        **dict.fromkeys("\u2026\x85", "..."),
    }
)
_NO_ASCII = re.compile(r"[^\x20-\x7e]+")  # accents, and what has no ASCII form
_RULES = tuple(  # each begins with the sign that it is about, so that a search leaps over everything else
    (re.compile(pattern), new)
    for pattern, new in (
        (r"'(?:(?<![a-z0-9]')|(?![a-z0-9]))", " "),  # an apostrophe outside a word is a quotation mark
        (r"-(?:-+|(?<= -)(?= ))", " , "),  # a dash
    )
)
_SIGN_RULES = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"([!?])[.!?]+", r"\1"),
        (r"\.\.+", "... "),
        (r"[,;:]+([.,!?;:])", r"\1"),  # such as a bracket before another sign
        (r"([.!?])[,;:]+", r"\1"),
        (r"([.,!?;:])(?=[a-z])", r"\1 "),
        (r"  +", " "),
    )
)
_TITLES = "mr", "mrs", "ms", "dr", "st", "jr", "sr", "vs", "prof", "lt", "sgt", "etc"
_NO_END = "".join(rf"(?<![ .]{title}\.)(?<!^{title}\.)" for title in _TITLES)
_END = re.compile(rf"([.!?])(?<!\.\.\.)(?<![ .][a-z]\.){_NO_END} ")
_EDGE = " ,;:-/'.!?"


def clean(text: str) -> str:
    """A text in lower-case ASCII: no quotation marks, brackets and dashes as commas, one space after a sign."""
    plain = text.lower().translate(_SIGNS)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
    for rule, new in _RULES:
        plain = rule.sub(new, plain)
    plain = " ".join(plain.split())
    if not (plain.isascii() and plain.isprintable()):
        plain = _NO_ASCII.sub("", plain)
    for sign in ".,!?;:%":
        plain = plain.replace(" " + sign, sign)
    for rule, new in _SIGN_RULES:
        plain = rule.sub(new, plain)
    return plain.strip()


def sentences(text: str) -> list[str]:
    """The sentences of 5 to 30 words of a text, cleaned, in its order. None goes on after <br> or an empty line."""
    found = []
    for passage in _BREAK.split(text):
        for sentence in _END.sub(r"\1\n", clean(passage)).split("\n"):
            words = sentence.lstrip(_EDGE).rstrip(" ,;:-/")
            if SHORTEST <= words.count(" ") + 1 <= LONGEST:
                found.append(words)
    return found
