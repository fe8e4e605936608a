"""Populations of configurations: how a batch is cut into cells, and how scores are read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from algorithms.training.records import Record
from benchmarks.design.cell import Cell
from benchmarks.design.identity import canonical
from benchmarks.execution.train_cell import report_metadata
from benchmarks.store import cells
from benchmarks.tuning.cells import groups, objective, read_scores
from benchmarks.tuning.protocol import Protocol, Stream, StudyPlan
from benchmarks.tuning.racing import Race
from benchmarks.tuning.space import space
from envs import TASKS
from envs.seeding import Purpose
from tests.benchmarks.tuning.small_studies import TASK, VARIANT, protocol

LAM = "estimator.credit.lam"


def plan(searched: str) -> StudyPlan:
    """Of a study of one field."""
    return StudyPlan("tuned", VARIANT, (TASK,), protocol(), space(VARIANT, [TASK], searched))


def test_a_batch_is_cut_by_shape_and_into_cells_of_40_members() -> None:
    values = [
        {"training.learning_rate": 10.0**-k, "training.collection.envs": 64 if k % 2 else 32} for k in range(1, 21)
    ]
    of_rates = plan("training.learning_rate")
    made = groups(of_rates, TASK, values, Stream(Purpose.TUNING, (0, 1, 2, 3, 4)))
    assert [len(g.indices) for g in made] == [8, 2, 8, 2]
    assert [g.cell.training.collection.envs for g in made] == [64, 64, 32, 32]
    first = made[0].cell.members
    assert made[0].indices == (0, 2, 4, 6, 8, 10, 12, 14)
    assert first.seeds == (0, 1, 2, 3, 4) * 8
    assert first.rates[:10] == (0.1,) * 5 + (0.001,) * 5
    assert first.purpose == Purpose.TUNING
    # twenty seeds a configuration: two of them a cell
    of_twenty = groups(of_rates, TASK, values[:3], Stream(Purpose.TEST, tuple(range(20))))
    assert [g.indices for g in of_twenty] == [(0, 2), (1,)]


def test_each_configuration_is_checked_before_it_trains() -> None:
    with pytest.raises(ValueError, match="lam must lie in"):
        groups(plan(LAM), TASK, [{LAM: 0.9}, {LAM: 1.5}], Stream(Purpose.TUNING, (0,)))


def test_a_cells_digest_tells_configurations_and_races_apart() -> None:
    def cell(lam: float, race: Race | None = None) -> Cell:
        (group,) = groups(plan(LAM), TASK, [{LAM: lam}], Stream(Purpose.TUNING, (0,)), race)
        return group.cell

    digests = {cell(0.9).digest, cell(0.8).digest, cell(0.9, Race((0,), 1, 0.0, 1.0)).digest}
    assert len(digests) == 3
    assert cell(0.9).digest == cell(0.9).digest


def written(path: Path, cell: Cell, returns: dict[tuple[int, int], float]) -> None:
    """A cell's file with these returns by (place, checkpoint); NaN: diverged. Rows come in no order."""
    at = cell.evaluation.fractions
    records = [
        Record(
            seed=cell.members.seeds[place],
            learning_rate=cell.members.rates[place],
            checkpoint=k,
            fraction=at[k],
            env_steps=1,
            updates=1,
            wall_s=0.0,
            eval_return=value,
            eval_return_greedy=float("nan"),
            diverged=bool(np.isnan(value)),
            measures={"length": 3.0},
            member=place,
        )
        for (place, k), value in returns.items()
    ]
    meta = {"cell": canonical(cell), "provenance": {}, "reading": report_metadata(cell), "texts": {}}
    cells.save_cell(path, cell.task.name, cell.algorithm.name, records[::-1], meta)


def race_cell(task: str = "CartPole-v1", **changes: Any) -> tuple[Cell, Protocol]:
    """Two configurations of five seeds on a task of floor 21.9 (say) and ceiling 500."""
    made = protocol(**{"env_steps": {task: 1_000}, "pruner": "racing", "trials": 64, **changes})
    values = [{"training.learning_rate": r} for r in (0.1, 0.01)]
    of_rates = replace(plan("training.learning_rate"), protocol=made)
    (group,) = groups(of_rates, TASKS[task], values, made.streams["tuning"])
    return group.cell, made


def test_scores_are_read_by_place_and_normalised(tmp_path: Path) -> None:
    cell, made = race_cell()
    task = cell.task
    span = task.ceiling - task.floor

    def at(score: float) -> float:
        return task.floor + score * span

    returns = {(p, k): at(0.1 * k + 0.01 * p) for p in range(10) for k in range(5)}
    returns[3, 4] = float("nan")
    for place in range(5, 10):  # stopped after the first rung
        for k in range(1, 5):
            del returns[place, k]
    cell = replace(cell, race=Race((0, 1), 5, task.scale))
    path = tmp_path / cell.file_name
    written(path, cell, returns)
    found = read_scores(path, cell, made)
    # the last three checkpoints are 0.2, 0.3 and 0.4: their mean is 0.3; a run that diverged has no score
    np.testing.assert_allclose(found.scores[0], [0.30, 0.31, 0.32, np.nan, 0.34], atol=1e-12)
    assert np.isnan(found.scores[1]).all()
    assert found.finished.tolist() == [True, False]
    assert [found.arrived[f].tolist() for f in (0.25, 0.5)] == [[True, True], [True, False]]
    np.testing.assert_allclose(found.rungs[0.25][1], [0.05, 0.06, 0.07, 0.08, 0.09], atol=1e-12)
    assert np.isnan(found.rungs[0.5][1]).all()


def test_the_objective_is_never_the_last_evaluation_alone() -> None:
    scores = np.array([[0.0], [0.3], [0.9]])
    assert objective(scores, (0.8, 0.9, 1.0), protocol()).tolist() == pytest.approx([0.4])
    # trapezoids: 0.5 (0 + 1) / 2 + 0.5 (1 + 0) / 2
    assert objective(np.array([[0.0], [1.0], [0.0]]), (0.0, 0.5, 1.0), protocol(objective="auc")).tolist() == [0.5]
