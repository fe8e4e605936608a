"""Checks before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.validation.usage import WorkFailed, check_folder, work_errors
from envs.validation import UsageError


def test_a_probe_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_folder(tmp_path / "a" / "b", "--out")
    assert not [*tmp_path.iterdir()]

    def refused(*args: object, **kwargs: object) -> tuple[int, str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refused)  # whatever the permissions say
    with pytest.raises(UsageError, match=r"--out: .*b cannot be written to .Permission denied"):
        check_folder(tmp_path / "a" / "b", "--out")
    assert not [*tmp_path.iterdir()]


def test_failed_work_is_named_once() -> None:
    with pytest.raises(WorkFailed, match=r"^the cell: the reason$"), work_errors("the run"):
        raise WorkFailed("the cell: the reason")
    with pytest.raises(WorkFailed, match=r"^the run: KeyError: 'x'"), work_errors("the run"):
        raise KeyError("x")
    with pytest.raises(WorkFailed, match=r"called sys.exit\(3\)"), work_errors("the run"):
        raise SystemExit(3)
