"""Files that are written completely or not at all: each is written under a name of its own in the same folder, and then
moved.

.<name>.<machine>.<process>.<token>.part     a file that is being written, or that a killed process left behind
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

STALE_S = 24 * 3600.0  # no file takes that long to write; older ones were left behind by some process
NAME_BYTES = 255  # the longest file name of the usual file systems
_PART = re.compile(r"\..+\.(?P<machine>[\w-]+)\.(?P<process>\d+)\.[0-9a-f]{8}\.part")
_EARLIER_PART = re.compile(r"\..+?(\.\d+)?\.part")  # as they were named before they had a machine


class Damaged(ValueError):
    """A result file that cannot be read, or does not hold what it should.

    paths  the damaged files, where several were read
    """

    def __init__(self, message: str, paths: tuple[Path, ...] = ()) -> None:
        super().__init__(message)
        self.paths = paths


class NotWritten(OSError):
    """A file that could not be written. No part of it is left, and an earlier file is unchanged."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} could not be written: {reason}")
        self.reason = reason


def replace_file(path: Path, write: Callable[[Path], object], durable: bool = True) -> None:
    """Let `write` make a file in the same folder, and move it to `path`: a reader sees the old file or the new one.

    durable  wait until it is on the disk before it is moved
    Raises NotWritten where the disk is full or the folder cannot be written.
    """
    part = part_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        if durable:
            with part.open("rb") as written:
                os.fsync(written.fileno())
        part.replace(path)
    except Exception as error:
        if (reason := _system_error(error)) is None:
            raise
        raise NotWritten(path, reason.strerror or str(reason)) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def place_folder(path: Path, write: Callable[[Path], object]) -> bool:
    """Let `write` fill a new folder in the same place, and move it to `path`: a reader sees all of it or nothing.

    Returns False where another process has put a folder there first: that one is kept. Raises NotWritten.
    """
    part = part_path(path)
    try:
        part.mkdir(parents=True)
        write(part)
        for file in part.rglob("*"):
            if file.is_file():
                with file.open("rb") as written:
                    os.fsync(written.fileno())
        part.replace(path)
    except Exception as error:
        if path.is_dir() and isinstance(error, OSError) and error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        if (reason := _system_error(error)) is None:
            raise
        raise NotWritten(path, reason.strerror or str(reason)) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return True


def _system_error(error: BaseException | None) -> OSError | None:
    """The system's error behind this one: libraries trip over a full disk once more while they close their file."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error


def replace_bytes(path: Path, content: bytes, durable: bool = True) -> None:
    """A file of this content."""
    replace_file(path, lambda part: part.write_bytes(content), durable)


def write_text(path: Path, text: str) -> None:
    """A text file in UTF-8 that can be made again from results: not waited for until it is on the disk."""
    replace_file(path, lambda part: part.write_text(text, encoding="utf-8"), durable=False)


def save_json(path: Path, value: Mapping[str, object]) -> None:
    """An object as JSON."""
    replace_bytes(path, json.dumps(value, indent=1).encode())


def read_document(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds. Raises Damaged where there is none."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Damaged(f"{path.name}: {reason(error)}") from error
    if not isinstance(value, dict):
        raise Damaged(f"{path.name}: it holds no object")
    return value


def reason(error: Exception) -> str:
    """The error's message in one line, or its class where it has none."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def part_path(path: Path) -> Path:
    """A name in the same folder that no other process, thread or machine uses."""
    own = f".{machine()}.{os.getpid()}.{secrets.token_hex(4)}.part"
    room = NAME_BYTES - len(own) - 1
    return path.with_name(f".{path.name.encode()[:room].decode(errors='ignore')}{own}")


@cache
def machine() -> str:
    """Where a process id means something: this host, and its namespace of process ids (a container has its own)."""
    host = re.sub(r"[^A-Za-z0-9-]+", "-", socket.gethostname())[:32] or "host"
    try:
        return f"{host}-{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return host


def left_behind(path: Path, on: str, process: int) -> bool:
    """Whether the process that wrote this file is dead; what other machines wrote is judged by its age alone."""
    if on == machine() and not _alive(process):
        return True
    return time.time() - path.stat().st_mtime > STALE_S


def _alive(process: int) -> bool:
    if os.name != "posix":  # there, asking a process whether it lives would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def remove_partial_files(folder: Path) -> int:
    """Remove the unfinished files and folders under `folder` whose writers have died; returns how many."""
    removed = 0
    for path in list(folder.rglob(".*.part")):
        match = _PART.fullmatch(path.name)
        if match is None and not _EARLIER_PART.fullmatch(path.name):
            continue
        on, process = (match["machine"], int(match["process"])) if match else ("", 0)
        with contextlib.suppress(OSError):  # another run may sweep too, or have finished the file
            if left_behind(path, on, process):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                removed += 1
    return removed


def set_aside(path: Path) -> Path:
    """Rename a damaged file so that its work is done again and nothing is lost; returns its new name."""
    number = 0
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    with contextlib.suppress(FileNotFoundError):  # another run has set it aside already
        path.rename(aside)
    return aside
