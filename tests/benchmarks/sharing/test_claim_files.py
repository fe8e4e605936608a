"""The operations of claims on a real folder."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from benchmarks.sharing.claim_files import ClaimFiles


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_made_once_and_nothing_is_left_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "this file system has none")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    files, path = ClaimFiles(), tmp_path / "a"
    assert files.create(path, b"first")
    assert not files.create(path, b"second")
    assert path.read_bytes() == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_link_whose_answer_was_lost_is_known_by_the_number_of_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server makes the link, its answer is lost, the client asks again, and hears that the name exists."""
    link = os.link

    def asked_twice(part: Path, path: Path) -> None:
        link(part, path)
        link(part, path)

    monkeypatch.setattr(os, "link", asked_twice)
    files = ClaimFiles()
    assert files.create(tmp_path / "a", b"ours")
    assert not files.create(tmp_path / "a", b"theirs")


def test_half_a_file_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="no room"):
        ClaimFiles().create(tmp_path / "a", b"x")
    assert list(tmp_path.iterdir()) == []


def test_reading(tmp_path: Path) -> None:
    files = ClaimFiles()
    assert files.read(tmp_path / "a") is None
    (tmp_path / "folder").mkdir()
    found = files.read(tmp_path / "folder")
    assert found is not None
    assert found.data == b""
    (tmp_path / "long").write_bytes(b"x" * 100_000)
    found = files.read(tmp_path / "long")
    assert found is not None
    assert len(found.data) == 8192


def test_bytes_within_a_file_are_replaced(tmp_path: Path) -> None:
    files, path = ClaimFiles(), tmp_path / "a"
    path.write_bytes(b"0123456789")
    files.overwrite(path, 2, b"xy")
    assert path.read_bytes() == b"01xy456789"
    with pytest.raises(FileNotFoundError):
        files.overwrite(tmp_path / "b", 2, b"xy")  # a claim that is gone does not come back
