"""Files and folders are written under a name of their own in the same folder, and then moved to their place."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from envs.files.partial import part_path


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
