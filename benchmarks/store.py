"""The schema of results/ and the only writer of it: finished cells as Parquet (unfinished ones: benchmarks.states).

    results/<experiment>/cells/<task>__<variant>__seeds<a>-<b>__<digest>.parquet
    results/<experiment>/cells/<task>__<variant>__<digest>.json                        a measurement of a gradient
    results/<experiment>/policies/<task>__<variant>__seed<k>__<digest>.safetensors      a policy (benchmarks.policies)

A file that is there, and holds what its cell should have left, is the mark that the cell is done (benchmarks.cell_checks).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from algorithms.training import Record
from benchmarks import cell_checks, files

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = pa.schema(
    [
        ("task", pa.string()),
        ("variant", pa.string()),
        ("seed", pa.int64()),
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
META = b"pg_ladder"


class Damaged(ValueError):
    """A result file that cannot be read, or does not hold what its cell should have left."""


def save_cell(path: Path, task: str, variant: str, records: Iterable[Record], meta: dict[str, Any]) -> None:
    """One tidy row per seed and checkpoint; `meta` (configuration, provenance) as JSON in the schema."""
    rows = []
    for record in records:
        row = {"task": task, "variant": variant, **asdict(record), "measures": list(record.measures.items())}
        del row["texts"]
        rows.append(row)
    save_rows(path, rows, meta)


def save_rows(path: Path, rows: Sequence[Mapping[Any, object]], meta: dict[str, Any]) -> None:
    """Rows of SCHEMA, measures as pairs, with `meta` as JSON in the schema."""
    table = pa.Table.from_pylist(rows, schema=SCHEMA.with_metadata({META: json.dumps(meta).encode()}))
    files.replace_file(path, lambda part: pq.write_table(table, part, compression="zstd", write_page_checksum=True))


def _read(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """A cell's table and metadata, both from one reading of the file. Raises Damaged with what is wrong with it."""
    try:
        # no column is made of a folder that is named `lr=0.1`
        table = pq.read_table(path, partitioning=None, page_checksum_verification=True)
        meta = json.loads((table.schema.metadata or {})[META])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise Damaged(f"{path.name}: {_reason(error)}") from error
    why = (
        cell_checks.fault_of_columns(table, SCHEMA)
        or cell_checks.fault_of_meta(meta)
        or cell_checks.fault_of_digest(path.stem, meta)
        or cell_checks.fault_of_rows(table, meta)
    )
    if why:
        raise Damaged(f"{path.name}: {why}")
    return table, meta


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return "it has no metadata of a cell"
    return " ".join(str(error).split()) or type(error).__name__


def save_json(path: Path, value: Mapping[str, object]) -> None:
    """An object as JSON: a measurement (what was found, its configuration, its provenance), say."""
    files.replace_bytes(path, json.dumps(value, indent=1).encode())


def read_document(path: Path) -> dict[str, Any]:
    """Whatever object a JSON file holds. Raises Damaged where there is none."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Damaged(f"{path.name}: {_reason(error)}") from error
    if not isinstance(value, dict):
        raise Damaged(f"{path.name}: it holds no object")
    return value


def read_json(path: Path) -> dict[str, Any]:
    """A measurement. Raises Damaged where it cannot be read, or is not the one that its name says."""
    from benchmarks.design.gradient_experiment import FOUND, LABORATORY_VERSION

    value = read_document(path)
    if why := cell_checks.fault_of_measurement(path.stem, value, LABORATORY_VERSION, FOUND):
        raise Damaged(f"{path.name}: {why}")
    return value


def check_cell(path: Path) -> bool:
    """Whether the cell is done. Raises Damaged where the file is there and does not hold what it should."""
    if not path.exists():
        return False
    if path.suffix == ".json":
        read_json(path)
    else:
        _read(path)
    return True


def readable(path: Path) -> bool:
    """Whether the cell is done; where its file is damaged it is not."""
    try:
        return check_cell(path)
    except Damaged:
        return False


MEASURE_COLUMNS = ["task", "variant", "seed", "checkpoint", "fraction", "env_steps", "measure", "value"]


class Results(NamedTuple):
    """What cells hold."""

    frame: pd.DataFrame  # SCHEMA without the measures: a row a member and checkpoint
    measures: pd.DataFrame  # MEASURE_COLUMNS: a row a member, checkpoint and measure
    metas: list[dict[str, Any]]  # configuration and provenance, a cell each


def read(paths: Sequence[Path]) -> Results:
    """The cells as tidy frames; each file is read once. Raises Damaged that names every file that is."""
    found = _all(paths)
    tables, metas = [table for table, _ in found], [meta for _, meta in found]
    whole = pa.concat_tables([t.replace_schema_metadata() for t in tables]) if tables else SCHEMA.empty_table()
    measures = whole.column("measures").combine_chunks()
    frame: pd.DataFrame = whole.drop_columns("measures").to_pandas()
    counts = np.diff(measures.offsets.to_numpy()) if len(frame) else np.zeros(0, np.int64)
    names = frame.astype({"task": "category", "variant": "category"})  # millions of rows, few different words
    rows = names[MEASURE_COLUMNS[:-2]].take(np.repeat(np.arange(len(frame)), counts)).reset_index(drop=True)
    rows["measure"] = measures.keys.dictionary_encode().to_pandas()
    rows["value"] = measures.items.to_pandas()
    return Results(frame, rows, metas)


def _all(paths: Sequence[Path]) -> list[tuple[pa.Table, dict[str, Any]]]:
    found, damages = [], []
    for path in paths:
        try:
            found.append(_read(path))
        except Damaged as error:
            damages.append(str(error))
    if damages:
        raise Damaged("; ".join(damages))
    return found


def read_cells(paths: Sequence[Path]) -> pd.DataFrame:
    """The cells as one tidy frame, without the measures."""
    return read(paths).frame


def read_meta(path: Path) -> dict[str, Any]:
    """Configuration and provenance of a cell."""
    return _read(path)[1]


def read_metas(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Those of many cells. Raises Damaged that names every file that is."""
    return [meta for _, meta in _all(paths)]
