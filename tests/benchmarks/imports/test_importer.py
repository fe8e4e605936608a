"""Imported runs: what stable-baselines3 itself writes, rows that a report reads as a cell's."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from stable_baselines3 import A2C
from stable_baselines3.common.callbacks import EvalCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.monitor import load_results
from stable_baselines3.common.results_plotter import X_TIMESTEPS, ts2xy

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.experiments import EXPERIMENTS
from benchmarks.imports.importer import import_runs
from benchmarks.store.sources import read_cells, read_meta, read_results
from benchmarks.store.suite import Suite
from envs import TASKS
from envs.api import Scale
from tests.benchmarks.imports.sb3_logs import CSV, log

TOY: dict[str, Any] = {"floor": 0.0, "ceiling": 10.0}


class Trained(NamedTuple):
    """Folders of the same run: Monitor's logs, EvalCallback's log; and what the callback itself remembers."""

    logs: Path
    evaluations: Path
    callback: EvalCallback


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A2C on two CartPoles for 600 steps."""
    folder = tmp_path_factory.mktemp("sb3")
    env = make_vec_env("CartPole-v1", n_envs=2, seed=1, monitor_dir=str(folder / "logs"))
    callback = EvalCallback(
        make_vec_env("CartPole-v1", seed=2), eval_freq=100, n_eval_episodes=3, log_path=str(folder / "eval"), verbose=0
    )
    A2C("MlpPolicy", env, seed=3, device="cpu").learn(600, callback=callback)
    env.close()
    return Trained(folder / "logs", folder / "eval", callback)


def test_monitor_logs_of_stable_baselines3(trained: Trained, tmp_path: Path) -> None:
    paths = import_runs(
        "monitor", [trained.logs], folder=tmp_path, task="CartPole-v1", variant="zoo:a2c", checkpoints=4
    )
    frame = read_cells(paths)
    log = load_results(str(trained.logs))
    steps, returns = ts2xy(log, X_TIMESTEPS)
    assert len(list(trained.logs.glob("*.monitor.csv"))) == 2
    assert 400 < steps[-1] <= 600  # what the last, unfinished episodes took is in no log
    assert len(set(returns)) > 3
    for k in range(4):
        low, high = steps[-1] * k / 4, steps[-1] * (k + 1) / 4
        ended = [r for s, r in zip(steps, returns, strict=True) if low < s <= high]
        assert ended
        assert frame.eval_return[k] == pytest.approx(np.mean(ended))
        assert frame.env_steps[k] == int(high)
        assert frame.wall_s[k] == pytest.approx(log.t[steps <= high].iloc[-1])
    assert set(frame.task) == {"CartPole-v1"}
    assert set(frame.variant) == {"zoo:a2c"}


def test_evaluations_of_stable_baselines3(trained: Trained, tmp_path: Path) -> None:
    paths = import_runs("evaluations", [trained.evaluations], folder=tmp_path, task="CartPole-v1", variant="zoo:a2c")
    frame = read_cells(paths)
    assert frame.env_steps.tolist() == [200, 400, 600]  # every 100 calls of two environments
    assert frame.eval_return.tolist() == pytest.approx([np.mean(r) for r in trained.callback.evaluations_results])
    assert frame.eval_return.nunique() > 1


def test_the_file_holds_what_a_report_reads(tmp_path: Path) -> None:
    runs = [log(tmp_path / "b", 1, 2), log(tmp_path / "a", 3, 4)]
    one: dict[str, Any] = {"task": "CartPole-v1", "variant": "zoo:ppo", "checkpoints": 2}
    (path,) = import_runs("monitor", runs, folder=tmp_path, first_seed=5, **one)
    assert path.parent == tmp_path / "imported"
    assert path.name.startswith("CartPole-v1__zoo-ppo__")
    frame = read_cells([path])
    assert frame[["seed", "eval_return"]].to_numpy().tolist() == [[5, 1], [5, 2], [6, 3], [6, 4]]
    assert read_results([path]).measures.empty
    task = TASKS["CartPole-v1"]
    assert read_meta(path) == {
        "cell": {
            "task": {"name": "CartPole-v1"},
            "algorithm": {"name": "zoo:ppo"},
            "members": {"seeds": [5, 6]},
            "imported": True,
        },
        "provenance": {
            "imported": "monitor",
            "source": "b, a",
            "returns": "training episodes, mean of those that ended in each interval",
        },
        "reading": {
            "scale": [task.floor, task.ceiling, task.threshold],
            "parent": None,
            "change": "imported: monitor",
            "optional": False,
            "imported": True,
        },
        "texts": {},
    }


def test_importing_again_changes_nothing_and_contradictions_are_refused(tmp_path: Path) -> None:
    a, b = log(tmp_path / "a", 1, 2), log(tmp_path / "b", 1, 4)
    one: dict[str, Any] = {"folder": tmp_path / "x", "task": "toy", "variant": "theirs", "checkpoints": 2}
    (path,) = import_runs("monitor", [a], **one, **TOY)
    before = path.read_bytes()
    assert import_runs("monitor", [a], **one, **TOY) == [path]
    assert path.read_bytes() == before
    with pytest.raises(ValueError, match=f"{path.name} holds other rows of seed 0"):
        import_runs("monitor", [b], **one, **TOY)
    with pytest.raises(
        ValueError, match=rf"{path.name} gives toy the scale \[0.0, 10.0, 10.0\], not \[0.0, 9.0, 9.0\]"
    ):
        import_runs("monitor", [b], **one, first_seed=1, floor=0.0, ceiling=9.0)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    (again,) = import_runs("monitor", [a], **one, floor=0.0, ceiling=9.0)  # alone, its scale may be put right
    assert (again, read_meta(path)["reading"]["scale"]) == (path, [0.0, 9.0, 9.0])
    (other,) = import_runs("monitor", [b], **one, first_seed=1, floor=0.0, ceiling=9.0)
    assert read_cells([path, other]).seed.tolist() == [0, 0, 1, 1]
    path.write_bytes(before[:-30])
    with pytest.raises(ValueError, match=f"damaged: {path.name}"):
        import_runs("monitor", [b], **one, first_seed=2, **TOY)


def test_a_csv_becomes_one_file_a_task_and_variant(tmp_path: Path) -> None:
    table, other = tmp_path / "curves.csv", tmp_path / "more.csv"
    table.write_text(CSV + "x,toy,0,5,1\nx,toy,0,10,3\ny,toy,0,5,2\nx,CartPole-v1,0,5,20\nx,toy,1,5,7\n")
    other.write_text(CSV + "x,toy,2,5,4\n")
    paths = import_runs("csv", [table, other], folder=tmp_path, **TOY, threshold=8.0)
    assert [p.name.rpartition("__")[0] for p in paths] == ["CartPole-v1__x", "toy__x", "toy__y"]
    assert [read_meta(p)["reading"]["scale"][2] for p in paths] == [475.0, 8.0, 8.0]
    assert read_meta(paths[1])["cell"]["members"] == {"seeds": [0, 1, 2]}
    rows = read_cells(paths[1:2])[["seed", "checkpoint", "env_steps", "eval_return"]]
    assert rows.to_numpy().tolist() == [[0, 0, 5, 1], [0, 1, 10, 3], [1, 0, 5, 7], [2, 0, 5, 4]]
    (part,) = import_runs("csv", [table], folder=tmp_path / "part", task="toy", variant="y", **TOY)
    assert part.name == paths[2].name
    assert import_runs("csv", [table, other], folder=tmp_path, **TOY) == paths  # the scale is no part of the name


def test_tasks_and_variants_of_the_experiment_are_ours(tmp_path: Path) -> None:
    home = EXPERIMENTS["recommendation"]
    assert isinstance(home, ComparisonExperiment)
    (own,) = [t for t in home.tasks if not isinstance(t, str) and t.name == "fatigue"]
    runs = [log(tmp_path / "a", 1, 2)]
    (path,) = import_runs("monitor", runs, folder=tmp_path, experiment=home, task="fatigue", variant="zoo:ppo")
    assert read_meta(path)["reading"]["scale"] == [own.floor, own.ceiling, own.threshold]
    with pytest.raises(ValueError, match="'myopic' would be pooled with ours; give it another name, as theirs:myopic"):
        import_runs("monitor", runs, folder=tmp_path, experiment=home, task="fatigue", variant="myopic")
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "fatigue__my-own__seeds0-9__0123.parquet").touch()
    with pytest.raises(ValueError, match="'my:own' would be pooled with ours"):
        import_runs("monitor", runs, folder=tmp_path, experiment=home, task="fatigue", variant="my:own")


def test_a_task_of_a_module_has_its_own_name_and_scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_task.py").write_text(
        "from dataclasses import replace\n"
        "from envs import TASKS\n"
        "TASK = replace(TASKS['bandit/small'], name='theirs', floor=-3.0, ceiling=4.0, threshold=3.5)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    table = tmp_path / "curves.csv"
    table.write_text(CSV + "x,their_task:TASK,0,5,1\n")
    named = import_runs("csv", [table], folder=tmp_path, task="their_task:TASK")
    logged = import_runs("monitor", [log(tmp_path / "a", 1)], folder=tmp_path, task="their_task:TASK", variant="y")
    for path in (*named, *logged):
        assert path.name.startswith("theirs__")
        assert set(read_cells([path]).task) == {"theirs"}
        assert read_meta(path)["cell"]["task"] == {"name": "theirs"}
        assert read_meta(path)["reading"]["scale"] == [-3.0, 4.0, 3.5]


def test_rows_without_a_score_are_counted_and_named(tmp_path: Path) -> None:
    table = tmp_path / "curves.csv"
    table.write_text(CSV + "x,toy,0,5,1\nx,toy,0,10,\nx,toy,3,5,nan\ny,toy,0,5,2\n")
    x, y = import_runs("csv", [table], folder=tmp_path, **TOY)
    assert read_meta(x)["notices"] == [
        "2 of 3 rows have no finite score and count as diverged (seed 0, 3)",
    ]
    assert "notices" not in read_meta(y)


def test_seeds_above_2_to_53_stay_apart(tmp_path: Path) -> None:
    """2^53 and 2^53 + 1 are one number as floats."""
    path = tmp_path / "curves.csv"
    path.write_text(CSV + "".join(f"x,t,{seed},{k},1\n" for seed in (2**53, 2**53 + 1) for k in (1, 2)))
    (found,) = import_runs("csv", [path], folder=tmp_path, task="t", floor=0.0, ceiling=2.0)
    assert read_meta(found)["cell"]["members"]["seeds"] == [2**53, 2**53 + 1]
    suite = Suite(read_cells([found]), {"t": Scale(0, 2, 2)}, ["x"])
    assert suite.curves["t", "x"].seeds.tolist() == [2**53, 2**53 + 1]


def test_imported_runs_of_a_gymnasium_task_take_its_scale_from_the_flags(tmp_path: Path) -> None:
    table = tmp_path / "runs.csv"
    rows = [f"theirs,gymnasium:Pendulum-v1,{seed},{step},{-900 - seed}" for seed in (0, 1) for step in (100, 200)]
    table.write_text(CSV + "\n".join(rows) + "\n")
    where = {"folder": tmp_path / "x", "task": "gymnasium:Pendulum-v1"}
    (path,) = import_runs("csv", [table], **where)  # type: ignore[arg-type]
    assert read_meta(path)["reading"]["scale"] == [None, None, math.inf]
    path.unlink()
    (path,) = import_runs("csv", [table], **where, floor=-1200.0, ceiling=-150.0)  # type: ignore[arg-type]
    assert read_meta(path)["reading"]["scale"] == [-1200.0, -150.0, math.inf]
