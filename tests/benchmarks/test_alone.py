"""Experiments that measure seconds: blocks of their own size, one cell after another, those that are compared together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from algorithms import VARIANTS
from algorithms.setting import Unroll
from benchmarks import run as runner
from benchmarks.design.cell import Cell
from benchmarks.design.cells import build_cells
from benchmarks.experiment import Experiment
from benchmarks.run import expected_seconds
from benchmarks.worker import Job, Update
from envs import TASKS
from envs.delayed import slowed
from tests.benchmarks import made

TASK = TASKS["bandit/small"]
MEASURED = Experiment("clocked", "How long?", (TASK.name,), ("gae", "ppo"), seeds=4)


def cells(experiment: Experiment) -> list[Cell]:
    return build_cells(experiment, [TASK], [VARIANTS["gae"], VARIANTS["ppo"]], 500)


def test_blocks_are_cells_and_being_alone_ages_none() -> None:
    whole, halves = cells(MEASURED), cells(replace(MEASURED, block=2))
    assert [c.members.seeds for c in whole] == [(0, 1, 2, 3)] * 2
    assert [c.members.seeds for c in halves] == [(0, 1), (2, 3)] * 2
    assert [c.digest for c in cells(replace(MEASURED, alone=True))] == [c.digest for c in whole]
    assert {c.digest for c in cells(replace(MEASURED, block=4))} == {c.digest for c in whole}


def test_compared_cells_run_as_neighbours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Alone: the first seeds of both, then the second; else the longest first, which are those of ppo."""
    ran: list[tuple[str, int]] = []

    def execute(jobs: list[Job], at_once: int, origin: dict[str, object]) -> Iterator[Update]:
        assert all(isinstance(job.cell, Cell) for job in jobs)
        ran[:] = [(j.cell.algorithm.name, j.cell.members.seeds[0]) for j in jobs]  # type: ignore[union-attr]
        yield from ()

    monkeypatch.setattr(runner, "execute", execute)
    halves = cells(replace(MEASURED, block=2))
    runner.run(halves, tmp_path, 1, "cpu", alone=True)
    assert ran == [("gae", 0), ("ppo", 0), ("gae", 2), ("ppo", 2)]
    runner.run(halves, tmp_path, 1, "cpu")
    assert ran == [("ppo", 0), ("ppo", 2), ("gae", 0), ("gae", 2)]


def test_slow_steps_are_expected_to_take_their_time() -> None:
    """500 steps of 4 members at 10 ms."""
    plain = cells(MEASURED)[0]
    late = replace(plain, task=slowed(TASK, 0.01, "waits"))
    assert expected_seconds(late) - expected_seconds(plain) == pytest.approx(20.0)


def test_a_bodys_steps_and_small_batches_are_expected_to_take_their_time() -> None:
    """500 steps of 4 members; 8 environments in place of 4 halve the calls and the updates."""
    plain = cells(MEASURED)[0]
    body = replace(plain, task=replace(plain.task, field="robot control"))
    assert expected_seconds(body) - expected_seconds(plain) == pytest.approx(
        2_000 / runner.SIMULATED_PER_S["robot control"]
    )
    four, eight = (replace(plain, training=replace(plain.training, collection=Unroll(5, envs))) for envs in (4, 8))
    saved = 62.5 / runner.CALLS_PER_S + 12.5 / runner.UPDATES_PER_S
    assert expected_seconds(four) - expected_seconds(eight) == pytest.approx(saved)


def test_seconds_are_summed_over_clocks() -> None:
    """Made-up runs end at 10 s: 4 seeds in blocks of 2 are two clocks, in one block one."""
    suite = made.suite(made.frame(seeds=4))
    assert suite.curves["CartPole-v1", "gae"].train_s == 10.0
    assert replace(suite, block=2).curves["CartPole-v1", "gae"].train_s == 20.0
