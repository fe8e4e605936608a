"""What a cell's footer says: a tenth of the time that its rows take, and enough to know that the cell is done.

A file is written aside and moved, so one that is there is whole. Later damage to the bytes of its rows is noticed by whoever
reads them (benchmarks.store.cells).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.store import cell_checks, files, sources
from benchmarks.store.cells import CHECKSUM, META
from benchmarks.store.descriptions import share_parts
from benchmarks.store.files import Damaged

KNOWN = 100_000  # files whose footers are remembered as read


def read_footer(path: Path) -> dict[str, Any]:
    """The metadata of a cell's file. Raises Damaged where they are not its own, or rows are missing."""
    try:
        footer = pq.read_metadata(pa.BufferReader(path.read_bytes()))
        text = (footer.metadata or {})[META]
        meta = json.loads(text)
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        why = "it has no metadata of a cell" if isinstance(error, KeyError) else files.reason(error)
        raise Damaged(f"{path.name}: {why}") from error
    if footer.metadata.get(CHECKSUM, sum_ := hashlib.sha256(text).hexdigest().encode()) != sum_:
        raise Damaged(f"{path.name}: its metadata are not those that were written")
    fault = cell_checks.meta_error(meta) or cell_checks.digest_error(path.stem, meta)
    if fault := fault or cell_checks.count_error(footer.num_rows, meta):
        raise Damaged(f"{path.name}: {fault}")
    return dict(meta)


def has_footer(path: Path) -> bool:
    """Whether the cell is done, by its footer. Raises Damaged where it is there and cannot be the cell.

    A file that has not changed since it was read is not read again. A measurement is read whole.
    """
    if path.suffix == sources.MEASURED:
        return sources.check_cell(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        return sources.is_packed(path)
    return _read_before(os.fspath(path), status.st_ino, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=KNOWN)
def _read_before(path: str, *unchanged: int) -> bool:
    read_footer(Path(path))
    return True


def read_metas(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Configuration and provenance of many cells, from their footers. Raises Damaged, which names every damaged cell.

    Parts that are equal in several cells are one object, for thousands of cells have few different ones.
    """
    metas, damaged, shared = list[dict[str, Any]](), dict[Path, str](), dict[str, Any]()
    for path in paths:
        try:
            meta = read_footer(path) if path.exists() else sources.read_meta(path)
            metas.append(share_parts(meta, shared))
        except Damaged as error:
            damaged[path] = str(error)
    if damaged:
        raise Damaged("; ".join(damaged.values()), tuple(damaged))
    return metas
