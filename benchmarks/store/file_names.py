"""Names of tasks and variants as parts of file names: readable, of bounded length, never hidden or in another folder."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

LONGEST_NAME = 64  # bytes of a name in a file's name: two of them, seeds, a digest and suffixes stay below 255


def file_safe(name: str, longest: int = LONGEST_NAME) -> str:
    """A name as part of a file's name: dyck/small -> dyck-small. A long one is cut and ends in a hash of the whole."""
    safe = re.sub(r"[^\w.=+-]+", "-", name)
    if safe.startswith("."):  # hidden, or a way to another folder
        safe = "-" + safe.lstrip(".")
    encoded = safe.encode()
    if len(encoded) <= longest:
        return safe or "-"
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"{encoded[: longest - len(digest) - 1].decode(errors='ignore')}-{digest}"


def is_file_name(name: str) -> bool:
    """Whether a name that a file holds is one of a file: nothing that leads to another folder."""
    return name not in ("", ".", "..") and not re.search(r"[/\\\0]", name)


def file_names(names: Iterable[str]) -> dict[str, str]:
    """`file_safe` of each name; where two would share a file, the later one has a hash of its name behind it."""
    by_name: dict[str, str] = {}
    for name in names:
        safe = file_safe(name)
        if safe.lower() in (other.lower() for other in by_name.values()):
            safe = f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:10]}"
        by_name[name] = safe
    return by_name


def sibling(folder: Path, ending: str) -> Path:
    """The file next to a folder that has its name and this ending; `.` and `..` have the names of what they are."""
    named = Path(os.path.abspath(folder))  # noqa: PTH100 (resolve follows links, whose targets have other names)
    return named.parent / f"{named.name}{ending}"
