"""Files of models: their hash, written in one piece, and the optional packages that read them, without a network."""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from envs.validation import UsageError

LENGTH = 16  # hexadecimal digits of a digest


def require(package: str) -> Any:
    """An optional package, imported with the hub and its telemetry switched off. UsageError where it is missing."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise UsageError(f'{package} is not installed: pip install "pg-ladder[hf]" ({error})') from None


def digest_of(files: Iterable[Path]) -> str:
    """SHA-256 of these files' names and contents, in the order of the names."""
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda p: p.name):
        with path.open("rb") as file:
            digest.update(f"{path.name}\0".encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:LENGTH]


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside `path`, and move it there: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
