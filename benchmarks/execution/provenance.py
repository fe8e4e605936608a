"""Where numbers come from: code version, packages, machine, command line."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.design.cell import RESULTS_VERSION
from benchmarks.design.identity import canonical
from envs.custom.sources import LENGTH, SOURCE

OURS, SOURCES = "pg-ladder", ("envs", "algorithms", "benchmarks")
PACKAGES = ("numpy", "torch", "gymnasium", "envpool", "stable-baselines3", "pandas", "scipy", "optuna")
ROOT = Path(__file__).resolve().parents[2]  # of the repository: a change of any package makes it dirty


def _git(*words: str) -> str:
    try:
        result = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return result.stdout.strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


@cache
def provenance(device: str = "cpu") -> dict[str, object]:
    """The facts that two sets of numbers must share before they are pooled."""
    return {
        **code(),
        **machine(),
        "device": device,
        "threads_per_cell": 1,
        "command": command(sys.argv[1:]) if _from_command_line() else "benchmarks.run, from Python",
    }


@cache
def code() -> dict[str, object]:
    """Which code of ours runs here."""
    return {
        "commit": _git("rev-parse", "HEAD") or "unknown",
        "dirty": bool(_git("status", "--porcelain", "--", ".", ":!results")),
        "release": _version(OURS),
        "results_version": RESULTS_VERSION,
    }


@cache
def machine() -> dict[str, object]:
    """What this process runs on."""
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "system": platform.platform(),
        "processor": _processor(),
    }


@cache
def source_of_ours() -> str:
    """A hash of our packages' source files: what two processes must share before one does the other's work."""
    hashed = hashlib.sha256()
    for path in sorted(path for package in SOURCES for path in (ROOT / package).rglob("*.py")):
        hashed.update(f"{path.relative_to(ROOT).as_posix()}\n".encode())
        hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()


def of_worker(origin: Mapping[str, object]) -> dict[str, object]:
    """The driver's provenance with the facts of this machine in the place of the driver's; empty stays empty."""
    return {**origin, **machine()} if origin else {}


def _from_command_line() -> bool:
    """Whether this process runs a command: a notebook's own arguments say nothing of its results."""
    started = Path(sys.argv[0])
    return started.stem == "pg-ladder" or started.parts[-2:] == ("benchmarks", "__main__.py")


def command(words: list[str]) -> str:
    """The command line without `--results FOLDER`: no number depends on where a machine keeps them."""
    words_without_results, skip = [], False
    for word in words:
        if not skip and not word.startswith("--results"):
            words_without_results.append(word)
        skip = word == "--results"
    return " ".join(["python -m benchmarks", *words_without_results])


def source_hash(parts: Iterable[Any]) -> str:
    """A hash of the sources of the user's code that these parts of cells are made of; empty where all is ours."""
    hashes = [hashed for part in parts for hashed in _hashes(canonical(part))]
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:LENGTH] if hashes else ""


def _hashes(described: Any) -> Iterator[Any]:
    """Hashes of foreign classes and identities of environments in a canonical value."""
    if isinstance(described, dict):
        yield from (described[key] for key in (SOURCE, "identity") if described.get(key))
        described = list(described.values())
    if isinstance(described, list):
        for part in described:
            yield from _hashes(part)
