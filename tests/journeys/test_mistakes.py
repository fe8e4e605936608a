"""What a stranger gets wrong first, with an environment and with an estimator: one line each, and nothing is trained."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.cli.main import main
from tests.journeys.pages import blocks

ENVIRONMENTS = """
import gymnasium
import numpy as np
from gymnasium import spaces

class Good(gymnasium.Env):
    max_episode_steps = 20
    observation_space = spaces.Box(-1, 1, (2,), np.float32)
    action_space = spaces.Discrete(3)
    def reset(self, *, seed=None, options=None):
        self.t = 0
        return self.seen(), {}
    def seen(self):
        return np.zeros(2, np.float32)
    def paid(self):
        return 1.0
    def step(self, action):
        self.t += 1
        return self.seen(), self.paid(), False, False, {}

class Raises(Good):
    def paid(self):
        return 1 / 0

class RaisesWhenMade(Good):
    def __init__(self):
        raise RuntimeError("no licence")

class OldReset(Good):
    def reset(self):
        return np.zeros(2, np.float32)

class OldStep(Good):
    def step(self, action):
        return self.seen(), 1.0, False, {}

class NanReward(Good):
    def paid(self):
        return float("nan") if self.t == 7 else 1.0

class NoReward(Good):
    def paid(self):
        return None

class Infinite(Good):
    def seen(self):
        return np.array([0, np.inf], np.float32)

class Wider(Good):
    def seen(self):
        return np.zeros(3, np.float32)

class Parts(Good):
    observation_space = spaces.Dict({"a": spaces.Box(-1, 1, (2,), np.float32), "b": spaces.Discrete(4)})
    def seen(self):
        return {"a": np.zeros(2, np.float32)}

class Several(Good):
    action_space = spaces.MultiDiscrete([2, 3])

class Far(Good):
    action_space = spaces.Box(-3e38, 3e38, (2,), np.float32)

class Endless(Good):
    max_episode_steps = None

class NoSpace(Good):
    action_space = None

class Leaves(Good):
    def paid(self):
        raise SystemExit(3)

class Nothing:
    pass
"""


@pytest.fixture(autouse=True)
def in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "zoo.py").write_text(ENVIRONMENTS)
    (tmp_path / "mine.py").write_text(blocks("own-estimator.md", "python")[0])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("zoo", "mine"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        (
            "Raises",
            1,
            "failed: zoo:Raises fails in its first steps: ZeroDivisionError: division by zero (zoo.py, line 23)",
        ),
        ("RaisesWhenMade", 1, "zoo:RaisesWhenMade fails when it is made: RuntimeError: no licence (zoo.py, line 27)"),
        ("OldReset", 1, "reset(*, seed, options) must return (observation, info), info a dictionary"),
        ("OldStep", 1, "step(action) must return (observation, reward, terminated, truncated, info)"),
        (
            "NanReward",
            1,
            "returned a reward of nan (environment 0 of seed 0, at step 7 of its episode, after action ",
        ),
        ("NoReward", 1, "the environment paid None, which is no number"),
        ("Infinite", 1, "the environment returned an observation of inf in its number 1"),
        ("Wider", 1, "the environment observed 3 numbers, shape (3,), and not 2"),
        ("Parts", 1, "the environment observed no part 'b', which its space declares"),
        ("Leaves", 1, "the code of the task or variant called sys.exit(3)"),
        ("Several", 2, "acts in MultiDiscrete([2 3]); only Discrete and one-axis Box are supported"),
        ("Far", 2, "whose bounds are 6e+38 apart, more than float32 holds (3.4e+38)"),
        ("Endless", 2, "has no time limit, and episodes must end"),
        ("NoSpace", 2, "has nothing as its action_space, which must be a space of gymnasium.spaces"),
        ("Nothing", 2, "a class that derives from gymnasium.Env"),
        ("Goood", 2, "unknown constant of zoo 'Goood'; nearest: Good"),
    ],
)
def test_an_environment_that_cannot_be_trained_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, status: int, said: str
) -> None:
    words = ["train", "--task", f"zoo:{name}", "--variant", "gae", "--seeds", "1", "--env-steps", "40"]
    assert main(words) == status
    err = capfd.readouterr().err
    assert said in err
    assert "measuring" not in err
    assert "WARN" not in err
    assert not list(tmp_path.glob("results/*/cells/*"))
    assert not (tmp_path / "results/floors").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trian"], "unknown command 'trian'; nearest: train"),
        (["run", "laddr"], "unknown experiment 'laddr'; nearest: ladder"),
        (["run", "ladder", "--variants", "mine:VARIENT"], "unknown constant of mine 'VARIENT'; nearest: VARIANT"),
        (
            ["run", "ladder", "--variants", "mine"],
            "'mine' is a module: name the variant that it holds, as mine:VARIANT",
        ),
        (["run", "ladder", "--variants", "mine.py:VARIANT"], "write mine:VARIANT"),
        (["run", "ladder", "--variants", "mine:Pooled"], "'mine:Pooled' is a class; name a constant"),
        (["run", "ladder", "--tasks", "zoo"], "'zoo' is a module: name the task that it holds, as zoo:Class"),
        (
            ["run", "ladder", "--variants", "mine:VARIANT", "--set", "estimator.baseline.shar=0,1"],
            "estimator.baseline.shar",
        ),
    ],
)
def test_words_that_name_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "results").exists()
