"""Generated blocks in hand-written Markdown: where they are, and how they are filled.

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
    return [match["name"] for match in BLOCK.finditer(text)]


def without_blocks(text: str) -> str:
    """The page without the text of its generated blocks."""
    return BLOCK.sub("", text)


def fill(text: str, blocks: Blocks) -> str:
    """The page with each block's text made anew. WrongMark for a name that `blocks` does not have."""
    names(text)
    return BLOCK.sub(lambda match: _render(match, blocks), text)


def stale(text: str, blocks: Blocks) -> list[str]:
    """The names of the blocks whose text is not what `blocks` makes, in order."""
    names(text)
    return [match["name"] for match in BLOCK.finditer(text) if match[0] != _render(match, blocks)]


def _render(match: re.Match[str], blocks: Blocks) -> str:
    name = match["name"]
    if name not in blocks:
        near = difflib.get_close_matches(name, blocks, 1, cutoff=0.0)
        raise WrongMark(f"no generator makes a block {name!r}; the nearest name is {near[0]!r}")
    text = blocks[name]()
    if match["text"].startswith("\n"):
        return f"<!-- generated: {name} -->\n{text}\n<!-- end -->"
    if "\n" in text:
        raise WrongMark(f"block {name!r} has several lines but is within a line: start its text on a new line")
    if not match.string[: match.start()].rpartition("\n")[2].strip():
        raise WrongMark(f"block {name!r} starts a line, which Markdown reads as HTML: put a word before it")
    return f"<!-- generated: {name} -->{text}<!-- end -->"
