"""How long cells are expected to take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from algorithms import cost
from algorithms.training_config import Unroll
from benchmarks.design.cell import Cell
from benchmarks.execution.jobs import CellJob
from envs.delayed import delayed
from tests.benchmarks.small_cells import BANDIT, small_cell


def seconds(cell: Cell) -> float:
    return CellJob(cell, Path("x")).expected_seconds


def test_slow_steps_are_expected_to_take_their_time() -> None:
    """500 steps of 4 members at 10 ms."""
    plain = small_cell(seeds=4)
    late = replace(plain, task=delayed(BANDIT, 0.01, "waits"))
    assert seconds(late) - seconds(plain) == pytest.approx(20.0)


def test_a_bodys_steps_and_small_batches_are_expected_to_take_their_time() -> None:
    """500 steps of 4 members; 8 environments in place of 4 halve the calls and the updates, each of 1 token to read."""
    plain = small_cell(seeds=4)
    body = replace(plain, task=replace(plain.task, field="robot control"))
    assert seconds(body) - seconds(plain) == pytest.approx(2_000 / cost.SIMULATED_PER_S["robot control"])
    four, eight = (replace(plain, training=replace(plain.training, collection=Unroll(5, envs))) for envs in (4, 8))
    saved = 62.5 / cost.CALLS_PER_S + 12.5 / cost.UPDATES_PER_S + 12.5 / cost.READ_PER_S
    assert seconds(four) - seconds(eight) == pytest.approx(saved)
