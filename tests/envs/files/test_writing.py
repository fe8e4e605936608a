"""Files that are written by many at once and on full disks."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from envs.files.partial import part_path
from envs.files.writing import NotWritten, replace_bytes, replace_file, write_text


def full(part: Path) -> None:
    """Half a file, and then no more room."""
    part.write_bytes(b"half")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_long_name_leaves_room_for_the_rest(tmp_path: Path) -> None:
    for name in ("x" * 255, "ä" * 127):
        assert len(part_path(tmp_path / name).name.encode()) <= 255
        write_text(tmp_path / name, "whole")
        assert (tmp_path / name).read_text() == "whole"


def test_many_writers_of_one_file_leave_a_whole_one(tmp_path: Path) -> None:
    """Eight threads, 50 times each: with one name for all parts, one moves what another is still writing."""
    path, errors = tmp_path / "report.md", []

    def write(letter: str) -> None:
        try:
            for _ in range(50):
                write_text(path, letter * 100_000)
                assert len(set(path.read_text())) == 1
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(path.read_text()) == 100_000
    assert [p.name for p in tmp_path.iterdir()] == ["report.md"]


def test_a_full_disk_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    replace_bytes(path, b"old")
    with pytest.raises(NotWritten, match=r"x\.parquet could not be written: No space left on device"):
        replace_file(path, full)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.parquet"]


def tripping(part: Path) -> None:
    """As a library does that closes its file after an error."""
    try:
        full(part)
    finally:
        raise AttributeError("'Stream' object has no attribute 'pos'")


def wrapping(part: Path) -> None:
    try:
        full(part)
    except OSError as error:
        raise RuntimeError("could not save") from error


@pytest.mark.parametrize("write", [tripping, wrapping])
def test_what_a_library_makes_of_a_full_disk_is_one(tmp_path: Path, write: Callable[[Path], object]) -> None:
    with pytest.raises(NotWritten, match=r"x\.pdf could not be written: No space left on device"):
        replace_file(tmp_path / "x.pdf", write)
    with pytest.raises(ZeroDivisionError):  # an error of another kind stays what it is
        replace_file(tmp_path / "x.pdf", lambda part: 1 / 0)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    with pytest.raises(NotWritten, match="results/x could not be written"):
        write_text(tmp_path / "results" / "x", "text")


def test_a_really_full_disk(tmp_path: Path) -> None:
    """A file system of 64 KiB in memory; mounting it needs the rights to."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"mounting a file system is not allowed here: {mounted.stderr.strip()}")
    try:
        replace_bytes(folder / "x", bytes(20_000))
        with pytest.raises(NotWritten, match="No space left on device"):
            replace_bytes(folder / "x", bytes(90_000))
        assert [(p.name, p.stat().st_size) for p in folder.iterdir()] == [("x", 20_000)]
    finally:
        subprocess.run(["umount", str(folder)], check=True)
