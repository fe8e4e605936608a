"""The results of tuning studies: a JSON file each, or packed as two Parquet files, as they are released.

<results>/<folder>/<variant>__<task>.json    a study
<results>/<folder>.trials.parquet            a row a trial, with the stem of its study's file name in `file`
<results>/<folder>.studies.parquet           a row a study: everything else that it holds, as JSON
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.store.file_names import is_file_name, sibling
from benchmarks.store.files import Damaged, read_document
from benchmarks.store.packed import read_table, write_table

TRIAL = pa.schema(
    [
        ("file", pa.string()),
        ("number", pa.int64()),
        ("state", pa.string()),
        ("value", pa.float64()),  # null: it has none
        ("values", pa.string()),  # JSON
        ("scores", pa.string()),  # JSON
    ]
)
AS_JSON = ("values", "scores")


def studies_path(folder: Path) -> Path:
    """The packed studies of the folder."""
    return sibling(folder, ".studies.parquet")


def trials_path(folder: Path) -> Path:
    """The packed trials of the folder's studies."""
    return sibling(folder, ".trials.parquet")


def stored_studies(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file name, contents) of every study of a folder, by name. Raises Damaged for a file that cannot be read."""
    paths = {path.name: path for path in folder.glob("*__*.json")}
    packed_studies = dict(_packed(folder)) if studies_path(folder).exists() else {}
    for name in sorted({*paths, *packed_studies}):
        yield name, read_document(paths[name]) if name in paths else packed_studies[name]


def _packed(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    trials: dict[str, list[dict[str, Any]]] = {}
    for row in read_table(trials_path(folder)).to_pylist():
        study = row.pop("file")
        trials.setdefault(study, []).append({k: json.loads(v) if k in AS_JSON else v for k, v in row.items()})
    for entry in read_table(studies_path(folder)).to_pylist():
        study = entry.pop("file")
        if not is_file_name(study):
            raise Damaged(f"{studies_path(folder).name}: {study!r} is not the name of a study's file")
        value = {key: json.loads(text) for key, text in entry.items() if text is not None}
        yield f"{study}.json", value | {"trials": trials.pop(study, [])}
    if trials:
        raise Damaged(f"{trials_path(folder).name}: it has trials of {min(trials)}, which no study describes")


def pack_studies(folder: Path, studies: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the studies, by file name, as the packed files of a folder."""
    trials, entries = [], []
    keys = [key for key in dict.fromkeys(k for s in studies.values() for k in s) if key != "trials"]
    for name in sorted(studies):
        stem = Path(name).stem
        trials += [{"file": stem, **t, **{k: json.dumps(t[k]) for k in AS_JSON}} for t in studies[name]["trials"]]
        value = studies[name]
        entries.append({"file": stem, **{key: json.dumps(value[key]) if key in value else None for key in keys}})
    columns = pa.schema([(key, pa.string()) for key in ("file", *keys)])
    write_table(trials_path(folder), pa.Table.from_pylist(trials, schema=TRIAL))
    write_table(studies_path(folder), pa.Table.from_pylist(entries, schema=columns))
