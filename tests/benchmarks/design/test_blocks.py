"""Blocks of seeds: cells of their own size."""

from __future__ import annotations

from tests.benchmarks.small_cells import clocked_cells


def test_blocks_are_cells_and_running_one_at_a_time_changes_no_digest() -> None:
    whole, halves = clocked_cells(), clocked_cells(block=2)
    assert [c.members.seeds for c in whole] == [(0, 1, 2, 3)] * 2
    assert [c.members.seeds for c in halves] == [(0, 1), (2, 3)] * 2
    assert [c.digest for c in clocked_cells(one_at_a_time=True)] == [c.digest for c in whole]
    assert {c.digest for c in clocked_cells(block=4)} == {c.digest for c in whole}
