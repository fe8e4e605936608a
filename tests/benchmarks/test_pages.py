"""The pages of the text tasks are what their cards say."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import pages

ROOT = Path(__file__).resolve().parent.parent.parent
FAMILIES = pages.families()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_page_is_its_card(name: str) -> None:
    """`python -m benchmarks pages` writes them."""
    assert (ROOT / pages.FOLDER / f"{name}.md").read_text() == pages.page(name, FAMILIES[name])


def test_the_index_lists_all_and_nothing_else_lies_there() -> None:
    assert (ROOT / pages.FOLDER / "README.md").read_text() == pages.index()
    written = {path.stem for path in (ROOT / pages.FOLDER).glob("*.md")}
    assert written == {*FAMILIES, "README"}
    assert len(FAMILIES) == 15


def test_a_page_has_what_a_user_asks_for() -> None:
    text = pages.page("causal", FAMILIES["causal"])
    assert "| `causal/small` | 0.422 | 0.95 | 1 | 11 | 3 | 2 | 8 | 40 |" in text
    assert "isolates lack of causal understanding" in text
    assert "| `cost` | `0.05` |" in text
    assert "ask test" in text
