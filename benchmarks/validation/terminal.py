"""Lines in a terminal: broken between words where they are wider than it. Everywhere else a line stays whole."""

from __future__ import annotations

import os
import re
import shutil
from typing import Any, TextIO, cast

from benchmarks.validation.narrow_tables import narrow_tables
from benchmarks.validation.program import MODULE, SCRIPT

NARROW = 20  # columns of a terminal below which nothing is broken
KEPT = ("{", "[", '"', "|", "│", "╭", "╰")  # how lines of JSON, of tables and of boxes begin: they are broken nowhere
COMMAND = re.compile(f"(?:{re.escape(MODULE)}|{re.escape(SCRIPT)}) .*")
JOIN = "\0"  # in the place of a space at which no line may end
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
MOVES = re.compile(r"\r|\x1b(?!\[[0-9;]*m)")  # what is drawn over itself has its width already


def fitted(stream: TextIO) -> TextIO:
    """The stream, with lines broken at the width of its terminal; itself where it is none."""
    return always_fitted(stream) if stream.isatty() else stream


def always_fitted(stream: TextIO) -> TextIO:
    """The stream, with lines broken at COLUMNS, at the width of its terminal, or at 80 columns where it is none."""
    return cast(TextIO, _Fitted(stream))


def broken(line: str, width: int) -> str:
    """A line in lines of at most so many columns, if its words are no longer. Where it fits with fewer spaces, it is one.

    Lines below the first begin under the line's last column, where that leaves half of the width, else where the line
    begins. A command that is to be typed stays on one line, so that it can be copied.
    """
    plain = COLOUR.sub("", line)
    if len(plain) <= width or width < NARROW or MOVES.search(line) or plain.lstrip().startswith(KEPT):
        return line
    close = line[: len(line) - len(line.lstrip())] + re.sub(" {3,}", "  ", line.lstrip())
    if len(COLOUR.sub("", close)) <= width:
        return close
    indent = " " * _indent(plain, width)
    joined = line if plain.startswith("usage:") else COMMAND.sub(lambda found: found[0].replace(" ", JOIN), line)
    made, long = [""], 0
    for word in re.findall(r" *[^ ]+", joined):
        size = len(COLOUR.sub("", word))
        if long and long + size > width:
            made.append("")
            word = indent + word.lstrip(" ")
            size, long = len(COLOUR.sub("", word)), 0
        made[-1] += word
        long += size
    return "\n".join(made).replace(JOIN, " ")


def _indent(line: str, width: int) -> int:
    """Where the last column of the line begins that leaves half of the width to it; else where the line begins."""
    starts = [found.end() for found in re.finditer(r"\S {2,}(?=\S)", line)]
    return max((at for at in starts if at <= width // 2), default=len(line) - len(line.lstrip()))


def columns(stream: TextIO) -> int:
    """Those of COLUMNS, else of this stream's terminal, else 80."""
    if not os.environ.get("COLUMNS", "").isdigit():
        try:
            return os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError):  # no terminal, or a stream in memory
            pass
    return shutil.get_terminal_size((80, 24)).columns


class _Fitted:
    """A stream whose lines are broken as they are written. All else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text; returns its length, as any stream does."""
        width = columns(self._stream)
        lines = narrow_tables(text.split("\n"), width) if width >= NARROW else text.split("\n")
        self._stream.write("\n".join(broken(line, width) for line in lines))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
