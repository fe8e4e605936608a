"""Which results are there: those that can be read. Damaged ones are named and set aside."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.store.files import Damaged, set_aside
from benchmarks.store.many.footers import has_footer


def is_done(path: Path) -> bool:
    """Whether a result is there, by its footer; a damaged file is named and set aside."""
    try:
        return has_footer(path)
    except Damaged as error:
        aside = set_aside(path)
        print(f"damaged: {error}; kept as {aside.name}, its cell runs again", file=sys.stderr)
        return False


def seems_done(path: Path) -> bool:
    """The same, without a word and without a change: a damaged file is no result."""
    try:
        return has_footer(path)
    except Damaged:
        return False
