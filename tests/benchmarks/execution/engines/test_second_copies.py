"""Second copies of real cells: on processes that stand for two machines, and on Ray."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from algorithms.training.records import Progress
from benchmarks.execution.dispatch import dispatcher, stragglers
from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.engine import Engine, OnEvent, Origin, Setup
from benchmarks.execution.engines.pool import Pool
from benchmarks.execution.engines.ray_engine import RayEngine
from benchmarks.execution.jobs import COPIES, CellJob
from benchmarks.execution.provenance import provenance
from benchmarks.store.cells import same_rows
from benchmarks.store.sources import read_cell
from benchmarks.store.states import state_path
from tests.benchmarks.small_cells import small_cell

WAIT_S = 0.5


class TwoMachines(Pool):
    """Each job on a machine of its own."""

    one_machine = False

    def machine(self, index: int) -> str | None:
        return str(index)

    def elsewhere(self, not_on: Collection[str]) -> bool:
        return True


@dataclass(frozen=True)
class OnASlowMachine(CellJob):
    """A cell that waits at each step of its training, but for its second copy. It waits for ever once its State is there, so
    that only a copy can end it."""

    def run(self, on_event: OnEvent, origin: Origin) -> None:
        def slowly(event: object) -> None:
            on_event(event)  # type: ignore[arg-type]
            if isinstance(event, Progress):
                time.sleep(WAIT_S)

        copy = self.path.parent.name == COPIES
        if copy:
            assert state_path(self.path).exists()
        super().run(on_event if copy else slowly, origin)


@pytest.fixture(
    params=["pool", pytest.param("ray", marks=[pytest.mark.slow, pytest.mark.xdist_group("ray")])],
)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    setup = Setup(3, provenance(), tmp_path)
    make = (
        TwoMachines(setup) if request.param == "pool" else RayEngine(setup, request.getfixturevalue("cluster").address)
    )
    with make as engine:
        yield engine


def test_a_slow_cell_is_finished_by_its_second_copy(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three others say how long such cells take. The copy goes on from the State, and its rows are those of this process."""
    monkeypatch.setattr(stragglers, "SHORTEST_S", 2.0)
    monkeypatch.setattr(dispatcher, "TICK_S", 0.2)
    cell, slow = small_cell(), small_cell(env_steps=24_000)
    path = tmp_path / "cells" / slow.file_name
    dispatcher_ = Dispatcher(engine)
    dispatcher_.submit(OnASlowMachine(slow, path))
    for i in range(3):
        dispatcher_.submit(CellJob(cell, tmp_path / "cells" / f"{i}-{cell.file_name}"))
    heard = list(dispatcher_.messages())
    assert [m.error for m in heard if m.ended] == [None] * 4
    (note,) = (m.note for m in heard if m.note)
    assert note.endswith("; a second copy begins")
    here = tmp_path / "here" / slow.file_name
    CellJob(slow, here).run(lambda _: None, provenance())
    assert same_rows(read_cell(path), read_cell(here))
    assert not (tmp_path / COPIES).exists()
    assert not state_path(path).exists()
