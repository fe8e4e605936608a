"""Which pages hold generated blocks, and the one command that writes them all.

The order: `report` of every experiment writes tables and sentences under results/reference; this reads them, and keeps what
it has read in excerpts.json.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from docs._scripts import marks, task_pages, variant_pages
from docs._scripts.blocks import judge, libraries, theory, transfer
from docs._scripts.blocks import results as of_results
from docs._scripts.released import EXCERPTS, FOLDER, Released
from envs.files.writing import write_text

IGNORED = ("results", "decisions")  # reports are written by `report`; records keep what was known on their day


def hand_written(root: Path) -> list[Path]:
    """The pages that may hold blocks: every Markdown file of the tree but reports, records and wholly generated pages."""
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    generated = {root / path for path in generated_pages()}
    return sorted(p for p in pages if p not in generated and not {*p.relative_to(root).parts} & {*IGNORED})


def generated_pages() -> dict[Path, Callable[[], str]]:
    """What makes the pages that are generated from their first line to their last."""
    return {variant_pages.PAGE: variant_pages.page, **task_pages.makers()}


def blocks(results: Released) -> dict[str, Callable[[], str]]:
    """All blocks by name, each made once."""
    generators = {
        **of_results.blocks(results),
        **theory.blocks(results),
        **libraries.blocks(results),
        **judge.blocks(results),
        **transfer.blocks(results),
    }
    return {name: cache(make) for name, make in generators.items()}


def stale(root: Path) -> list[str]:
    """`file: block` of every block, and the name of every page, that is not what the generators make now."""
    names = [
        str(path)
        for path, make in generated_pages().items()
        if not (root / path).exists() or (root / path).read_text() != make()
    ]
    filling = blocks(Released(root / FOLDER, drawn=False))
    for page in hand_written(root):
        names += [f"{page.relative_to(root)}: {name}" for name in marks.stale(page.read_text(), filling)]
    return names


def write(root: Path) -> list[Path]:
    """Bring everything up to date; returns the files that changed."""
    results = Released(root / FOLDER)
    texts, filling = {root / path: make() for path, make in generated_pages().items()}, blocks(results)
    for page in hand_written(root):
        try:
            texts[page] = marks.fill(page.read_text(), filling)
        except marks.WrongMark as error:
            raise marks.WrongMark(f"{page}: {error}") from error
    texts[results.root / EXCERPTS] = results.excerpts()
    changed = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    for path in changed:
        write_text(path, texts[path])
    return changed
