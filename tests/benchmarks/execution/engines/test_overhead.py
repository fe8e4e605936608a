"""What an engine costs a cell besides the cell. `pytest -m slow -s` on this file prints it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.execution.engine import Engine, OnEvent, Setup
from benchmarks.execution.engines.pool import Pool
from benchmarks.execution.engines.ray_engine import RayEngine
from benchmarks.execution.provenance import provenance
from tests.benchmarks.execution.engines.work import dispatched

CELLS, CELL_S, SLOTS, MOST_S = 200, 0.1, 2, 0.020


def rests(name: str, path: Path, tell: OnEvent) -> None:
    """A cell that needs no processor, so that the machine's other work does not count."""
    time.sleep(CELL_S)


def overhead(engine: Engine, folder: Path) -> float:
    """Seconds a cell and slot, but for the cell itself; workers have started before."""
    dispatched(engine, folder, [f"first {i}" for i in range(2 * SLOTS)], rests)
    begun = time.perf_counter()
    _, ends = dispatched(engine, folder, [f"{i}" for i in range(CELLS)], rests)
    assert set(ends.values()) == {None}
    return (time.perf_counter() - begun) * SLOTS / CELLS - CELL_S


@pytest.mark.slow
@pytest.mark.xdist_group("ray")
def test_a_cluster_costs_a_cell_at_most_twenty_milliseconds_more(cluster: Any, tmp_path: Path) -> None:
    with Pool(Setup(SLOTS)) as pool:
        alone = overhead(pool, tmp_path)
    with RayEngine(Setup(SLOTS, provenance(), tmp_path), cluster.address) as engine:
        on_cluster = overhead(engine, tmp_path)
    print(f"\nseconds a cell besides itself: pool {alone:.4f}, Ray {on_cluster:.4f}")
    assert on_cluster - alone < MOST_S
