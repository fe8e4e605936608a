"""One word for one thing: the glossary's, on every page and in every message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("envs", "algorithms", "benchmarks", "docs", "notebooks")
# what is not said, and what the glossary calls it
TERMS = {r"random (policy|policies|agent|play)\b": "uniform policy", r"随机(?!均匀)策略": "均匀策略"}


def texts() -> Iterator[tuple[Path, str]]:
    """Every page, module, template and notebook that a reader may see; records of decisions stay as they were written."""
    found = [ROOT / "README.md", ROOT / "README.zh.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    for folder in FOLDERS:
        found += [p for p in (ROOT / folder).rglob("*") if p.suffix in {".md", ".py", ".html", ".ipynb", ".j2"}]
    yield from ((p, p.read_text()) for p in found if "decisions" not in p.parts and "_build" not in p.parts)


def strays(text: str) -> list[str]:
    """What a text says in the place of the glossary's words."""
    return [found[0] for term in TERMS for found in re.finditer(term, " ".join(text.split()), re.IGNORECASE)]


def test_the_glossary_has_the_words() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    assert "\nUniform policy\n: " in glossary
    assert strays(glossary) == []


def test_every_text_says_them() -> None:
    assert {str(p.relative_to(ROOT)): found for p, text in texts() if (found := strays(text))} == {}


@pytest.mark.parametrize("text", ["the random\npolicy's return", "0 是随机策略"])
def test_a_stray_is_found(text: str) -> None:
    assert len(strays(text)) == 1


@pytest.mark.parametrize(
    "text", ["the uniform policy's return", "a random policyholder", "np.random.policy", "均匀策略"]
)
def test_other_texts_are_left_alone(text: str) -> None:
    assert strays(text) == []
