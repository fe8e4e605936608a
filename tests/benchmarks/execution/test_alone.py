"""Experiments that measure seconds: blocks of their own size, one cell after another, those that are compared together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from algorithms import VARIANTS, cost
from algorithms.training_config import Unroll
from benchmarks.design.cell import Cell
from benchmarks.design.cells import build_cells
from benchmarks.design.experiment import ComparisonExperiment, Outcome
from benchmarks.execution import runner
from benchmarks.execution.engine import Job, Message
from benchmarks.execution.jobs import CellJob
from envs import TASKS
from envs.delayed import delayed
from tests.benchmarks import synthetic_results

TASK = TASKS["bandit/small"]
MEASURED = ComparisonExperiment("clocked", "How long?", (TASK.name,), ("gae", "ppo"), seeds=4)


def cells(experiment: ComparisonExperiment) -> list[Cell]:
    return build_cells(experiment, [TASK], [VARIANTS["gae"], VARIANTS["ppo"]], 500)


def test_blocks_are_cells_and_being_alone_ages_none() -> None:
    whole, halves = cells(MEASURED), cells(replace(MEASURED, block=2))
    assert [c.members.seeds for c in whole] == [(0, 1, 2, 3)] * 2
    assert [c.members.seeds for c in halves] == [(0, 1), (2, 3)] * 2
    assert [c.digest for c in cells(replace(MEASURED, alone=True))] == [c.digest for c in whole]
    assert {c.digest for c in cells(replace(MEASURED, block=4))} == {c.digest for c in whole}


class Recorder:
    """An engine that notes jobs and runs none."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def submit(self, job: Job) -> int:
        self.jobs.append(job)
        return len(self.jobs) - 1

    def messages(self) -> Iterator[Message]:
        yield from ()


def test_compared_cells_run_as_neighbours(tmp_path: Path) -> None:
    """Alone: the first seeds of both, then the second; else the longest first, which are those of ppo."""
    halves = cells(replace(MEASURED, block=2))
    jobs = [CellJob(cell, runner.cell_path(tmp_path, cell)) for cell in halves]

    def order(alone: bool) -> list[tuple[str, int]]:
        engine = Recorder()
        outcome = runner.run(jobs, tmp_path, 1, "cpu", alone=alone, start_engine=lambda at_once, origin: engine)
        assert outcome == Outcome((), ())
        return [(job.label.rpartition(" ")[2], job.seeds[0]) for job in engine.jobs]

    assert order(alone=True) == [("gae", 0), ("ppo", 0), ("gae", 2), ("ppo", 2)]
    assert order(alone=False) == [("ppo", 0), ("ppo", 2), ("gae", 0), ("gae", 2)]


def seconds(cell: Cell) -> float:
    return CellJob(cell, Path("x")).expected_seconds


def test_slow_steps_are_expected_to_take_their_time() -> None:
    """500 steps of 4 members at 10 ms."""
    plain = cells(MEASURED)[0]
    late = replace(plain, task=delayed(TASK, 0.01, "waits"))
    assert seconds(late) - seconds(plain) == pytest.approx(20.0)


def test_a_bodys_steps_and_small_batches_are_expected_to_take_their_time() -> None:
    """500 steps of 4 members; 8 environments in place of 4 halve the calls and the updates."""
    plain = cells(MEASURED)[0]
    body = replace(plain, task=replace(plain.task, field="robot control"))
    assert seconds(body) - seconds(plain) == pytest.approx(2_000 / cost.SIMULATED_PER_S["robot control"])
    four, eight = (replace(plain, training=replace(plain.training, collection=Unroll(5, envs))) for envs in (4, 8))
    saved = 62.5 / cost.CALLS_PER_S + 12.5 / cost.UPDATES_PER_S
    assert seconds(four) - seconds(eight) == pytest.approx(saved)


def test_seconds_are_summed_over_clocks() -> None:
    """Made-up runs end at 10 s: 4 seeds in blocks of 2 are two clocks, in one block one."""
    suite = synthetic_results.suite(synthetic_results.frame(seeds=4))
    assert suite.curves["CartPole-v1", "gae"].train_s == 10.0
    assert replace(suite, block=2).curves["CartPole-v1", "gae"].train_s == 20.0
