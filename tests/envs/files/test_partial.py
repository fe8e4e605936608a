"""Names of files that are being written, and which of them are removed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from envs.files.partial import STALE_S, machine, part_path, remove_partial_files


def test_no_two_writers_share_a_name(tmp_path: Path) -> None:
    names = {part_path(tmp_path / "x.md").name for _ in range(100)}
    assert len(names) == 100
    assert all(n.startswith(f".x.md.{machine()}.{os.getpid()}.") and n.endswith(".part") for n in names)


def dead_process() -> int:
    """A process id that was somebody's and is nobody's."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_litter_is_swept_and_work_in_progress_is_not(tmp_path: Path) -> None:
    dead, old = dead_process(), time.time() - STALE_S - 60
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
