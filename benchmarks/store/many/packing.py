"""Packing the cells of one folder or several as the two files of benchmarks.store.packed, while more cells may still come.

A cell that lies in several places counts once: a file goes before a packed cell, and an earlier folder before a later one.
Any number of processes may pack: each writes both files aside and moves them, and both carry a hash of the cells in them, by
which a reader knows that they belong together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.store import packed
from benchmarks.store.files import Damaged
from benchmarks.store.sources import MEASURED, read_cell, read_measurement, stored_cells


def places(folders: Sequence[Path]) -> dict[str, Path]:
    """The path of each cell and measurement of the folders, by file name; of those that lie in several, the first."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in (*stored_cells(folder), *stored_cells(folder, MEASURED)):
            found.setdefault(path.name, path)
    return dict(sorted(found.items()))


def pack_folders(folder: Path, folders: Sequence[Path], level: int = packed.LEVEL) -> int:
    """Write the cells of `folders` as the packed files of `folder`; returns how many. Raises Damaged, which names every
    damaged cell: none is left out in silence.
    """
    found, damaged = places(folders), dict[Path, str]()

    def contents() -> Iterator[tuple[str, pa.Table, Mapping[str, Any]]]:
        for name, path in found.items():
            try:
                yield name, *_content(path)
            except Damaged as error:
                damaged[path] = str(error)
        if damaged:
            raise Damaged("; ".join(damaged.values()), tuple(damaged))

    if found:
        packed.pack(folder, contents(), level)
    return len(found)


def _content(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """The rows of a cell, or what a measurement has found as one row; and its metadata."""
    if path.suffix == MEASURED:
        meta = read_measurement(path)
        return pa.Table.from_pylist([meta["found"]]), meta
    return read_cell(path)
