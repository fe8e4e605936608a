"""Each kind of work, trained on Ray and by the local pool: the same numbers, bit by bit."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from benchmarks.cli.kinds.gradients import GradientRun
from benchmarks.cli.options import RunFlags
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.engines.ray_engine import RayEngine
from benchmarks.experiments import EXPERIMENTS
from benchmarks.store.cells import same_rows
from benchmarks.store.sources import read_cell, read_measurement, stored_cells
from benchmarks.tuning import result
from benchmarks.tuning.scheduler import run_studies
from benchmarks.tuning.storage.opening import open_storage
from tests.benchmarks.execution.sinks.test_tensorboard import written
from tests.benchmarks.small_cells import run_without_report
from tests.benchmarks.tuning.small_studies import plans, without_provenance

pytestmark = pytest.mark.xdist_group("ray")


@pytest.fixture
def sides(cluster: Any, tmp_path: Path) -> list[tuple[Path, dict[str, Any]]]:
    """A folder, and the flags of where to train: here, and on the cluster."""
    return [(tmp_path / "pool", {"jobs": 1}), (tmp_path / "ray", {"engine": "ray", "address": cluster.address})]


def check_same(experiment: str, *folders: Path) -> None:
    """The rows of the cells of two folders of results, of which there are some."""
    pool, ray = (sorted(stored_cells(folder / experiment)) for folder in folders)
    assert [path.name for path in pool] == [path.name for path in ray] != []
    for ours, theirs in zip(pool, ray, strict=True):
        assert same_rows(read_cell(ours), read_cell(theirs))


def test_cells_of_every_origin_with_their_policies_and_logs(sides: list[tuple[Path, dict[str, Any]]]) -> None:
    """A policy gradient, tabular Q-learning, another library, and what does not learn."""
    flags: dict[str, Any] = {
        "tasks": "bandit/small", "variants": "gae,q_learning,sb3:a2c,random", "seeds": 2, "env_steps": 300,
        "save_policies": True, "log": "tensorboard",
    }  # fmt: skip
    for folder, where in sides:
        outcome = run_without_report("smoke", folder, log_folder=folder / "logs", **flags, **where)
        assert outcome is not None
        assert outcome.failures == ()
    (pool, _), (ray, _) = sides
    check_same("smoke", pool, ray)
    policies = sorted(path.relative_to(pool) for path in pool.rglob("*.safetensors"))
    assert policies == sorted(path.relative_to(ray) for path in ray.rglob("*.safetensors"))
    assert len(policies) >= 2  # each seed of gae
    for path in policies:
        here, there = load_file(pool / path), load_file(ray / path)
        assert {name: value.tobytes() for name, value in here.items()} == {n: v.tobytes() for n, v in there.items()}
    runs = sorted({path.parent.relative_to(pool) for path in pool.rglob("events.out.*")})
    assert len(runs) == 6  # two seeds of each that trains
    for run in runs:
        assert written(pool / run) == written(ray / run)


def test_measurements_of_gradients(sides: list[tuple[Path, dict[str, Any]]]) -> None:
    experiment = EXPERIMENTS["gradient_quality"].smoke()
    few = replace(experiment, points=experiment.points[:3])
    found = []
    for folder, where in sides:
        GradientRun(few).run(RunFlags(few.name, results=folder, **where), folder / "gradients")
        paths = sorted((folder / "gradients" / "cells").iterdir())
        found.append({path.name: read_measurement(path)["found"] for path in paths})
    assert repr(found[0]) == repr(found[1])  # a NaN is the same as a NaN
    assert len(found[0]) == len(few.measurements)


def test_studies(sides: list[tuple[Path, dict[str, Any]]], cluster: Any) -> None:
    """Search, selection and test."""
    engines = [{}, {"start_engine": partial(RayEngine, address=cluster.address)}]
    found = []
    for (folder, _), engine in zip(sides, engines, strict=True):
        tuned = folder / "tuned"
        outcome = run_studies(plans(), open_storage(None, tuned), tuned, Execution(1, **engine))
        assert outcome.failures == ()
        found.append([without_provenance(study) for study in result.load_all(tuned)])
    assert found[0] == found[1] != []


@pytest.mark.slow
def test_cells_on_language_models(
    sides: list[tuple[Path, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The stages are made by the command itself, on a tiny base of the user's; workers read their artefacts."""
    from tests.benchmarks.cli.language.own_texts import made

    home, base = made()
    monkeypatch.chdir(home)
    for folder, where in sides:
        outcome = run_without_report(
            "rlhf", folder, smoke=True, base=str(base), prompts=Path("prompts.jsonl"), preferences=Path("preferences.jsonl"),
            demonstrations=Path("demonstrations.jsonl"), **where,
        )  # fmt: skip
        assert outcome is not None
        assert outcome.failures == ()
    (pool, _), (ray, _) = sides
    (name,) = (path.name for path in pool.iterdir() if path.name.startswith("rlhf"))
    check_same(name, pool, ray)
