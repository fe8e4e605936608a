"""The settings of an algorithm on a task, in one order."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from types import SimpleNamespace

import pytest

from algorithms import ALGORITHMS, VARIANTS
from algorithms.algorithm import Algorithm
from algorithms.training_config import Unroll
from benchmarks.design import settings
from benchmarks.design.cells import single_cells
from benchmarks.design.resolve import resolve, with_segment
from envs import TASKS
from envs.api import Discrete, Features, Spec


def test_what_is_given_later_goes_before() -> None:
    """A preset's rate replaces the task's; another variant's replaces it; what is set by path replaces all."""
    task, preset = TASKS["CartPole-v1"], VARIANTS["like_sb3_a2c"]
    of_gae = settings.learning_rate(task, "gae")
    assert resolve(task, preset).training.learning_rate == 7e-4
    assert resolve(task, preset, shared_rate_variant="gae").training.learning_rate == of_gae
    assert (
        resolve(task, preset, {"training.learning_rate": 0.5}, shared_rate_variant="gae").training.learning_rate == 0.5
    )


def test_another_variants_rate_is_that_of_the_same_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    task = TASKS["CartPole-v1"]
    rates = {"ladder": {task.name: {"gae": 0.1}}, "text": {task.name: {"gae": 0.2}}}
    monkeypatch.setattr(settings, "LEARNING_RATES", rates)
    for protocol, rate in (("ladder", 0.1), ("text", 0.2)):
        made = resolve(task, VARIANTS["reinforce"], protocol=protocol, shared_rate_variant="gae")
        assert made.training.learning_rate == rate


def test_the_rate_of_a_library_is_the_published_one() -> None:
    """stable-baselines3's PPO learns CartPole at 0.001 in its zoo; its own default is 0.0003."""
    assert resolve(TASKS["CartPole-v1"], ALGORITHMS["sb3:ppo"]).training.learning_rate == 1e-3


@pytest.mark.parametrize(("horizon", "windows"), [(1_000, 143), (9_000, 572)])
def test_a_segment_is_not_shorter_than_an_episode(horizon: int, windows: int) -> None:
    """Windows of 7 steps: 142 of them hold 994 of 1,000; of longer episodes 4,000 steps count."""
    task = SimpleNamespace(spec=Spec(Features(2), Discrete(2), horizon))
    training = replace(settings.CONTROL, collection=Unroll(7, 8))
    assert with_segment(training, task).segment == windows  # type: ignore[arg-type]


def test_a_segment_holds_an_episode_whatever_the_window() -> None:
    task, preset = TASKS["CartPole-v1"], VARIANTS["like_sb3_a2c"]
    assert resolve(task, preset).training.segment == 200  # windows of 5 steps
    assert resolve(task, preset, {"training.collection": Unroll(50, 8)}).training.segment == 20
    assert resolve(task, preset, {"training.segment": 7}).training.segment == 7
    assert resolve(TASKS["bandit/small"], preset).training.segment == 50  # whole texts


@pytest.mark.parametrize("name", ["random", "sb3:ppo", "q_learning", "gae"])
def test_what_cannot_be_set_is_refused(name: str) -> None:
    task, algorithm = TASKS["bandit/small"], ALGORITHMS[name]
    if algorithm.unsettable:
        with pytest.raises(ValueError, match=f"--set has no meaning for {name}"):
            single_cells(task, algorithm, 1, 100, ("training.discount=0.5",))
    else:
        assert single_cells(task, algorithm, 1, 100, ("training.discount=0.5",))[0].training.discount == 0.5
    if name == "q_learning":
        with pytest.raises(ValueError, match="q_learning has no estimator"):
            single_cells(task, algorithm, 1, 100, ("estimator.credit.lam=0.5",))


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=lambda a: a.name)
def test_every_algorithm_answers(algorithm: Algorithm) -> None:
    """Each is a frozen choice that can name what it does on a small text task, or why it cannot run there. Those that
    need gold, or all texts of the reference policy, have them on overopt/small; those that need single steps, or
    real-valued actions, on control."""
    tasks = [TASKS[name] for name in ("bandit/small", "overopt/small", "CartPole-v1", "Pendulum-v1")]
    task = next((t for t in tasks if algorithm.reason_unsupported(t) is None), tasks[0])
    assert is_dataclass(algorithm)
    assert {"name", "summary"} <= {f.name for f in fields(algorithm)}
    assert algorithm.learns or not algorithm.tunable
    assert algorithm.reason_unsupported(task) is None or algorithm.name.startswith("sb3")
    (cell,) = single_cells(task, algorithm, 2, 1_000, ())
    assert cell.algorithm.expected_seconds(cell) > 0
    assert cell.algorithm.device("cuda") == ("cpu" if algorithm.name.startswith("sb3") else "cuda")
