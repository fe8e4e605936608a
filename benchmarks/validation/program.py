"""How this process was started, so that messages show commands that can be typed the same way."""

from __future__ import annotations

import sys
from pathlib import Path

MODULE, SCRIPT = "python -m benchmarks", "pg-ladder"  # the two ways to give a command


def program() -> str:
    """What stands before the command."""
    return SCRIPT if Path(sys.argv[0]).stem == SCRIPT else MODULE


def as_typed(text: str) -> str:
    """A text with commands of `python -m benchmarks`, as they are typed where this process was started."""
    return text.replace(MODULE, program())
