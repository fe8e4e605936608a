"""The simulated cluster, by hand, and that its stored table is what it gives now."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.engine import Message
from docs._scripts import cluster_simulation
from docs._scripts.cluster_simulation import SCENARIOS, Cluster, Piece, Scenario, simulate

RELEASED = Path(__file__).resolve().parents[2] / "results" / "reference"


def run(cluster: Cluster, folder: Path, seconds: list[float], copies: bool = True) -> float:
    with cluster_simulation._on_clock(cluster):
        dispatcher = Dispatcher(cluster)
        for i, s in enumerate(seconds):
            dispatcher.submit(Piece(folder / "cells" / str(i), s, s, copies))
        assert [message.error for message in dispatcher.messages() if message.ended] == [None] * len(seconds)
    return cluster.now


def cluster(slowness: list[float], states: bool = True) -> Cluster:
    return Cluster(slowness, 0.0, states, np.random.default_rng(0))


def test_two_cores_work_off_a_queue(tmp_path: Path) -> None:
    """30 | 10 + 10 + 20: the second core ends at 40. Longest first, 30 + 10 | 20 + 10: at 40 and 30."""
    assert run(cluster([1.0, 1.0]), tmp_path, [30, 10, 10, 20]) == 40
    assert run(cluster([1.0, 1.0]), tmp_path, [30, 20, 10, 10]) == 40
    assert run(cluster([1.0, 1.0]), tmp_path, [10, 10, 20, 30]) == 40


@pytest.mark.parametrize(("says", "end"), [(True, 60 + 894), (False, 1800 + 720)])
def test_a_second_copy_goes_on_from_the_state_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: bool, end: float
) -> None:
    """Cells of 10 s make a copy of the last possible: 900 s on a node ten times slower. At 60 s it says that it needs 8,940
    s more, where a copy needs 894. If it says nothing, it is slow at 1,800 s, when its State holds 180 s of work."""
    two = cluster([10.0, 1.0])
    two.free = [1, 0]  # the first cell goes to the slow node
    if not says:
        monkeypatch.setattr(Cluster, "_say", lambda self, index: self.outbox.append(Message(index)))
    found = run(two, tmp_path, [900.0, 10.0, 10.0, 10.0])
    assert found == pytest.approx(end, abs=2 * cluster_simulation.LOOK_EVERY_S)


def test_a_slow_node_holds_the_last_cell_up(tmp_path: Path) -> None:
    """Node 2 is ten times slower: 100 s alone take it 1,000."""
    assert run(cluster([1.0, 10.0]), tmp_path, [100.0] * 4, copies=False) == 1000


def test_a_lost_node_costs_what_no_state_holds(tmp_path: Path) -> None:
    """A cell of 200 s on a node that is lost at 150 s: States are of 120 s."""
    for states, end in ((True, 150 + 80), (False, 150 + 200)):
        one = cluster([1.0], states)
        one.lost_at = 150.0
        assert run(one, tmp_path, [200.0]) == end


def test_every_cell_ends_whatever_happens() -> None:
    seconds = [float(s) for s in range(1, 60)]
    ends = {scenario: simulate(scenario, seconds, cells=300, cores=20) for scenario in SCENARIOS}
    assert {given_up for _, given_up in ends.values()} == {0}
    assert ends[Scenario()][0] < ends[Scenario(longest_first=False)][0]
    assert ends[Scenario()] == simulate(Scenario(), seconds, cells=300, cores=20)


@pytest.mark.slow
def test_the_stored_table_is_what_the_dispatcher_does_now() -> None:
    now = cluster_simulation.table(cluster_simulation.released_seconds(RELEASED))
    pd.testing.assert_frame_equal(cluster_simulation.stored(RELEASED), now, check_dtype=False, rtol=1e-3)
