"""Which results are there: those that can be read. Damaged ones are named and set aside."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.store.files import Damaged, set_aside
from benchmarks.store.sources import check_cell


def is_done(path: Path) -> bool:
    """Whether a result can be read; a damaged file is named and set aside."""
    try:
        return check_cell(path)
    except Damaged as error:
        aside = set_aside(path)
        print(f"damaged: {error}; kept as {aside.name}, its cell runs again", file=sys.stderr)
        return False
