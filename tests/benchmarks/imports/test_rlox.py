"""rlox's experiment logs: a file a run, whose names and seeds become ours; whatever else is refused with its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.imports.importer import import_runs
from benchmarks.imports.rlox import read_rlox
from benchmarks.store.sources import read_cells, read_meta
from envs.validation import UsageError


def log(
    folder: Path, framework: str = "rlox", seed: Any = 0, returns: tuple[float, ...] = (76.4, 454.5), **more: Any
) -> Path:
    """A file as its `ExperimentLog.save` writes it."""
    evaluations = [
        {"step": 1024 * (i + 1), "wall_clock_s": 0.5 * (i + 1), "mean_return": r, "std_return": 1.0, "ep_length": r}
        for i, r in enumerate(returns)
    ]  # fmt: skip
    content = {
        "framework": framework, "algorithm": "PPO", "environment": "CartPole-v1", "seed": seed,
        "hyperparameters": {"n_steps": 128}, "hardware": {"cpu": "arm"}, "evaluations": evaluations,
        "training_metrics": {"total_steps": 2048},
    }  # fmt: skip
    path = folder / f"{framework}_PPO_CartPole-v1_seed{seed}.json"
    path.write_text(json.dumps(content | more))
    return path


def test_a_folder_of_logs(tmp_path: Path) -> None:
    for framework in ("rlox", "sb3"):
        for seed in (0, 1):
            log(tmp_path, framework, seed, (10.0 * seed, 100.0 + seed))
    paths = import_runs("rlox", [tmp_path], folder=tmp_path / "x")
    assert [path.name.partition("__")[0] for path in paths] == ["CartPole-v1"] * 2
    rows = read_cells(paths)
    shown = rows[["variant", "seed", "env_steps", "wall_s", "fraction", "eval_return"]].to_numpy().tolist()
    assert shown == [
        [f"{framework}:PPO", seed, *point]
        for framework in ("rlox", "sb3")
        for seed in (0, 1)
        for point in ([1024, 0.5, 0.5, 10.0 * seed], [2048, 1.0, 1.0, 100.0 + seed])
    ]
    assert read_meta(paths[0])["provenance"] == {
        "imported": "rlox", "source": tmp_path.name, "returns": "evaluation episodes, mean of each evaluation",
    }  # fmt: skip


def test_one_variant_of_it(tmp_path: Path) -> None:
    for framework in ("rlox", "sb3"):
        log(tmp_path, framework)
    (path,) = import_runs("rlox", [tmp_path], folder=tmp_path / "x", variant="sb3:PPO")
    assert set(read_cells([path]).variant) == {"sb3:PPO"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"evaluations": []}, "it has no evaluations"),
        ({"environment": None}, "it has no environment"),
        ({"algorithm": 3}, "algorithm must be a name, not 3"),
        ({"seed": None}, "seed must be a whole number of at least 0, not None"),
        ({"seed": -1}, "not -1"),
        ({"evaluations": [{"step": 1, "wall_clock_s": 1}]}, "needs step, mean_return and wall_clock_s"),
        ({"evaluations": [{"step": 1.5, "wall_clock_s": 1, "mean_return": 1}]}, "needs step"),
    ],
)
def test_a_file_that_does_not_fit_is_named(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = log(tmp_path, **({"seed": 0} | change))
    with pytest.raises(UsageError, match=f"{path.name}.*{message}"):
        read_rlox(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1, 2]")
    with pytest.raises(UsageError, match=r"a\.json is no experiment log of rlox: it has no framework"):
        read_rlox(tmp_path)
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(UsageError, match=r"a\.json is no JSON"):
        read_rlox(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"empty is a folder with no \*\.json"):
        read_rlox(tmp_path / "empty")


def test_runs_of_one_variant_with_other_hyperparameters_are_not_pooled(tmp_path: Path) -> None:
    log(tmp_path, seed=0)
    log(tmp_path, seed=1, hyperparameters={"n_steps": 256})
    with pytest.raises(UsageError, match=r"seed0\.json and .*seed1\.json are both of rlox:PPO on CartPole-v1"):
        read_rlox(tmp_path)
