"""Several drivers on one folder: nothing is trained twice, nothing is lost, and the rows are those of one driver."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks.cli.kinds.gradients import GradientRun
from benchmarks.cli.options import RunFlags
from benchmarks.execution import jobs
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.experiments import EXPERIMENTS
from benchmarks.sharing import processes
from benchmarks.store.sources import stored_cells
from benchmarks.tuning import result
from benchmarks.tuning.scheduler import run_studies
from benchmarks.tuning.storage.opening import open_storage
from tests.benchmarks.execution.drivers import Drivers, until
from tests.benchmarks.small_cells import run_without_report, stored_rows
from tests.benchmarks.tuning.small_studies import plans

FLAGS: dict[str, Any] = {
    "tasks": "bandit/small",
    "variants": "gae,reward_to_go,random",
    "seeds": 20,
    "env_steps": 200,
}


@pytest.fixture
def drivers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drivers:
    return Drivers(tmp_path / "begun", monkeypatch)


def rows(folder: Path) -> pd.DataFrame:
    frame = stored_rows(folder).drop(columns="wall_s")
    return frame.sort_values(["task", "variant", "seed", "checkpoint"], ignore_index=True)


def run(results: Path, **flags: Any) -> None:
    run_without_report("smoke", results, jobs=1, **{**FLAGS, **flags})


def test_drivers_share_the_cells(tmp_path: Path, drivers: Drivers) -> None:
    for _ in range(3):
        drivers.start(lambda: run(tmp_path / "shared"))
    assert drivers.wait() == [0, 0, 0]
    assert Counter(drivers.begun) == dict.fromkeys((p.name for p in stored_cells(tmp_path / "shared" / "smoke")), 1)
    assert len(drivers.begun) == 6
    assert not list((tmp_path / "shared").rglob("*.claim*"))
    run(tmp_path / "alone")
    pd.testing.assert_frame_equal(rows(tmp_path / "shared" / "smoke"), rows(tmp_path / "alone" / "smoke"))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_the_cells_of_a_driver_that_is_ended_are_taken_over(
    tmp_path: Path, drivers: Drivers, how: signal.Signals
) -> None:
    """Killed, it leaves its claim; interrupted, it gives it up. The other driver goes on from its State."""
    flags = {"tasks": "lock/small", "variants": "gae", "seeds": 2, "env_steps": 24_000}
    first = drivers.start(lambda: run(tmp_path / "shared", **flags))
    until(lambda: list((tmp_path / "shared").rglob("*.state")))
    drivers.start(lambda: run(tmp_path / "shared", **flags))
    os.kill(first.pid, how)
    assert drivers.wait()[1] == 0
    assert drivers.begun == [drivers.begun[0]] * 2
    assert not list((tmp_path / "shared").rglob("*.claim*"))
    run(tmp_path / "alone", **flags)
    pd.testing.assert_frame_equal(rows(tmp_path / "shared" / "smoke"), rows(tmp_path / "alone" / "smoke"))


def test_drivers_that_decide_seed_by_seed_decide_alike(tmp_path: Path, drivers: Drivers) -> None:
    flags = {"variants": "gae,reward_to_go", "seeds": None, "adaptive": True, "max_seeds": 20}
    for _ in range(2):
        drivers.start(lambda: run(tmp_path / "shared", **flags))
    assert drivers.wait() == [0, 0]
    assert set(Counter(drivers.begun).values()) == {1}
    run(tmp_path / "alone", **flags)
    decided = [(tmp_path / name / "smoke" / "adaptive.json").read_text() for name in ("shared", "alone")]
    assert decided[0] == decided[1]


def test_measurements_of_gradients_are_shared(
    tmp_path: Path, drivers: Drivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = EXPERIMENTS["gradient_quality"].smoke()
    few = replace(experiment, points=experiment.points[:6])

    def work() -> None:
        driver = GradientRun(few)
        driver.run(RunFlags("gradient_quality", results=tmp_path, jobs=1), tmp_path / "gradients")

    kind = type(few.measurements[0])
    measure = kind.measure

    def noted(self: Any, on_drawn: Callable[[int], None]) -> dict[str, float]:
        with drivers.log.open("a") as file:
            file.write(f"{self.file_name}\n")
        return measure(self, on_drawn)

    monkeypatch.setattr(kind, "measure", noted)
    for _ in range(2):
        drivers.start(work)
    assert drivers.wait() == [0, 0]
    assert Counter(drivers.begun) == dict.fromkeys((m.file_name for m in few.measurements), 1)


def test_studies_of_two_drivers_train_no_cell_twice(tmp_path: Path, drivers: Drivers) -> None:
    """Trials are shared by the storage; the cells of selection and test, which both need, by claims."""
    folder = tmp_path / "tuned"

    def work() -> None:
        outcome = run_studies(plans(), open_storage(None, folder), folder, Execution(1))
        assert outcome.failures == ()

    for _ in range(2):
        drivers.start(work)
    assert drivers.wait() == [0, 0]
    assert set(Counter(drivers.begun).values()) == {1}
    assert len(result.load_all(folder)) == 1


def test_a_driver_that_does_not_wait_names_what_others_train(tmp_path: Path, drivers: Drivers) -> None:
    flags = {"tasks": "lock/small", "variants": "gae", "seeds": 3, "env_steps": 36_000}
    first = drivers.start(lambda: run(tmp_path / "shared", **flags))
    until(lambda: list((tmp_path / "shared").rglob("*.claim")))
    outcome = run_without_report("smoke", tmp_path / "shared", jobs=1, wait=False, **flags)
    assert outcome is not None
    assert outcome.paths == ()
    (elsewhere,) = outcome.elsewhere
    assert elsewhere == f"lock/small x gae: process {first.pid} on {processes.Process.here().host}"
    drivers.kill(first)


def test_a_failed_cell_is_tried_once_by_all_drivers_together(
    tmp_path: Path, drivers: Drivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first fails while the second runs; a run that is begun later tries again."""
    train = jobs.run_cell

    def failing(cell: Any, path: Path, *rest: Any) -> None:
        train(cell, path, *rest)
        if cell.algorithm.name == "gae":
            path.unlink()
            until(lambda: len(drivers.begun) >= 2)  # the other driver is at work
            raise RuntimeError("the dice fell off the table")

    monkeypatch.setattr(jobs, "run_cell", failing)
    flags = {"variants": "gae,random", "seeds": 2}

    def work() -> None:
        outcome = run_without_report("smoke", tmp_path / "shared", jobs=1, **{**FLAGS, **flags})
        assert outcome is not None
        (tmp_path / f"failures-{os.getpid()}").write_text("".join(outcome.failures))

    for _ in range(2):
        drivers.start(work)
    assert drivers.wait() == [0, 0]
    assert sorted(Counter(drivers.begun).values()) == [1, 1]
    said = [path.read_text() for path in tmp_path.glob("failures-*")]
    assert len(said) == 2
    assert all("the dice fell off the table" in text for text in said)
    assert sum("(in process" in text for text in said) == 1
    run(tmp_path / "shared", **flags)
    assert sorted(Counter(drivers.begun).values()) == [1, 2]
