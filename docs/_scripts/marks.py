"""Generated blocks in hand-written Markdown: where they stand, and how they are filled.

    <!-- generated: NAME -->text<!-- end -->

A block whose text starts on the line after its mark keeps its lines; any other is part of a sentence or a table's row.
A mark in backticks is an example and no mark.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping

BLOCK = re.compile(r"(?<!`)<!-- generated: (?P<name>[^ ]+) -->(?P<text>.*?)<!-- end -->(?!`)", re.DOTALL)
MARK = re.compile(r"(?<!`)<!-- (generated): [^ ]+ -->|<!-- (end) -->(?!`)")

Blocks = Mapping[str, Callable[[], str]]


class WrongMark(ValueError):
    """A mark without its end, an unknown name, or a text that does not fit its place."""


def names(text: str) -> list[str]:
    """The names of a page's blocks, in order. WrongMark where marks and ends do not alternate."""
    kinds = [mark[1] or mark[2] for mark in MARK.finditer(text)]
    if kinds != ["generated", "end"] * (len(kinds) // 2):
        raise WrongMark("each `<!-- generated: NAME -->` needs one `<!-- end -->` after it, before the next mark")
    return [found["name"] for found in BLOCK.finditer(text)]


def without_blocks(text: str) -> str:
    """The page without the text of its generated blocks."""
    return BLOCK.sub("", text)


def fill(text: str, blocks: Blocks) -> str:
    """The page with each block's text made anew. WrongMark for a name that `blocks` does not have."""
    names(text)
    return BLOCK.sub(lambda found: _render(found, blocks), text)


def stale(text: str, blocks: Blocks) -> list[str]:
    """The names of the blocks whose text is not what `blocks` makes, in order."""
    names(text)
    return [found["name"] for found in BLOCK.finditer(text) if found[0] != _render(found, blocks)]


def _render(found: re.Match[str], blocks: Blocks) -> str:
    name = found["name"]
    if name not in blocks:
        near = difflib.get_close_matches(name, blocks, 1, cutoff=0.0)
        raise WrongMark(f"no generator makes a block {name!r}; the nearest name is {near[0]!r}")
    made = blocks[name]()
    if found["text"].startswith("\n"):
        return f"<!-- generated: {name} -->\n{made}\n<!-- end -->"
    if "\n" in made:
        raise WrongMark(f"block {name!r} has several lines and stands within one: start its text on a new line")
    if not found.string[: found.start()].rpartition("\n")[2].strip():
        raise WrongMark(f"block {name!r} starts a line, which Markdown reads as HTML: put a word before it")
    return f"<!-- generated: {name} -->{made}<!-- end -->"
