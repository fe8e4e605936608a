"""The pages of the text tasks are what their cards say."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from algorithms import ALGORITHMS, VARIANTS
from benchmarks.reports.variant_groups import groups
from docs._scripts import task_pages, variant_pages

ROOT = Path(__file__).resolve().parent.parent.parent
FAMILIES, LANGUAGE = task_pages.families(), task_pages.language_families()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_page_is_its_card(name: str) -> None:
    """`nox -s docs` writes them."""
    assert (ROOT / task_pages.FOLDER / f"{name}.md").read_text() == task_pages.page(name, FAMILIES[name])


@pytest.mark.parametrize("name", LANGUAGE)
def test_a_page_of_a_language_task_is_its_card(name: str) -> None:
    text = (ROOT / task_pages.FOLDER / f"{name}.md").read_text()
    assert text == task_pages.language_page(name, LANGUAGE[name])
    for part in ("state", "reward", "optimum", "isolates", "source"):
        assert f"\n{part} " in text


def test_the_index_lists_all_and_nothing_else_lies_there() -> None:
    assert (ROOT / task_pages.FOLDER / "README.md").read_text() == task_pages.index()
    written = {path.stem for path in (ROOT / task_pages.FOLDER).glob("*.md")}
    assert written == {*FAMILIES, *LANGUAGE, "README"}
    for found, folder in ((FAMILIES, "text"), (LANGUAGE, "language/tasks")):
        assert len(found) == len([p for p in (ROOT / "envs" / folder).glob("*.py") if p.name != "__init__.py"])


def test_a_page_has_what_a_user_asks_for() -> None:
    text = task_pages.page("causal", FAMILIES["causal"])
    assert "| `causal/small` | 0.422 | 0.95 | 1 | 11 | 3 | 2 | 8 | 40 |" in text
    assert "isolates lack of causal understanding" in text
    assert "| `cost` | `0.05` |" in text
    assert "ask test" in text


def test_the_page_of_variants_is_the_registrys() -> None:
    assert (ROOT / variant_pages.PAGE).read_text() == variant_pages.page()
    assert sorted(v.name for shown in groups().values() for v in shown) == sorted(ALGORITHMS)
    grpo = "| [`grpo`](#grpo) | dr_grpo | scale, aggregation, surrogate, kl | over the deviation of the group's returns"
    assert grpo in variant_pages.page()


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variants_file_has_formula_and_source(name: str) -> None:
    """About 20 to 40 lines: what it is, the formula indented, the source with an equation, a section or a file."""
    text = variant_pages.docstrings()[name]
    if ALGORITHMS[name].learns:
        assert "\n    " in text, "no formula"
        told = variant_pages.source(text)
        assert any(
            word in told for word in ("equation", "section", "algorithm", "theorem", ".py", "sum", "practice")
        ), told


def test_where_cispo_departs_from_its_source_is_said() -> None:
    """MiniMax-M1's equation 4 takes the mean over tokens; ours is GRPO's, over texts. Where that is mended, so is this."""
    assert VARIANTS["cispo"].estimator.aggregation == "sequence"
    assert VARIANTS["dapo"].estimator.aggregation == "token"
    assert "GRPO's mean over texts, not the source's over tokens" in VARIANTS["cispo"].summary
    assert "Departs from its source" in variant_pages.page().partition("### cispo")[2].partition("### ")[0]


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.stem)
def test_no_page_has_an_empty_block_of_code(page: Path) -> None:
    """What has no text to show, such as a variant without a formula, gets no box."""
    inside = False
    for line, following in pairwise([*page.read_text().splitlines(), ""]):
        if line.startswith("```"):
            inside = not inside
            assert not (inside and following.strip() in ("", "```")), line
