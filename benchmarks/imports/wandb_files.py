"""Offline folders of Weights & Biases: a run's name, project, settings and history, read with the package's own messages.

A file run-<id>.wandb begins with `:W&B`, a magic number and a version. Records follow in blocks of 32,768 bytes, each with
a checksum (4 bytes), a length (2) and a type (1): whole, first, middle or last part, as in LevelDB's log format.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from envs.validation import UsageError

BLOCK, HEADER = 32_768, 7
WHOLE, FIRST, MIDDLE, LAST = 1, 2, 3, 4
START = b":W&B\xe1\xbe\x00"
MISSING = "a .wandb file is read with the package that wrote it: pip install wandb, or export a CSV"


@dataclass(frozen=True)
class WandbRun:
    """A run as it was logged; nested settings are joined with dots, and so are nested metrics."""

    name: str
    project: str
    config: dict[str, Any]
    rows: list[dict[str, Any]]


def read_run(folder: Path) -> WandbRun:
    """The run of an offline folder, or of a .wandb file. UsageError where it is none, or the package is missing."""
    files = [folder] if folder.suffix == ".wandb" else sorted(folder.glob("run-*.wandb"))
    if not files:
        raise UsageError(f"{folder} is no folder of an offline run: it has no run-*.wandb")
    try:
        messages = importlib.import_module("wandb.proto.wandb_internal_pb2")
    except ImportError as error:
        raise UsageError(f"{files[0].name}: {MISSING}") from error
    name, project, config, rows = "", "", dict[str, Any](), list[dict[str, Any]]()
    for content in _records(files[0]):
        try:
            record = messages.Record.FromString(content)
        except Exception as error:  # protobuf's DecodeError, of which the package has several versions
            raise UsageError(f"{files[0].name} holds a record that cannot be read: {error}") from error
        if record.WhichOneof("record_type") == "run":
            name, project = record.run.display_name, record.run.project
            config |= _items(record.run.config.update)
        elif record.WhichOneof("record_type") == "config":
            config |= _items(record.config.update)
        elif record.WhichOneof("record_type") == "history":
            rows.append(_items(record.history.item))
    if not project and not rows:
        raise UsageError(f"{files[0].name} holds no run")
    return WandbRun(name, project, _flat(config), rows)


def _items(items: Any) -> dict[str, Any]:
    """The values of a message's items; a nested key is joined with dots."""
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}


def _flat(config: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        flat |= _flat(value, f"{before}{key}.") if isinstance(value, dict) else {f"{before}{key}": value}
    return flat


def _records(file: Path) -> Iterator[bytes]:
    """The records of a file; a last one that was cut off, by a kill or a full disk, is left out."""
    content = file.read_bytes()
    if not content.startswith(START):
        raise UsageError(f"{file.name} is no file of Weights & Biases that is understood here")
    at, parts = len(START), b""
    while at + HEADER <= len(content):
        left = BLOCK - at % BLOCK
        if left < HEADER:  # the rest of a block that is too short for a header
            at += left
            continue
        length, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        piece = content[at + HEADER : at + HEADER + length]
        if kind not in (WHOLE, FIRST, MIDDLE, LAST) or len(piece) < length:
            return
        parts = piece if kind in (WHOLE, FIRST) else parts + piece
        if kind in (WHOLE, LAST):
            yield parts
        at += HEADER + length
