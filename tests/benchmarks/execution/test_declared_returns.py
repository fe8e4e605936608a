"""What a class declares of its returns reaches the report's intervals; a run beyond it fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.cli.main import main
from benchmarks.execution.engines import pool
from benchmarks.loading.limits import task_limits
from benchmarks.store.sources import read_meta
from envs.api import Scale

MODULE = """
import gymnasium
import numpy as np

class Coin(gymnasium.Env):
    max_episode_steps = 4
    return_range = RANGE
    observation_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)
    def reset(self, *, seed=None, options=None):
        return np.zeros(1, np.float32), {}
    def step(self, action):
        return np.zeros(1, np.float32), float(action), False, False, {}
"""


@pytest.mark.parametrize(("declared", "status"), [("(None, 4)", 0), ("(0, 1)", 1)])
def test_a_declared_range_is_kept_or_refuted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], declared: str, status: int
) -> None:
    name = f"coin_{status}"
    (tmp_path / f"{name}.py").write_text(MODULE.replace("RANGE", declared))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(pool, "START", "fork")
    words = ["--tasks", f"{name}:Coin", "--variants", "reinforce", "--seeds", "2", "--env-steps", "40", "--jobs", "1"]
    assert main(["run", "smoke", *words, "--figures", "svg"]) == status
    said = capsys.readouterr().err
    if status:
        assert f"failed {name}:Coin x reinforce: {name}:Coin: episodes earned" in said
        assert "and its return_range says 0 to 1" in said
        return
    (path,) = (tmp_path / "results/smoke/cells").glob("*.parquet")
    assert task_limits([read_meta(path)], {f"{name}:Coin": Scale(2.0, None)}) == {f"{name}:Coin": (-float("inf"), 4.0)}
    sys.modules.pop(name)
