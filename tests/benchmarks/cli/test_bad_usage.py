"""Mistakes on the command line: status 2 and one line before any work; failures of work are status 1 and named."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cli.main import main
from envs import TASKS
from envs.control import from_envpool
from envs.named import check_installed
from tests.benchmarks.synthetic_results import write_cell

TRAIN = ["train", "--task", "CartPole-v1", "--variant", "gae"]

USER_CODE = """
from dataclasses import dataclass, replace
import gymnasium
from algorithms import VARIANTS
from envs import TASKS
from envs.text.bandit import Bandit

@dataclass(frozen=True)
class Broken(Bandit):
    def respond(self, rows, t, outcome):
        raise ValueError('the dice fell off the table')

class Sized(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(0, 1, (2,))
    action_space = gymnasium.spaces.Discrete(2)
    def __init__(self, size): self.size = size

class Faulty(Sized):
    def __init__(self): raise ValueError('no board found')

for name, kind in (('Sized-v0', Sized), ('Faulty-v0', Faulty)):
    gymnasium.registry.pop(name, None)
    gymnasium.register(name, kind, max_episode_steps=5)
TASK = replace(TASKS['bandit/small'], name='broken', factory=Broken())
LINES = replace(VARIANTS['gae'], name='two\\nlines')
NUMBER = 3
"""


@pytest.fixture(autouse=True)
def user_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with modules of a user's, where commands are given."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "of_user.py").write_text(USER_CODE)
    (code / "raises.py").write_text("x = 1\nraise ValueError('not today')\n")
    (code / "leaves.py").write_text("import sys\nsys.exit(0)\n")
    (code / "needs.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(code))
    for name in ("of_user", "raises", "leaves", "needs"):
        sys.modules.pop(name, None)
    work = tmp_path / "work"
    work.mkdir()
    (work / "file").write_text("text")
    (work / "here.py").write_text("")
    (work / "results/mine").mkdir(parents=True)
    (work / "results/mine/comparison.json").write_text("{}")
    monkeypatch.chdir(work)


MISTAKES = [
    (["run", "lader"], "unknown experiment 'lader'; nearest: ladder", "all: python -m benchmarks list experiments"),
    (["train", "--task", "CartPol", "--variant", "gae"], "nearest: CartPole-v1", "list tasks"),
    (["run", "ladder", "--variants", "gaee"], "nearest: gae", "list variants"),
    (
        ["run", "ladder", "--sedes", "1"],
        "unknown flag of run '--sedes'; nearest: --seeds",
        "all: python -m benchmarks run --help",
    ),
    ([*TRAIN, "--env-steps", "1.5"], "--env-steps takes a whole number, as 100000 or 1e5, not '1.5'"),
    ([*TRAIN, "--env-steps=1e99"], "up to 9223372036854775807, not '1e99'"),
    (["tune", "--task", "CartPole-v1", "--variant", "gae", "--trials", "2k"], "--trials takes a whole number"),
    (["run", "ladder", "--margin", "small"], "--margin takes a number, as .05, not 'small'"),
    (["run", "ladder", "--variants", "gae", "--set", "estimator.credit.lam="], "estimator.credit.lam= gives no value"),
    (["run", "ladder", "--name", "x" * 65], "--name takes up to 64 bytes, not 65"),
    ([*TRAIN, "--set", "estimator.kl.beta=x"], "takes float, as .95, or None (now None), not 'x'"),
    ([*TRAIN, "--set", "training.network.hidden=big"], "takes tuple, as 64,64 (now (64, 64)), not 'big'"),
    ([*TRAIN, "--set", "training.network.hidden=8,0"], "hidden layers need 1 unit at least, not (8, 0)"),
    ([*TRAIN, "--set", "training.anneal=often"], "takes true or false, or float, as .95 (now False), not 'often'"),
    ([*TRAIN, "--set", "training.network.activation=rely"], "takes one of tanh, relu"),
    ([*TRAIN, "--set", "estimator.scale.ddof=1"], "estimator.scale is None here and has no fields"),
    (["run", "ladder", "--tasks", "no_module:TASK"], "'no_module:TASK' cannot be imported: there is no module"),
    (["run", "ladder", "--variants", "sb4:a2c"], "there is no module 'sb4'; nearest: sb3:a2c"),
    (["run", "ladder", "--tasks", "needs:TASK"], "it needs 'a_package_that_is_not_there', which is not installed"),
    (["run", "ladder", "--tasks", "raises:TASK"], "ValueError: not today", "raises.py, line 2"),
    (["run", "ladder", "--tasks", "leaves:TASK"], "'leaves:TASK' cannot be imported: SystemExit: 0"),
    (["run", "ladder", "--tasks", "of_user:TSK"], "unknown constant of of_user 'TSK'; nearest: TASK"),
    (["run", "ladder", "--tasks", "of_user:Broken"], "is a class; name a constant that holds a Task"),
    (["run", "ladder", "--tasks", "of_user:NUMBER"], "is of class int and is no Task"),
    (["run", "ladder", "--tasks", "of_user:Sizd"], "unknown constant of of_user 'Sizd'; nearest: Sized"),
    (["run", "ladder", "--tasks", "of_user:Sized"], "--env-kwargs NAME=VALUE", "argument: 'size'"),
    (
        ["run", "ladder", "--tasks", "of_user:Sized", "--env-kwargs", "size=1"],
        "give the class an attribute max_episode_steps",
    ),
    (
        ["run", "ladder", "--tasks", "of_user:Sized", "--env-kwargs", "sise=1"],
        "unknown argument of of_user:Sized (--env-kwargs) 'sise'; nearest: size",
    ),
    (["run", "ladder", "--tasks", "of_user.py:Sized"], "is not of the form module:CONSTANT; write of_user:Sized"),
    (["run", "ladder", "--tasks", "of_user:Sized-v0"], "a Gymnasium id is written gymnasium:of_user:Sized-v0"),
    (["run", "ladder", "--tasks", "FrozenLake8x8-v1"], "Gymnasium has it: gymnasium:FrozenLake8x8-v1"),
    (["run", "ladder", "--tasks", "of_usr"], "your own: module:EnvClass, module:TASK or gymnasium:module:Id"),
    (["run", "ladder", "--tasks", "here"], "'here' is a module: name the task that it holds, as here:Class"),
    (["run", "ladder", "--variants", "here.py"], "name the variant that it holds, as here:VARIANT"),
    (["examine", "here"], "name the variant that it holds, as here:VARIANT"),
    (["report", "mein"], "unknown experiment 'mein'; nearest: mine"),
    (["run", "ladder", "--env-kwargs", "size=1"], "--env-kwargs has no meaning for CartPole-v1, a registered task"),
    (["run", "ladder", "--tasks", "of_user:TASK", "--env-kwargs", "size=1"], "a constant that is already made"),
    (
        ["run", "ladder", "--tasks", "of_user:Sized,gymnasium:CartPole-v1", "--env-kwargs", "size=1"],
        "--env-kwargs cannot be those of both of_user:Sized and gymnasium:CartPole-v1",
    ),
    (["run", "learning_rates", "--select-rates"], "which has learning rates of its own"),
    (["run", "gradient_quality", "--set", "training.discount=1"], "--set has no meaning for gradient_quality"),
    (["run", "ladder", "--tuned", "--select-rates"], "--select-rates has no meaning with --tuned"),
    (["run", "ladder", "--name", "ladder"], "--name ladder is taken by an experiment of ours"),
    (["run", "ladder", "--variants", "of_user:NUMBER"], "is of class int and is no algorithm: it is neither a Variant"),
    (
        ["run", "ladder", "--variants", "of_user:Broken"],
        "is a class; name a constant that holds a Variant or Reference",
    ),
    (["run", "ladder", "--variants", "of_user:LINE"], "unknown constant of of_user 'LINE'; nearest: LINES"),
    (["run", "ladder", "--tasks", "of_user:"], "is not of the form module:CONSTANT"),
    (["run", "ladder", "--tasks", ":TASK"], "is not of the form module:CONSTANT"),
    (["run", "ladder", "--variants", "of_user:LINES"], "one line of printable characters, not 'two\\nlines'"),
    (["run", "ladder", "--tasks", "gymnasium:no_module:X-v0"], "Gymnasium cannot make 'no_module:X-v0'"),
    (["run", "ladder", "--tasks", "gymnasium:of_user:Sized-v0"], "missing 1 required positional argument: 'size'"),
    ([*TRAIN, "--results", "file"], "--results: file is a file, and a folder is needed there"),
    ([*TRAIN, "--results", "file/below"], "--results: file is a file"),
    ([*TRAIN, "--results", "/proc/nowhere"], "/proc/nowhere cannot be written to"),
    ([*TRAIN, "--results", "x" * 300], "File name too long"),
    ([*TRAIN, "--log", "tensorboard", "--log-folder", "file"], "--log-folder: file is a file"),
    ([*TRAIN, "--log", "tensorbord"], "log 'tensorbord'", "tensorboard"),
    (["run", "smoke", "--results", "file"], "--results: file is a file"),
    (["tune", "--task", "CartPole-v1", "--variant", "gae", "--results", "file"], "--results: file is a file"),
    (
        ["tune", "--task", "CartPole-v1", "--variant", "gae", "--seed", "1e10"],
        "--seed must be at least 0 and below 2^32",
    ),
    (["play", "file"], "file is damaged or no safetensors file"),
    (["play", "."], ". is a folder"),
    (["play", "file", "--seed", "9223372036854775808"], "--seed takes a whole number up to 9223372036854775807"),
    (["compare", "file", "."], "file is a file"),
    (["compare", ".", "."], ". holds no cells"),
    (["compare", ".", ".", "--noninferior", "0"], "--noninferior must be greater than 0, not 0"),
    (["compare", ".", ".", "--min-seeds", "0"], "--min-seeds must be at least 1, not 0"),
    (["guide", "--results", "file"], "file holds no runs"),
    (["report", "ladder", "--results", "file"], "holds no results"),
    (["rnu", "ladder"], "unknown command 'rnu'; nearest: run", "python -m benchmarks --help"),
    (["run", "ladder", "--tasks", "CartPole"], "unknown task 'CartPole'; nearest: CartPole-v1"),
    (["run", "ladder", "--variants", "gae,reinforc"], "unknown variant 'reinforc'; nearest: reinforce"),
    (["run", "ladder", "--seeds", "0"], "--seeds must be at least 1, not 0"),
    (["run", "ladder", "--seeds", "1e12"], "--seeds must be at most 100,000, not 1,000,000,000,000"),
    ([*TRAIN, "--seeds", "1e6"], "--seeds must be at most 100,000, not 1,000,000"),
    (["run", "ladder", "--adaptive", "--max-seeds", "1e9"], "--max-seeds must be at most 100,000"),
    (
        ["tune", "--task", "CartPole-v1", "--variant", "gae", "--test-seeds", "1e9"],
        "--test-seeds must be at most 100,000",
    ),
    (["run", "ladder", "--env-steps", "-5"], "--env-steps must be at least 1, not -5"),
    (["run", "ladder", "--jobs", "0"], "--jobs must be at least 1"),
    (["run", "async_throughput", "--jobs", "2"], "async_throughput measures seconds and runs one cell after another"),
    (["run", "ladder", "--seeds", "many"], "many"),
    (["run", "ladder", "--tasks", ","], "',' names nothing"),
    (
        ["run", "ladder", "--tasks", "CartPole-v1", "--variants", "exact_pg"],
        "exact_pg needs an oracle, and this task has none (CartPole-v1)",
    ),
    (["run", "ladder", "--device", "abacus"], "--device 'abacus' cannot be used"),
    (["run", "ladder", "--tasks", "gymnasium:Nothing-v0"], "Nothing"),
    (["run"], "error: run needs an experiment that `list` names; all: python -m benchmarks run --help"),
    (
        ["train"],
        "error: train needs --task (a name, module:CLASS, module:TASK or gymnasium:ID); all: python -m benchmarks train --h",
    ),
    (
        ["compare"],
        "compare needs the earlier results: a folder such as results/reference/ladder, and the later results; all: ",
    ),
    (["run", "ladder", "smoke"], "error: run takes no 'smoke'; all: python -m benchmarks run --help"),
    (["run", "ladder", "--seeds"], "Expected 1 values"),
    (["train", "--task", "CartPole-v1"], "--variant"),
    ([*TRAIN, "--set", "estimator.credit.lm=1"], "nearest: lam"),
    ([*TRAIN, "--set", "estimator.credit.lam=2"], "not 2"),
    ([*TRAIN, "--set", "estimator.credit.lam=x"], "takes float"),
    ([*TRAIN, "--set", "estimator.credit=1"], "lam"),
    ([*TRAIN, "--set", "lam=1"], "--set takes"),
    ([*TRAIN, "--set", "training.learning_rate=-1"], "learning_rate"),
    (["report", "lader"], "unknown experiment"),
    (["report", "smoke", "--results", "/nowhere"], "holds no results"),
    (["run", "smoke", "--figures", "svg,pgn"], "unknown kind of figure '.pgn'; nearest: .png"),
    (["report", "smoke", "--figures", "svg,pgn"], "unknown kind of figure '.pgn'; nearest: .png"),
    (["report", "smoke", "--figures", "png"], "--figures must hold svg"),
    (["report", "smoke", "--figure-width", "5.5"], "did you mean 5.5in?"),
    (["run", "smoke", "--figure-width", "1in"], "the nearest that can be drawn is 2.5in"),
    (["tune", "--variant", "gae", "--task", "lock/small", "--figure-width", "wide"], "5.5in, 14cm, 140mm or 397pt"),
    (["compare", "a", "b", "--figure-width", "14 km"], "did you mean 14cm?"),
    (["run", "ladder", "--baseline", "gaee"], "unknown baseline 'gaee'; nearest: gae"),
    (["run", "ladder", "--baseline", "random"], "unknown baseline 'random'"),
    (["run", "ladder", "--adaptive", "--max-seeds", "15"], "--max-seeds must be a multiple of 10, 10 or more, not 15"),
    (["run", "ladder", "--adaptive", "--margin", "0"], "--margin must be greater than 0, not 0"),
    (["run", "learning_rates", "--adaptive"], "--adaptive has no meaning for learning_rates, which does not"),
    (["compare", "nowhere", "nowhere"], "nowhere holds no cells: name a folder such as results/ladder"),
    (["compare", "nowhere", "nowhere", "--margin", "-1"], "--margin must be greater than 0, not -1"),
    (["guide", "--results", "nowhere"], "nowhere holds no runs of experiments"),
    (["list", "task"], "unknown list 'task'; nearest: tasks"),
    (["tune"], "tune takes --variant NAME or --variants A,B, one of the two"),
    (["play"], "play needs results/<experiment>/policies/<...>.safetensors; all: "),
    (["play", "nowhere.safetensors"], "nowhere.safetensors is not there; policies are saved by `train` and `run`"),
    (["play", "nowhere.safetensors", "--episodes", "0"], "--episodes must be at least 1, not 0"),
    (["play", "nowhere.safetensors", "--seed", "-1"], "--seed must be 0 or more, not -1"),
    (["play", "nowhere.safetensors", "--greddy"], "unknown flag of play '--greddy'; nearest: --greedy"),
    (["train", "--task", "CartPole-v1", "--variant", "random", "--save-policies"], "random trains nothing"),
    (
        ["train", "--task", "CartPole-v1", "--variant", "sb3:a2c", "--save-policies"],
        "sb3:a2c is trained by stable-baselines3, whose policies are not ours",
    ),
    (["report", "gradient_quality", "--baseline", "gae"], "--baseline has no meaning for gradient_quality"),
    (["run", "gradient_quality", "--save-policies"], "--save-policies has no meaning for gradient_quality"),
    (["run", "tuning", "--save-policies"], "--save-policies has no meaning for tuning"),
]


@pytest.mark.parametrize(("words", "parts"), [(w, p) for w, *p in MISTAKES], ids=lambda m: " ".join(m)[:60])
def test_one_line_and_status_2(words: list[str], parts: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(Path().iterdir())
    assert main(words) == 2
    said = capsys.readouterr().err
    for part in parts:
        assert part in said
    assert len(said.strip().splitlines()) == 1
    assert "Traceback" not in said
    assert sorted(Path().iterdir()) == before


def test_a_task_that_only_envpool_has(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_envpool, "installed", lambda: False)
    for words in (["train", "--task", "Highway-v0", "--variant", "gae"], ["run", "driving"]):
        assert main(words) == 2
        assert 'Highway-v0 needs EnvPool (pip install "pg-ladder[box2d-mujoco]")' in capsys.readouterr().err
    assert sorted(path.name for path in Path().iterdir()) == ["file", "here.py", "results"]


def test_tasks_that_go_without_envpool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_envpool, "installed", lambda: False)
    check_installed([TASKS["CartPole-v1"], TASKS["FrozenLake-v1"], TASKS["dyck/small"]])


def test_an_environments_own_valueerror_is_no_mistake_of_the_users(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--task", "of_user:TASK", "--variant", "gae", "--seeds", "1", "--env-steps", "1e3"]) == 1
    said = capsys.readouterr().err
    assert "failed: broken fails in its first steps: ValueError: the dice fell off the table (" in said
    assert "in respond" in said  # where it was raised
    assert main(["train", "--task", "gymnasium:of_user:Faulty-v0", "--variant", "gae"]) == 1
    assert "gymnasium:of_user:Faulty-v0 fails when it is made: ValueError: no board found" in capsys.readouterr().err


def test_a_folder_in_which_a_part_is_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """The cells can be written and the policies cannot: that is said before anything is trained."""
    Path("results/train").mkdir(parents=True)
    Path("results/train/policies").write_text("")
    assert main([*TRAIN, "--save-policies"]) == 2
    assert "results/train/policies is a file" in capsys.readouterr().err
    assert sorted(p.name for p in Path("results/train").iterdir()) == ["policies"]


def test_a_guide_of_partial_results(capsys: pytest.CaptureFixture[str]) -> None:
    """One variant of the ladder on one task: there is nothing to compare, and no KeyError."""
    write_cell(Path("results/ladder"), "CartPole-v1", "gae", range(2), np.ones((2, 2)))
    assert main(["guide"]) == 2
    assert "hold no case of the guide with two variants to compare" in capsys.readouterr().err
    next(Path("results/ladder/cells").iterdir()).write_text("damaged")
    for words in (["guide"], ["report", "ladder"], ["compare", "results/ladder", "results/ladder"]):
        assert main(words) == 2
        assert "damaged" in capsys.readouterr().err
