"""What the dispatcher relies on, of every engine: the pool, and Ray on two nodes."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from algorithms.training.records import Record
from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.engine import Engine, Job, Message, OnEvent, Origin, Setup
from benchmarks.execution.engines.pool import Pool
from benchmarks.execution.engines.ray_engine import RayEngine
from benchmarks.execution.jobs import CellJob
from benchmarks.execution.provenance import provenance
from benchmarks.store.cells import same_rows
from benchmarks.store.sources import read_cell
from benchmarks.store.states import state_path
from tests.benchmarks.execution.engines.work import Work, dispatched
from tests.benchmarks.small_cells import small_cell

if sys.platform == "win32":
    pytest.skip("resource limits", allow_module_level=True)
import resource

RECORD = Record(3, 0.01, 0, 0.0, 0, 0, 0.5, 1.25, 1.0, False)
MEMORY = 2**30


@pytest.fixture(scope="module", params=["pool", pytest.param("ray", marks=pytest.mark.xdist_group("ray"))])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    setup = Setup(2, provenance(), tmp_path_factory.mktemp(request.param), memory=MEMORY)
    started = Pool(setup) if request.param == "pool" else RayEngine(setup, request.getfixturevalue("cluster").address)
    with started as engine:
        yield engine


def misbehaves(name: str, path: Path, tell: OnEvent) -> None:
    again = path.with_suffix(".again")
    first = not again.exists()
    again.touch()
    if name == "raises":
        tell(RECORD)
        raise RuntimeError("no")
    if name == "exits":
        sys.exit(3)
    if name == "killed" or (name == "killed once" and first):
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "left":
        os._exit(0)
    if name == "prints":
        print("x" * 5_000_000)
        print("x" * 5_000_000, file=sys.stderr)
    path.touch()


def test_a_job_that_misbehaves_ends_alone(engine: Engine, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    names = ["killed", "raises", "fine", "killed once", "exits", "prints", "fine too"]
    names += ["left"] if engine.one_machine else []  # to Ray it is the same death, and each costs a worker's start
    heard, ends = dispatched(engine, tmp_path, names, misbehaves)
    assert str(ends["raises"]).startswith(
        "RuntimeError: no (tests/benchmarks/execution/engines/test_contract.py, line "
    )
    assert str(ends["exits"]).startswith("SystemExit: the code of the task or variant called sys.exit(3)")
    assert str(ends["killed"]).startswith("its worker died twice")
    assert str(ends.get("left", "its worker died twice")).startswith("its worker died twice")
    fine = ["fine", "fine too", "killed once", "prints"]
    assert sorted(name for name, error in ends.items() if error is None) == fine
    assert sorted(p.name for p in tmp_path.iterdir() if not p.suffix) == fine
    assert sorted(names[m.index] for m in heard if m.lost) == ["killed", "killed once", *names[7:]]
    assert [m.records for m in heard if m.error and m.records] == [(RECORD,)]
    begun = [m.index for m in heard if m == Message(m.index)]
    assert set(range(len(names))) <= set(begun)
    if not engine.one_machine:
        assert len(capfd.readouterr().err) < 1000


def hangs(name: str, path: Path, tell: OnEvent) -> None:
    if name == "hangs":  # in compiled code that lets no thread run
        re.match(r"(a+)+$", "a" * 40 + "b")
    path.touch()


def test_a_job_that_hangs_is_ended(engine: Engine, tmp_path: Path) -> None:
    _, ends = dispatched(engine, tmp_path, ["hangs", "fine", "too"], hangs, timeout_s=5)
    assert ends.pop("hangs") == "it ran longer than the 5 s of --cell-timeout, and was ended"
    assert set(ends.values()) == {None}


def leaks(name: str, path: Path, tell: OnEvent) -> None:
    kept = []
    while name == "leaks":
        kept.append(np.ones(2**22))
        time.sleep(0.02)
    path.touch()


def test_a_job_that_leaks_is_ended(engine: Engine, tmp_path: Path) -> None:
    heard, ends = dispatched(engine, tmp_path, ["leaks", "fine", "too"], leaks)
    assert re.fullmatch(
        r"it used 1\.\d\d GiB of memory, more than the 1\.00 GiB of --cell-memory", str(ends.pop("leaks"))
    )
    assert set(ends.values()) == {None}
    assert not [m for m in heard if m.lost]


def sleeps(name: str, path: Path, tell: OnEvent) -> None:
    if name == "long":
        time.sleep(60)
    path.touch()


def test_of_a_cancelled_job_nothing_is_heard(engine: Engine, tmp_path: Path) -> None:
    """While it runs, waiting for messages takes no longer than it may. Its slot is free when it is cancelled."""
    cancelled = engine.submit(Work(sleeps, tmp_path / "long"))
    while not engine.receive(1.0):
        pass
    begun = time.monotonic()
    assert list(engine.receive(0.3)) == []
    assert 0.25 < time.monotonic() - begun < 1
    engine.cancel(cancelled)
    following = {engine.submit(Work(sleeps, tmp_path / name)) for name in ("short", "too", "three")}
    heard: list[Message] = []
    while sum(message.ended for message in heard) < len(following):
        heard += engine.receive(1.0)
    assert {message.index for message in heard} == following
    assert (tmp_path / "three").exists()


@dataclass(frozen=True)
class OnAFullDisk(CellJob):
    """A cell that finds no room for its files."""

    def run(self, on_event: OnEvent, origin: Origin) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            super().run(on_event, origin)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def end_of(engine: Engine, job: Job) -> str | None:
    dispatcher = Dispatcher(engine)
    dispatcher.submit(job)
    return next(message.error for message in dispatcher.messages() if message.ended)


def test_a_cell_is_the_same_on_every_engine_and_a_full_disk_loses_nothing(engine: Engine, tmp_path: Path) -> None:
    cell = small_cell()
    path = tmp_path / "cells" / cell.file_name
    assert "could not be written" in str(end_of(engine, OnAFullDisk(cell, path)))
    assert list(path.parent.glob("*")) == []
    assert end_of(engine, CellJob(cell, path)) is None
    here = tmp_path / "here" / cell.file_name
    CellJob(cell, here).run(lambda _: None, provenance())
    assert same_rows(read_cell(path), read_cell(here))
    origin, ours = (read_cell(p)[1]["provenance"] for p in (path, here))
    assert origin == ours
    assert not state_path(path).exists()
