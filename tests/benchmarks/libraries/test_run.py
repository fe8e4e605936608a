"""Functions of installed libraries under the kit: all cells, and that what broke is what is on record."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from algorithms.conformance.foreign.rules.properties import SAYS
from benchmarks.libraries import run
from benchmarks.libraries.cells import CELLS
from benchmarks.libraries.run import LIBRARIES

ROOT = Path(__file__).resolve().parents[3]
RECORDED = json.loads((ROOT / "results" / "reference" / "libraries.json").read_text())
VARIABLE, MOST_SECONDS = "PG_LADDER_LIBRARIES", 300


def test_every_cell_is_on_record() -> None:
    assert [(r["library"], r["function"], r["settings"]) for r in RECORDED["rows"]] == [
        (cell.library, cell.function, cell.settings) for cell in CELLS
    ]
    assert len(CELLS) >= 25
    assert LIBRARIES == ("trl", "verl", "torchrl")
    assert {*RECORDED["versions"]} == {*LIBRARIES, "torch"}


def test_no_cell_is_there_twice_and_promises_exist() -> None:
    assert len({(cell.name, cell.settings) for cell in CELLS}) == len(CELLS)
    for cell in CELLS:
        assert all(name in SAYS or name.islower() for name in cell.promises)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(run, "missing", lambda: [*LIBRARIES])
    monkeypatch.setattr(run, "version", lambda name: "0")
    assert run.main() == 1
    printed = capsys.readouterr()
    assert "verl is not installed: its functions are left out" in printed.err
    assert json.loads(printed.out)["rows"] == []


@pytest.mark.slow
def test_what_broke_is_what_is_on_record() -> None:
    python = os.environ.get(VARIABLE)
    if python is None:
        pytest.skip(f"{VARIABLE} is not set: docs/other-libraries.md says what its Python needs")
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    start = time.monotonic()
    done = subprocess.run(
        [python, "-m", "benchmarks.libraries"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    seconds = time.monotonic() - start
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["versions"] == RECORDED["versions"]
    for now, before in zip(found["rows"], RECORDED["rows"], strict=True):
        named = (now["function"], now["settings"])
        assert [one["rule"] for one in now["broke"]] == [one["rule"] for one in before["broke"]], named
        assert now["held"] == before["held"], named
    assert seconds < MOST_SECONDS
