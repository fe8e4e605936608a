"""The States of unfinished cells: saved atomically, and resumed only if they are the cell's own and undamaged.

results/<experiment>/cells/<the cell's name>.state         a RunState and the records before it, in one safetensors file
....state.damaged-<n>                                      one that could not be resumed
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch

from algorithms.training.records import Record
from algorithms.training.state import RunState
from benchmarks.store import sources, tensor_files
from envs.files.partial import left_behind, machine
from envs.files.writing import replace_file

SUFFIX = ".state"


class Unusable(ValueError):
    """A RunState that a cell cannot resume; the message gives the reason."""


def state_path(cell: Path) -> Path:
    """Where an unfinished cell keeps its RunState."""
    return cell.with_suffix(SUFFIX)


def save_state(path: Path, state: RunState, records: Sequence[Record], digest: str = "") -> None:
    """A RunState, the records it has yielded, and the digest of its cell. Raises NotWritten (an OSError)."""
    text = json.dumps({**state.meta, "records": [asdict(r) for r in records]})
    meta = {
        "state": text,
        "digest": digest,
        "checksum": tensor_files.checksum(state.tensors, text),
        "writer": f"{machine()} {os.getpid()}",
    }

    def write(part: Path) -> None:
        try:
            safetensors.torch.save_file(state.tensors, part, metadata=meta)
        except safetensors.SafetensorError as error:  # what the library makes of a full disk
            raise OSError(str(error)) from error

    replace_file(path, write)


def load_state(path: Path, digest: str = "") -> tuple[RunState, list[Record]]:
    """The saved RunState of the cell with this digest. Raises Unusable with the reason, FileNotFoundError where none is."""
    try:
        tensors, meta = tensor_files.load(path)
        text = meta["state"]
        meta_of_state = json.loads(text)
        records = [_record(row) for row in meta_of_state.pop("records")]
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unusable("it is damaged") from error
    if "checksum" not in meta:
        raise Unusable("an earlier release wrote it")
    if meta["checksum"] != tensor_files.checksum(tensors, text):
        raise Unusable("it is damaged: its contents are not those that were written")
    if meta.get("digest") != digest:
        raise Unusable("it is of another cell")
    return RunState(tensors, meta_of_state), records


def _record(row: dict[str, Any]) -> Record:
    """The record that JSON holds."""
    return Record(**{**row, **{name: tuple(row.get(name, ())) for name in ("texts", "text_scores")}})


def remove_useless_states(cells: Path) -> int:
    """Remove the States of cells that are done, unless a process that may live has written them; returns how many."""
    removed = 0
    for path in [*cells.glob(f"*{SUFFIX}"), *cells.glob(f"*{SUFFIX}.damaged-*")]:
        done = path.with_name(path.name.partition(SUFFIX)[0] + ".parquet")
        with contextlib.suppress(OSError):
            if done.exists() and left_behind(path, *_writer(path)) and sources.readable(done):
                path.unlink()
                removed += 1
    return removed


def _writer(path: Path) -> tuple[str, int]:
    """Machine and process id of the process that saved a RunState; empty where they cannot be read."""
    try:
        on, process = tensor_files.load(path)[1]["writer"].split()
        return on, int(process)
    except (ValueError, KeyError):
        return "", 0
