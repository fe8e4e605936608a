"""All cells of an experiment in two Parquet files, as results are released.

    <results>/<experiment>.parquet          all rows, each with the stem of its cell's file name in `cell`
    <results>/<experiment>.cells.parquet    a row a cell: its stem, its digest and, as JSON, its file's metadata

The rows of a measurement are the numbers that it found. Cells are checked as if each had a file of its own.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.store import files
from benchmarks.store.file_names import is_file_name, sibling
from benchmarks.store.files import Damaged

LEVEL = 3  # of compression; released results take ten times as long at RELEASED_LEVEL, and a tenth less room
RELEASED_LEVEL = 19
PACK = b"pg_ladder.pack"  # a hash of the cells, by which two files are known to belong together
MOVES_S, LOOK_EVERY_S = 1.0, 0.1  # how long another process may take between the moves of its two files
WRITTEN = b"pg_ladder.table"  # the columns and the number of rows that were written
CONFIGURATION = "configuration"  # the column of the description, which a cell's file calls `cell`
MEASUREMENT = "found"  # what the metadata of a measurement hold, and those of a cell do not


def rows_path(folder: Path) -> Path:
    """The packed rows of the experiment whose folder this is or would be."""
    return sibling(folder, ".parquet")


def cells_path(folder: Path) -> Path:
    """The packed descriptions of its cells."""
    return sibling(folder, ".cells.parquet")


class Packed:
    """The packed cells of one experiment, by the names that their files would have."""

    def __init__(self, rows: Path, cells: Path) -> None:
        self._rows, self._name = rows, cells.name
        if hash_of_pack(rows) != hash_of_pack(cells):
            raise _NotTogether(f"{rows.name}: it is not of the same packing as {cells.name}")
        entries = read_table(cells).to_pylist()
        if doubled := _doubled([entry["cell"] for entry in entries]):
            raise Damaged(f"{cells.name}: it describes {doubled} twice")
        if strange := [entry["cell"] for entry in entries if not is_file_name(entry["cell"])]:
            raise Damaged(f"{cells.name}: {strange[0]!r} is not the name of a cell's file")
        self._entries = {f"{e['cell']}{_suffix(e)}": e for e in entries}

    @property
    def names(self) -> list[str]:
        return sorted(self._entries)

    def has(self, name: str) -> bool:
        """Whether it is one of the cells."""
        return name in self._entries

    def meta(self, name: str) -> dict[str, Any]:
        """The metadata of the cell's file. Raises Damaged where there is none."""
        if name not in self._entries:
            raise Damaged(f"{name}: {self._name} does not describe it")
        entry = self._entries[name]
        if not str(entry["cell"]).endswith(f"__{entry['digest']}"):
            raise Damaged(f"{name}: its digest in {self._name} is {entry['digest']}")
        parsed = {k: json.loads(v) for k, v in entry.items() if k not in ("cell", "digest") and v is not None}
        return {"cell" if key == CONFIGURATION else key: value for key, value in parsed.items()}

    def rows(self, name: str) -> pa.Table:
        """The rows of the cell."""
        start, count = self._spans.get(Path(name).stem, (0, 0))
        return self._table.slice(start, count).drop_columns("cell")

    @cached_property
    def _table(self) -> pa.Table:
        return read_table(self._rows)

    @cached_property
    def _spans(self) -> dict[str, tuple[int, int]]:
        """First row and number of rows of each cell, whose rows are contiguous."""
        runs = pc.run_end_encode(self._table.column("cell").combine_chunks())
        ends, stems = runs.run_ends.to_pylist(), runs.values.to_pylist()
        if doubled := _doubled(stems):
            raise Damaged(f"{self._rows.name}: the rows of {doubled} are not contiguous")
        if unknown := sorted(set(stems) - {str(e["cell"]) for e in self._entries.values()}):
            raise Damaged(f"{self._rows.name}: it has rows of {unknown[0]}, which {self._name} does not describe")
        return {s: (a, b - a) for s, a, b in zip(stems, [0, *ends[:-1]], ends, strict=True)}


def _suffix(entry: Mapping[str, Any]) -> str:
    return ".json" if entry.get(MEASUREMENT) is not None else ".parquet"


def _doubled(names: Sequence[str]) -> str | None:
    """A name that occurs twice."""
    seen: set[str] = set()
    return next((n for n in names if n in seen or seen.add(n)), None)  # type: ignore[func-returns-value]


class _NotTogether(Damaged):
    """A file is missing, or the two are of different packings: another process may be about to move the second."""


def packed(folder: Path) -> Packed | None:
    """The packed cells of the experiment whose folder this is or would be; None where there are none.

    Raises Damaged where a file is missing or cannot be read.
    """
    end = time.monotonic() + MOVES_S
    while True:
        try:
            return _packed(rows_path(folder), cells_path(folder))
        except _NotTogether:
            if time.monotonic() > end:
                raise
            time.sleep(LOOK_EVERY_S)


def _packed(*paths: Path) -> Packed | None:
    exists = [path.exists() for path in paths]
    if not any(exists):
        return None
    if not all(exists):
        raise _NotTogether(f"{paths[not exists[1]].name}: it is missing")
    return _opened(*paths, *(n for path in paths for n in (path.stat().st_mtime_ns, path.stat().st_size)))


@lru_cache(maxsize=4)
def _opened(rows: Path, cells: Path, *changed: int) -> Packed:
    return Packed(rows, cells)


def read_table(path: Path) -> pa.Table:
    """A packed table with the columns and the number of rows that were written. Raises Damaged where it cannot be read."""
    try:
        table = pq.read_table(path, partitioning=None, page_checksum_verification=True)
        written = (table.schema.metadata or {})[WRITTEN].decode()
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise Damaged(f"{path.name}: {files.reason(error)}") from error
    plain = table.replace_schema_metadata()
    if (extent := _extent(plain)) != written:
        raise Damaged(f"{path.name}: it has {extent}, and {written} were written")
    return plain


def _extent(table: pa.Table) -> str:
    """Its number of rows and its columns."""
    return f"{table.num_rows} rows of {', '.join(f'{field.name} {field.type}' for field in table.schema)}"


def hash_of_pack(path: Path) -> bytes:
    """Which packing a file is of; empty for files of before there was a hash."""
    try:
        return bytes((pq.read_schema(path).metadata or {}).get(PACK, b""))
    except (pa.ArrowException, OSError) as error:
        raise Damaged(f"{path.name}: {files.reason(error)}") from error


def write_table(path: Path, table: pa.Table, level: int = RELEASED_LEVEL, pack_hash: bytes = b"") -> None:
    """A table as packed files hold it."""
    said = {WRITTEN: _extent(table).encode()} | ({PACK: pack_hash} if pack_hash else {})
    write: Callable[[Path], object] = lambda part: pq.write_table(  # noqa: E731
        table.replace_schema_metadata(said), part, compression="zstd", compression_level=level, write_page_checksum=True
    )
    files.replace_file(path, write)


def pack(folder: Path, cells: Iterable[tuple[str, pa.Table, Mapping[str, Any]]], level: int = RELEASED_LEVEL) -> None:
    """Write the cells of an experiment in the order of their file names: (name, rows without `cell`, metadata)."""
    tables, entries, hash_ = [], [], hashlib.sha256()
    for name, table, meta in cells:
        stem = Path(name).stem
        column = pa.array([stem] * table.num_rows, pa.string())
        tables.append(table.replace_schema_metadata().add_column(0, "cell", column))
        columns_of_cell = {CONFIGURATION if key == "cell" else key: json.dumps(meta[key]) for key in meta}
        entries.append({"cell": stem, "digest": stem.rpartition("__")[2], **columns_of_cell})
        hash_.update(json.dumps([table.num_rows, entries[-1]]).encode())
    pack_hash = hash_.hexdigest().encode()
    write_table(rows_path(folder), pa.concat_tables(tables), level, pack_hash)
    columns = pa.schema([(key, pa.string()) for key in dict.fromkeys(key for entry in entries for key in entry)])
    write_table(cells_path(folder), pa.Table.from_pylist(entries, schema=columns), level, pack_hash)
