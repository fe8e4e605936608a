"""The schema of results/ and the only writer of it: finished cells as Parquet, unfinished ones as a State.

    results/<experiment>/cells/<task>__<variant>__seeds<a>-<b>__<digest>.parquet
    results/<experiment>/cells/<task>__<variant>__<digest>.json                        a measurement of a gradient
    results/<experiment>/policies/<task>__<variant>__seed<k>__<digest>.safetensors      a policy (benchmarks.policies)

A file that is there and readable is the mark that its cell is done. Everything is written beside its place and moved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors
import safetensors.torch

from algorithms.training import Record, State

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


class Damaged(Exception):
    """A result file that cannot be read."""


def replace_file(path: Path, write: Any) -> None:
    """Write beside `path`, flush to disk, move into place: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    write(beside)
    with beside.open("rb") as done:
        os.fsync(done.fileno())
    beside.replace(path)


def replace_bytes(path: Path, content: bytes) -> None:
    """A file of this content, as `replace_file` puts it in place."""
    replace_file(path, lambda beside: beside.write_bytes(content))


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
    replace_file(path, lambda beside: pq.write_table(table, beside, compression="zstd"))


def _read(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
        meta = json.loads((table.schema.metadata or {})[META])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise Damaged(f"{path.name}: {error}") from error
    if table.schema.names != SCHEMA.names or not table.num_rows or "provenance" not in meta:
        raise Damaged(f"{path.name}: its columns are not those of a cell")
    return table


def save_json(path: Path, value: Mapping[str, object]) -> None:
    """An object as JSON: a measurement (what was found, its configuration, its provenance), say."""
    replace_file(path, lambda beside: beside.write_text(json.dumps(value, indent=1)))


def read_document(path: Path) -> dict[str, Any]:
    """Whatever object a JSON file holds. Raises Damaged where there is none."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise Damaged(f"{path.name}: {error}") from error
    if not isinstance(value, dict):
        raise Damaged(f"{path.name}: it holds no object")
    return value


def read_json(path: Path) -> dict[str, Any]:
    """A measurement. Raises Damaged where it cannot be read."""
    value = read_document(path)
    if {"found", "cell", "provenance"} - value.keys():
        raise Damaged(f"{path.name}: it does not hold what a measurement does")
    return value


def check_cell(path: Path) -> bool:
    """Whether the cell is done. Raises Damaged where the file is there and cannot be read."""
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


def set_aside(path: Path) -> Path:
    """Rename a damaged file so that its cell runs again and nothing is lost; returns its new name."""
    number = 0
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    return aside


MEASURE_COLUMNS = ["task", "variant", "seed", "checkpoint", "fraction", "env_steps", "measure", "value"]


class Results(NamedTuple):
    """What cells hold."""

    frame: pd.DataFrame  # SCHEMA without the measures: a row a member and checkpoint
    measures: pd.DataFrame  # MEASURE_COLUMNS: a row a member, checkpoint and measure
    metas: list[dict[str, Any]]  # configuration and provenance, a cell each


def read(paths: Sequence[Path]) -> Results:
    """The cells as tidy frames; each file is read once."""

    tables = [_read(path) for path in paths]
    metas = [json.loads(t.schema.metadata[META]) for t in tables]
    whole = pa.concat_tables([t.replace_schema_metadata() for t in tables]) if tables else SCHEMA.empty_table()
    measures = whole.column("measures").combine_chunks()
    frame: pd.DataFrame = whole.drop_columns("measures").to_pandas()
    counts = np.diff(measures.offsets.to_numpy()) if len(frame) else np.zeros(0, np.int64)
    names = frame.astype({"task": "category", "variant": "category"})  # millions of rows, few different words
    rows = names[MEASURE_COLUMNS[:-2]].take(np.repeat(np.arange(len(frame)), counts)).reset_index(drop=True)
    rows["measure"] = measures.keys.dictionary_encode().to_pandas()
    rows["value"] = measures.items.to_pandas()
    return Results(frame, rows, metas)


def read_cells(paths: Sequence[Path]) -> pd.DataFrame:
    """The cells as one tidy frame, without the measures."""
    return read(paths).frame


def read_meta(path: Path) -> dict[str, Any]:
    """Configuration and provenance of a cell."""
    meta: dict[str, Any] = json.loads(_read(path).schema.metadata[META])
    return meta


def state_path(cell: Path) -> Path:
    """Where an unfinished cell keeps its State."""
    return cell.with_suffix(".state")


def save_state(path: Path, state: State, records: Sequence[Record]) -> None:
    """A State and the records it has yielded, in one safetensors file."""
    meta = {"state": json.dumps({**state.meta, "records": [asdict(r) for r in records]})}
    replace_file(path, lambda beside: safetensors.torch.save_file(state.tensors, beside, metadata=meta))


def load_state(path: Path) -> tuple[State, list[Record]] | None:
    """The saved State, or None where there is none or it is damaged (the cell then starts anew)."""
    if not path.exists():
        return None
    try:
        tensors = safetensors.torch.load_file(path)
        with safetensors.safe_open(path, "pt") as file:
            meta = json.loads(file.metadata()["state"])
        records = [Record(**{**row, "texts": tuple(row["texts"])}) for row in meta.pop("records")]
    except (safetensors.SafetensorError, OSError, KeyError, TypeError, ValueError):
        return None
    return State(tensors, meta), records
