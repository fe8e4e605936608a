"""Files of models: their hash, and the optional packages that read them, without a network."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from envs.validation import UsageError

LENGTH = 16  # hexadecimal digits of a digest


def require(package: str) -> Any:
    """An optional package, imported with the hub and its telemetry switched off. UsageError where it is missing."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    check_installed(package.partition(".")[0])
    return importlib.import_module(package)


def check_installed(*packages: str) -> None:
    """UsageError if one of these optional packages is missing; imports nothing."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise UsageError(f'the package {package} is not installed: pip install "pg-ladder[hf]"')


def free_memory() -> int:
    """Bytes of memory that can be had without swapping; where the system does not say, all that there is."""
    known = Path("/proc/meminfo")
    lines = known.read_text().splitlines() if known.is_file() else []
    kilobytes = next((int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)
    if kilobytes is not None:
        return 1024 * kilobytes
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def digest_of(files: Iterable[Path]) -> str:
    """SHA-256 of these files' names and contents, in the order of the names."""
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda p: p.name):
        with path.open("rb") as file:
            digest.update(f"{path.name}\0".encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:LENGTH]
