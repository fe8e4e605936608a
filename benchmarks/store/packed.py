"""All cells of an experiment in two Parquet files, as results are released.

    <results>/<experiment>.parquet          all rows, each with the stem of its cell's file name in `cell`
    <results>/<experiment>.cells.parquet    a row a cell: its stem, its digest and, as JSON, its file's metadata

The rows of a measurement are the numbers that it found. Cells are checked as if each had a file of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.store import files
from benchmarks.store.file_names import sibling
from benchmarks.store.files import Damaged

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
        entries = read_table(cells).to_pylist()
        if doubled := _doubled([entry["cell"] for entry in entries]):
            raise Damaged(f"{cells.name}: it describes {doubled} twice")
        self._entries = {f"{e['cell']}{_suffix(e)}": e for e in entries}

    @property
    def names(self) -> list[str]:
        return sorted(self._entries)

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


def packed(folder: Path) -> Packed | None:
    """The packed cells of the experiment whose folder this is or would be; None where there are none.

    Raises Damaged where a file is missing or cannot be read.
    """
    paths = rows_path(folder), cells_path(folder)
    exists = [path.exists() for path in paths]
    if not any(exists):
        return None
    if not all(exists):
        raise Damaged(f"{paths[not exists[1]].name}: it is missing")
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


def write_table(path: Path, table: pa.Table) -> None:
    """A table as packed files hold it."""
    with_extent = table.replace_schema_metadata({WRITTEN: _extent(table).encode()})
    write: Callable[[Path], object] = lambda part: pq.write_table(  # noqa: E731
        with_extent, part, compression="zstd", compression_level=19, write_page_checksum=True
    )
    files.replace_file(path, write)


def pack(folder: Path, cells: Mapping[str, tuple[pa.Table, Mapping[str, Any]]]) -> None:
    """Write the cells of an experiment, by file name: (rows without `cell`, the file's metadata)."""
    tables, entries = [], []
    for name in sorted(cells):
        table, meta = cells[name]
        stem = Path(name).stem
        tables.append(table.replace_schema_metadata().add_column(0, "cell", pa.array([stem] * table.num_rows)))
        columns_of_cell = {CONFIGURATION if key == "cell" else key: json.dumps(meta[key]) for key in meta}
        entries.append({"cell": stem, "digest": stem.rpartition("__")[2], **columns_of_cell})
    write_table(rows_path(folder), pa.concat_tables(tables))
    columns = pa.schema([(key, pa.string()) for key in dict.fromkeys(key for entry in entries for key in entry)])
    write_table(cells_path(folder), pa.Table.from_pylist(entries, schema=columns))
