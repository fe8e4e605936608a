"""The file of one finished cell, as Parquet (unfinished cells: benchmarks.store.states).

    results/<experiment>/cells/<task>__<variant>__seeds<a>-<b>__<digest>.parquet

A file that is there, and passes cell_checks, marks the cell as done.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from algorithms.training.records import Record
from benchmarks.store import cell_checks, files
from benchmarks.store.files import Damaged
from envs.files.writing import replace_file

SCHEMA = pa.schema(
    [
        ("task", pa.string()),
        ("variant", pa.string()),
        ("seed", pa.int64()),
        ("member", pa.int64()),  # its index in the cell: members may share a seed
        ("learning_rate", pa.float64()),
        ("checkpoint", pa.int64()),
        ("fraction", pa.float64()),
        ("env_steps", pa.int64()),
        ("updates", pa.int64()),
        ("wall_s", pa.float64()),
        ("eval_return", pa.float64()),
        ("eval_return_greedy", pa.float64()),
        ("diverged", pa.bool_()),
        ("measures", pa.map_(pa.string(), pa.float64())),
    ]
)
META, CHECKSUM = b"pg_ladder", b"pg_ladder.sha256"


def save_cell(path: Path, task: str, variant: str, records: Iterable[Record], meta: dict[str, Any]) -> None:
    """One tidy row per member and checkpoint; `meta` (configuration, provenance) as JSON in the schema."""
    rows = []
    for record in records:
        row = {"task": task, "variant": variant, **asdict(record), "measures": list(record.measures.items())}
        del row["texts"]
        rows.append(row)
    save_rows(path, rows, meta)


def same_rows(a: tuple[pa.Table, Mapping[str, Any]], b: tuple[pa.Table, Mapping[str, Any]]) -> bool:
    """Whether two results of one cell, rows and metadata, hold the same numbers, but for seconds.

    True where one says that its run does not repeat.
    """
    if any(meta["provenance"].get("reproducible") is False for _, meta in (a, b)):
        return True
    texts = (json.dumps(table.drop_columns("wall_s").to_pylist()) for table, _ in (a, b))  # NaN is equal to NaN there
    return next(texts) == next(texts)


def save_rows(path: Path, rows: Sequence[Mapping[Any, object]], meta: dict[str, Any]) -> None:
    """Rows of SCHEMA, measures as pairs, with `meta` and its checksum in the schema."""
    text = json.dumps(meta).encode()
    metadata = {META: text, CHECKSUM: hashlib.sha256(text).hexdigest().encode()}
    columns = [_column(field.type, [row[field.name] for row in rows]) for field in SCHEMA]
    table = pa.Table.from_arrays(columns, schema=SCHEMA.with_metadata(metadata))
    replace_file(path, lambda part: pq.write_table(table, part, compression="zstd", write_page_checksum=True))


def _column(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    """pa.array(values, kind) for the types of SCHEMA, without its import of pandas, which takes 60 MB of a worker.

    TypeError for a value that is missing, or no whole number where one belongs.
    """
    if pa.types.is_map(kind):
        pairs = list(chain.from_iterable(values))
        keys, items = _column(kind.key_type, [k for k, _ in pairs]), _column(kind.item_type, [v for _, v in pairs])
        offsets = pa.Array.from_buffers(pa.int32(), len(values) + 1, [None, _offsets(values)])
        return pa.MapArray.from_arrays(offsets, keys, items, kind)
    if pa.types.is_string(kind):
        texts = [text.encode() for text in values]
        buffers = [_offsets(texts), pa.py_buffer(b"".join(texts))]
    elif pa.types.is_boolean(kind):
        buffers = [pa.py_buffer(np.packbits(np.array(values, np.bool_), bitorder="little"))]
    else:
        buffers = [pa.py_buffer(array("q" if kind == pa.int64() else "d", values))]
    return pa.Array.from_buffers(kind, len(values), [None, *buffers])


def _offsets(parts: Sequence[Sequence[object]]) -> pa.Buffer:
    """Where each part begins, and the end of the last one."""
    return pa.py_buffer(np.cumsum([0, *map(len, parts)], dtype=np.int32))


def read_cell_file(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """A cell's table and metadata, both from one reading of the file. Raises Damaged with what is wrong with it."""
    try:
        # from memory, which takes half the time of pyarrow's data sets, and makes no column of a folder named `lr=0.1`
        with pq.ParquetFile(pa.BufferReader(path.read_bytes()), page_checksum_verification=True) as file:
            table = file.read(use_threads=False)
        metadata = table.schema.metadata or {}
        meta = json.loads(metadata[META])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        why = "it has no metadata of a cell" if isinstance(error, KeyError) else files.reason(error)
        raise Damaged(f"{path.name}: {why}") from error
    if metadata.get(CHECKSUM, sum_ := hashlib.sha256(metadata[META]).hexdigest().encode()) != sum_:
        raise Damaged(f"{path.name}: its metadata are not those that were written")
    check(path.name, table, meta)
    return table, meta


def check(name: str, table: pa.Table, meta: dict[str, Any]) -> None:
    """Raises Damaged where the rows or the metadata do not fit the cell of this file name."""
    why = (
        cell_checks.columns_error(table, SCHEMA)
        or cell_checks.meta_error(meta)
        or cell_checks.digest_error(Path(name).stem, meta)
        or cell_checks.rows_error(table, meta)
    )
    if why:
        raise Damaged(f"{name}: {why}")
