"""What the README says is what the registry and the released run say."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks import store
from benchmarks.listing import ladder_table

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
REFERENCE = ROOT / "results" / "reference" / "ladder"


def test_the_ladder_table_is_the_registrys() -> None:
    assert ladder_table() in README


def test_the_headline_table_and_figure_are_the_released_runs() -> None:
    assert (REFERENCE / "tables" / "aggregate.md").read_text().strip() in README
    assert "](results/reference/ladder/figures/ingredients.svg)" in README


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_the_released_cells_can_be_read_and_drawn_again() -> None:
    paths = sorted((REFERENCE / "cells").glob("*.parquet"))
    frame = store.read_cells(paths)
    assert frame.groupby(["task", "variant"]).seed.nunique().min() == 10
    assert frame.task.nunique() == 8
