"""A user's environment from the command line: what it does wrong is named, and what was edited is trained anew."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import pytest

from benchmarks.cli.main import main
from benchmarks.design.lookup import find_task, find_variant
from benchmarks.execution.provenance import source_hash
from benchmarks.playback.policy_files import changed_since, load_policy
from benchmarks.store import pooling
from benchmarks.store.sources import read_meta
from envs.control.factory import gymnasium_task
from envs.custom.repeats import NOTICE
from envs.custom.sources import known_description

MODULE = '''
from dataclasses import dataclass

import gymnasium
import numpy as np

from algorithms import VARIANTS
from algorithms.estimators.baseline import LeaveOneOut
from envs.api import Discrete, Features, Spec, Task
from envs.control.factory import Control
from envs.text.bandit import Bandit
from envs.text_mdp import Response


class Steady(gymnasium.Env):
    """Pays PAID for action 1; an episode has four steps."""

    observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return self.seen(), {}

    def step(self, action):
        self.t += 1
        return self.seen(), self.paid(action), self.t == 4, False, {}

    def seen(self):
        return self.np_random.random(2, np.float32)

    def paid(self, action):
        return 1.0 * action  # PAID


class Lost(Steady):
    def paid(self, action):
        return float("nan") if self.t == 3 else 1.0


class Chancy(Steady):
    def seen(self):
        return np.random.random(2).astype(np.float32)


class Masked(Steady):
    def reset(self, **how):
        return super().reset(**how)[0], {"action_mask": np.array([1, 0], np.int8)}

    def step(self, action):
        assert action == 0
        return *super().step(action)[:4], {"action_mask": np.array([1, 0], np.int8)}


for kind in (Steady, Lost, Chancy, Masked):
    gymnasium.register(f"Orchard/{kind.__name__}-v0", f"orchard:{kind.__name__}", max_episode_steps=9)


@dataclass(frozen=True)
class Mine(LeaveOneOut):
    """A baseline of the user's."""


@dataclass(frozen=True)
class Rotten(Bandit):
    """Pays nothing that is a number."""

    bernoulli = False

    def respond(self, rows, t, outcome):
        paid = np.where(rows.transcript[:, 1] == 3, np.inf, 0.0)
        return Response(paid, np.ones(len(paid), bool))


VARIANT = VARIANTS["baseline_loo"].rung("mine", "a baseline of the user's", baseline=Mine())
TASK = Task("steady", Control("Orchard/Steady-v0", Spec(Features(2), Discrete(2), 9), "gymnasium"), 0.0, 4.0)
CHANCY = Task("chancy", Control("Orchard/Chancy-v0", TASK.spec, "gymnasium"), 0.0, 4.0, 3.0)
TEXT = Task("rotten", Rotten(), 0.0, 1.0)
'''


def forget() -> None:
    """As a new process: nothing of the module is known."""
    sys.modules.pop("orchard", None)
    for name in [n for n in gymnasium.registry if n.startswith("Orchard/")]:
        del gymnasium.registry[name]
    gymnasium_task.cache_clear()
    known_description.cache_clear()
    importlib.invalidate_caches()


@pytest.fixture
def orchard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "code" / "orchard.py"
    path.parent.mkdir()
    path.write_text(MODULE)
    monkeypatch.syspath_prepend(str(path.parent))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield path
    forget()


def train(results: Path, task: str, variant: str, *more: str) -> int:
    forget()
    words = ["--task", task, "--variant", variant, "--seeds", "2", "--env-steps", "200", "--results", str(results)]
    return main(["train", *words, *more])


def cells(results: Path) -> dict[str, Any]:
    return {path.name: read_meta(path) for path in sorted((results / "train/cells").glob("*.parquet"))}


def edit(path: Path) -> None:
    path.write_text(MODULE.replace("1.0 * action  # PAID", "2.0 * action"))


NAN = "the environment returned a reward of nan (environment"


@pytest.mark.parametrize(
    ("task", "variant", "said"),
    [
        ("gymnasium:orchard:Orchard/Lost-v0", "baseline_loo", NAN),
        ("gymnasium:orchard:Orchard/Lost-v0", "a2c", NAN),
        ("gymnasium:orchard:Orchard/Lost-v0", "random", NAN),
        ("gymnasium:orchard:Orchard/Lost-v0", "sb3:ppo", NAN),
        ("orchard:TEXT", "baseline_loo", "rotten: the environment pays inf at step 1 of"),
        ("orchard:TEXT", "exact_pg", "rotten: the environment pays inf at step 1 of"),
    ],
)
def test_a_fault_fails_the_cell_and_names_the_environment(
    tmp_path: Path, orchard: Path, capsys: pytest.CaptureFixture[str], task: str, variant: str, said: str
) -> None:
    if variant.startswith("sb3:"):
        pytest.importorskip("stable_baselines3")
    assert train(tmp_path, task, variant) == 1
    text = capsys.readouterr().err
    assert said in text
    assert "Traceback" not in text
    assert "File " not in text
    if said is NAN:
        assert "of seed 0, at step 3 of its episode" in text
    assert not cells(tmp_path)


@pytest.mark.parametrize("more", [(), pytest.param(("--hogwild",), marks=pytest.mark.slow)])
def test_a_fault_in_an_actors_process_ends_the_run_with_the_same_words(
    tmp_path: Path, orchard: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    orchard.write_text(MODULE.replace("self.t == 3 else", "self.t == 3 and multiprocessing.parent_process() else")
                       .replace("import gymnasium\n", "import gymnasium\nimport multiprocessing\n", 1))  # fmt: skip
    assert train(tmp_path, "gymnasium:orchard:Orchard/Lost-v0", "a2c", "--actors", "2", *more) == 1
    assert NAN in capsys.readouterr().err


def test_masks_are_obeyed_and_who_cannot_is_refused(
    tmp_path: Path, orchard: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The environment asserts that only action 0 is taken."""
    assert train(tmp_path, "gymnasium:orchard:Orchard/Masked-v0", "baseline_loo") == 0
    assert train(tmp_path, "gymnasium:orchard:Orchard/Masked-v0", "random") == 0
    capsys.readouterr()
    pytest.importorskip("stable_baselines3")
    assert train(tmp_path, "gymnasium:orchard:Orchard/Masked-v0", "sb3:dqn") == 2
    assert "chooses among all actions, and this task forbids some" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("task", "variant", "words"),
    [
        ("gymnasium:orchard:Orchard/Steady-v0", "baseline_loo", "(the environment's source file changed)"),
        ("orchard:TASK", "baseline_loo", "(the environment's source file changed)"),
        (
            "CartPole-v1",
            "orchard:VARIANT",
            "the source file of algorithm.estimator.baseline, or one that it imports, changed",
        ),
    ],
)
def test_what_was_edited_is_trained_anew_and_not_pooled(
    tmp_path: Path, orchard: Path, capsys: pytest.CaptureFixture[str], task: str, variant: str, words: str
) -> None:
    assert train(tmp_path, task, variant) == 0
    (first,) = cells(tmp_path)
    assert train(tmp_path, task, variant) == 0
    assert list(cells(tmp_path)) == [first]  # the same code: the same cell
    edit(orchard)
    assert train(tmp_path, task, variant) == 0
    found = cells(tmp_path)
    assert len(found) == 2
    with pytest.raises(pooling.NotPoolable, match="differ in more than their seeds") as caught:
        pooling.select([Path(name) for name in found], list(found.values()))
    assert words in str(caught.value)


def test_a_study_does_not_go_on_with_trials_of_other_code(orchard: Path) -> None:
    def sources(variant: str) -> str:
        forget()
        return source_hash([find_variant(variant), find_task("orchard:TASK")])

    first, mine = sources("reinforce"), sources("orchard:VARIANT")
    assert len({first, mine, ""}) == 3
    edit(orchard)
    assert len({first, mine, sources("reinforce"), sources("orchard:VARIANT")}) == 4
    assert source_hash([find_variant("reinforce"), find_task("dyck/small")]) == ""


def test_a_saved_policy_says_that_its_environment_has_changed(
    tmp_path: Path, orchard: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path, "gymnasium:orchard:Orchard/Steady-v0", "baseline_loo", "--save-policies") == 0
    path = next((tmp_path / "train/policies").glob("*.safetensors"))
    assert changed_since(load_policy(path)) == []
    edit(orchard)
    forget()
    assert changed_since(load_policy(path)) == ["the environment's source file changed"]
    capsys.readouterr()
    assert main(["play", str(path), "--out", str(tmp_path)]) == 0
    assert "since this policy was trained: the environment's source file changed" in capsys.readouterr().err


def test_rows_of_an_environment_that_does_not_repeat_are_marked(
    tmp_path: Path, orchard: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path, "gymnasium:orchard:Orchard/Chancy-v0", "baseline_loo") == 0
    assert "does not repeat" in capsys.readouterr().err
    assert train(tmp_path, "gymnasium:orchard:Orchard/Steady-v0", "baseline_loo") == 0
    assert "does not repeat" not in capsys.readouterr().err
    chancy, steady = cells(tmp_path).values()
    assert chancy["provenance"]["reproducible"] is False
    assert chancy["notices"] == [NOTICE]
    assert "reproducible" not in steady["provenance"]
    assert pooling.mixed([chancy, steady]) == ["reproducible False | True"]


@pytest.mark.slow
def test_a_report_says_that_an_environment_does_not_repeat_and_what_was_edited(
    tmp_path: Path, orchard: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--tasks", "orchard:CHANCY", "--variants", "baseline_loo", "--seeds", "2"]
    command = ["run", "ladder", *words, "--env-steps", "200", "--jobs", "1", "--results", str(tmp_path)]
    assert main(command) == 0
    assert NOTICE in (tmp_path / "ladder/report.md").read_text()
    edit(orchard)
    forget()
    assert main(command) == 0  # a new cell beside the old one
    capsys.readouterr()
    assert main(["report", "ladder", "--results", str(tmp_path)]) == 2
    assert "the environment's source file changed" in capsys.readouterr().err
