"""No test is skipped in silence: the last line names what was skipped, and in CI a skip is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
TESTS = """
import pytest
@pytest.mark.skipif(True, reason="no browser here")
def test_page(): ...
def test_server(): pytest.skip("no server here")
def test_driver(server): ...
@pytest.fixture
def server(): pytest.skip("no server here")
@pytest.mark.xfail(reason="known")
def test_known(): assert False
def test_fine(): ...
"""
MISSING = 'import pytest\npytest.importorskip("no_such_module", reason="no module here")\ndef test_a(): ...\n'


def run(folder: Path, *words: str, strict: bool = False) -> tuple[int, list[str]]:
    """Exit status and the lines of a pytest run on two small files that share our conftest.py."""
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_one.py").write_text(TESTS)
    (folder / "test_two.py").write_text(MISSING)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "PG_LADDER"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), *words]
    env |= {"PG_LADDER_NO_SKIPS": "1"} if strict else {}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout.strip().splitlines()


@pytest.mark.parametrize("words", [(), ("-n", "1")], ids=["alone", "workers"])
def test_the_last_line_names_what_was_skipped(tmp_path: Path, words: tuple[str, ...]) -> None:
    status, lines = run(tmp_path, *words)
    assert status == 0
    parts = {"1 skipped: no browser here", "2 skipped: no server here", "1 skipped: no module here"}
    assert set(lines[-1].split("; ")) == parts


@pytest.mark.parametrize("words", [(), ("-n", "1")], ids=["alone", "workers"])
def test_where_skips_are_forbidden_they_fail(tmp_path: Path, words: tuple[str, ...]) -> None:
    status, lines = run(tmp_path, "--continue-on-collection-errors", *words, strict=True)
    assert status != 0
    text = "\n".join(lines)
    for reason in ("no browser here", "no server here", "no module here"):
        assert f"skipped: {reason}" in text
    assert lines[-1] == "no test was skipped"
