"""Documents in JSON, and what becomes of a file that is damaged."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from envs.files.writing import replace_bytes


class Damaged(ValueError):
    """A result file that cannot be read, or does not hold what it should.

    paths  the damaged files, where several were read
    """

    def __init__(self, message: str, paths: tuple[Path, ...] = ()) -> None:
        super().__init__(message)
        self.paths = paths


def save_json(path: Path, value: Mapping[str, object]) -> None:
    """An object as JSON."""
    replace_bytes(path, json.dumps(value, indent=1).encode())


def read_document(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds. Raises Damaged where there is none."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Damaged(f"{path.name}: {reason(error)}") from error
    if not isinstance(value, dict):
        raise Damaged(f"{path.name}: it holds no object")
    return value


def reason(error: Exception) -> str:
    """The error's message in one line, or its class where it has none."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def set_aside(path: Path) -> Path:
    """Rename a damaged file so that its work is done again and nothing is lost; returns its new name."""
    number = 0
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    with contextlib.suppress(FileNotFoundError):  # another run has set it aside already
        path.rename(aside)
    return aside
