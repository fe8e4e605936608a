"""Rivals' runs on the open tasks: kept once, and used for the very cells that they come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from algorithms import VARIANTS
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.judging import open_runs, released
from benchmarks.judging.cells import open_cells
from benchmarks.judging.judge import judge
from benchmarks.judging.protocol import FAMILIES, Protocol
from envs import TASKS
from tests.benchmarks.judging.test_judge import COPY, OPEN, PROTOCOL, case, cells

COLUMNS = ["fraction", "eval_return", "diverged"]


def test_a_run_is_its_mean_over_the_last_fifth_and_lost_where_a_return_is_not_finite() -> None:
    cell = replace(open_cells([OPEN], [VARIANTS["rloo"]], PROTOCOL)[0])
    rows = [(0.5, 9.0, False), (0.8, 1.0, False), (0.9, 2.0, False), (1.0, 6.0, False)]
    frame = pd.DataFrame(rows, columns=COLUMNS).assign(task=OPEN.name, variant="rloo", learning_rate=0.01, seed=0)
    infinite = frame.assign(seed=1, eval_return=[1.0, 1.0, np.inf, 1.0])
    found = released.as_released([cell], pd.concat([frame, infinite]))
    assert found["cell"].tolist() == [cell.digest] * 2
    assert found["eval_return"].tolist() == [3.0, np.inf]
    assert found["diverged"].tolist() == [False, True]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Released runs of baseline_loo, by the command that makes them."""
    path = tmp_path / "open_runs.csv"
    assert open_runs.main(["baseline_loo", str(tmp_path / "made")], path, PROTOCOL) == 0
    monkeypatch.setattr(released, "FILE", path)
    return path


def test_a_rival_whose_runs_are_released_is_not_trained_on_open_tasks_and_has_the_same_scores(
    file: Path, tmp_path: Path
) -> None:
    made = case(COPY, tmp_path, "baseline_loo")
    found = judge(made, Execution(1))
    assert found.released == ["baseline_loo"]
    assert found.scores["baseline_loo"] == found.scores["copy"]  # bit for bit those of the candidate, which was trained
    names = [path.name.split("__")[:2] for path in cells(made.pool)]
    assert names == [["bandit-small", "copy"], ["hidden-bandit", "baseline_loo"], ["hidden-bandit", "copy"]]


def test_another_number_of_tokens_has_no_released_runs(file: Path) -> None:
    variants = [VARIANTS["baseline_loo"]]
    assert all(released.is_released(cell) for cell in open_cells([OPEN], variants, PROTOCOL))
    for other in (replace(PROTOCOL, env_steps=512), replace(PROTOCOL, rates=(0.01,))):
        assert not any(released.is_released(cell) for cell in open_cells([OPEN], variants, other))
    assert not any(released.is_released(cell) for cell in open_cells([OPEN], [VARIANTS["rloo"]], PROTOCOL))


def test_every_standing_rival_is_released_as_it_is_now() -> None:
    """Red after a change of the results version or of a default: `python -m benchmarks.judging open NAME,...`."""
    protocol = Protocol()
    rivals = [VARIANTS[name] for family in FAMILIES.values() for name in family]
    made = open_cells([TASKS[name] for name in protocol.open_tasks], rivals, protocol)
    assert [cell.label for cell in made if not released.is_released(cell)] == []
    runs = released.runs_of(made)
    assert len(runs) == len(made) * len(protocol.rates) * protocol.tuning_seeds
