"""The cells of the experiment on parity: how many seeds, and models of stable-baselines3 as cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.cli.kinds.comparison import ComparisonRun
from benchmarks.cli.run import Run
from benchmarks.design.cells import build_cells, single_cells
from benchmarks.design.named import tasks_named, variant_named, variants_named
from benchmarks.execution.adaptive import SequentialPlan
from benchmarks.execution.train_cell import run_cell
from benchmarks.experiments.parity import A2C, EXPERIMENT
from benchmarks.store import states
from benchmarks.store.sources import read_cells, read_meta
from envs import TASKS
from envs.validation import UnknownName


def test_thirty_of_ours_stand_against_twenty_of_theirs() -> None:
    cells = build_cells(EXPERIMENT, tasks_named(EXPERIMENT.tasks), variants_named(EXPERIMENT.variants), None)
    seeds = {v: sum(len(c.members.seeds) for c in cells if c.algorithm.name == v) for v in EXPERIMENT.variant_names}
    assert set(seeds.values()) == {60, 40}
    assert seeds[A2C.name] == 40
    assert {c.env_steps for c in cells} == {100_000}
    run = ComparisonRun(EXPERIMENT)
    run.select(Run("parity", seeds=10, tasks="CartPole-v1"))
    assert {len(c.members.seeds) for c in run.cells} == {10}
    whole = replace(
        EXPERIMENT, tasks=tuple(tasks_named(EXPERIMENT.tasks)), variants=tuple(variants_named(EXPERIMENT.variants))
    )
    looks = SequentialPlan(whole, A2C.name, 20, 0.05, 0.05, None)
    first = looks.cells(10, set(EXPERIMENT.variant_names))
    assert len(first) == 2 * len(EXPERIMENT.variants)  # on each task a block of ten, of ours and of theirs
    assert {c.members.seeds for c in first} == {tuple(range(10))}


def test_names_with_a_colon_are_ours_or_a_modules() -> None:
    assert variant_named("sb3:a2c").name == "sb3:a2c"
    with pytest.raises(UnknownName, match="nearest: sb3:"):
        variant_named("sb3:a2x")
    assert variant_named("algorithms.variants.gae:VARIANT").name == "gae"


def test_its_fields_cannot_be_set() -> None:
    with pytest.raises(ValueError, match="--set has no meaning for sb3:a2c"):
        single_cells(TASKS["CartPole-v1"], variant_named("sb3:a2c"), 1, 100, ("training.discount=0.9",))


def test_its_models_stay_on_the_processor(tmp_path: Path) -> None:
    cell = single_cells(TASKS["CartPole-v1"], variant_named("sb3:a2c"), 1, 50, ())[0]
    run_cell(cell, tmp_path / cell.file_name, "cuda", lambda e: None, {"device": "cuda"})
    assert read_meta(tmp_path / cell.file_name)["provenance"]["device"] == "cpu"


@pytest.mark.slow
def test_a_killed_cell_goes_on_at_the_next_seed(tmp_path: Path) -> None:
    cell = single_cells(TASKS["CartPole-v1"], variant_named("sb3:a2c"), 2, 100, ())[0]
    told: list[object] = []

    class Killed(Exception):
        pass

    def stop(event: object) -> None:
        told.append(event)
        if sum(getattr(e, "seed", 0) == 1 for e in told):
            raise Killed

    path = tmp_path / cell.file_name
    with pytest.raises(Killed):
        run_cell(cell, path, "cpu", stop, {})
    assert states.state_path(path).exists()
    run_cell(cell, path, "cpu", lambda e: None, {})
    whole = tmp_path / "whole" / cell.file_name
    run_cell(cell, whole, "cpu", lambda e: None, {})
    columns = ["seed", "checkpoint", "env_steps", "updates", "eval_return", "eval_return_greedy"]
    pd.testing.assert_frame_equal(read_cells([path])[columns], read_cells([whole])[columns])
    assert not states.state_path(path).exists()
