"""A few reviews of our own, in the form of the package's CSV file, and what tests make of them."""

from __future__ import annotations

import csv
from pathlib import Path

from envs.language.data.corpus import COLUMNS, Review

ADJECTIVES = {1: ("good", "great", "fine", "lovely"), 0: ("bad", "awful", "dull", "poor")}
NOUNS = ("film", "plot", "story", "cast", "music", "ending")


def small_reviews(n: int = 60) -> list[Review]:
    """n reviews of two sentences each, of which every second one is positive and every third one is of Rotten Tomatoes."""
    found = []
    for i in range(n):
        label = i % 2
        words, noun = ADJECTIVES[label], NOUNS[i % len(NOUNS)]
        first = f"I saw number {i} and the {noun} was {words[i % 4]}."
        text = f"{first}<br /><br />Really {words[i // 2 % 4]}, it was {words[i % 4]}: item {i}!"
        found.append(Review(text, label, "rotten_tomatoes" if i % 3 == 2 else "imdb"))
    return found


def write_csv(path: Path, reviews: list[Review]) -> Path:
    """The reviews in a CSV file as the package has it."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *reviews])
    return path
