"""The code and the commands of a page of the documentation, as a reader takes them from it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language; those of commands have none."""
    return [text for name, text in BLOCK.findall((DOCS / page).read_text()) if name == language]


def commands(page: str, language: str = "", least: int = 5) -> list[list[str]]:
    """The words of each command of a page, without `python -m benchmarks` and comments, in order."""
    lines = [line for text in blocks(page, language) for line in text.splitlines()]
    found = [shlex.split(line, comments=True)[3:] for line in lines if line.startswith("python -m benchmarks ")]
    assert len(found) >= least, page
    return found
