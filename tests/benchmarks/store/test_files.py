"""Files that are written by many at once, on full disks, and by processes that are killed."""

from __future__ import annotations

import ast
import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.store import files
from benchmarks.store.files import (
    NotWritten,
    machine,
    part_path,
    remove_partial_files,
    replace_bytes,
    replace_file,
    set_aside,
    write_text,
)

ROOT = Path(__file__).resolve().parents[3]


def full(part: Path) -> None:
    """Half a file, and then no more room."""
    part.write_bytes(b"half")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_no_two_writers_share_a_name(tmp_path: Path) -> None:
    names = {part_path(tmp_path / "x.md").name for _ in range(100)}
    assert len(names) == 100
    assert all(n.startswith(f".x.md.{machine()}.{os.getpid()}.") and n.endswith(".part") for n in names)


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


def dead_process() -> int:
    """A process id that was somebody's and is nobody's."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_litter_is_swept_and_work_in_progress_is_not(tmp_path: Path) -> None:
    dead, old = dead_process(), time.time() - files.STALE_S - 60
    here = machine()
    names = {
        f".a.parquet.{here}.{dead}.0123abcd.part": True,  # its process is dead
        f".b.md.{here}.{os.getpid()}.0123abcd.part": False,  # its process lives
        f".c.md.other-1.{dead}.0123abcd.part": False,  # another machine's, and young
        f".d.md.{here}0.{dead}.0123abcd.part": False,  # another container's
        ".e.md.part": False,  # an earlier release's, and young
    }
    for folder in (tmp_path, tmp_path / "tables"):
        folder.mkdir(exist_ok=True)
        for name in [*names, "f.part", ".g.part"]:
            (folder / name).touch()
    assert remove_partial_files(tmp_path) == 2
    left = {p.name for p in tmp_path.rglob("*.part")}
    assert left == {name for name, gone in names.items() if not gone} | {"f.part", ".g.part"}
    for path in tmp_path.rglob("*.part"):
        os.utime(path, (old, old))
    remove_partial_files(tmp_path)
    assert {p.name for p in tmp_path.rglob("*.part")} == {"f.part"}  # somebody else's


def test_what_is_set_aside_twice_is_kept_twice(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    for content in ("one", "two"):
        path.write_text(content)
        set_aside(path)
    assert [(tmp_path / f"x.parquet.damaged-{i}").read_text() for i in (0, 1)] == ["one", "two"]
    set_aside(path)  # another run has done it already


def test_everything_is_written_by_one_function() -> None:
    """No other module of the harness writes to a file's own place: the target is called `part`."""
    writers = ("write_text", "write_bytes", "savefig", "write_table", "save_file")
    exchanged = (
        "trl_process.py",
        "trl_trainer.py",
    )  # in a temporary folder, whose reader waits until the writer has ended
    direct = []
    for path in sorted((ROOT / "benchmarks").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())) if path.name not in exchanged else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in writers:
                text = ast.unparse(node)
                if "part" not in text and not text.startswith("files."):
                    direct.append((path.name, text))
    assert direct == []
