"""The settings of an algorithm on a task, in one order."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest

from algorithms import ALGORITHMS, VARIANTS
from algorithms.algorithm import Algorithm
from algorithms.training_config import Unroll
from benchmarks.design import settings
from benchmarks.design.cells import single_cells
from benchmarks.design.resolve import resolve
from envs import TASKS


def test_what_is_given_later_goes_before() -> None:
    """A preset's rate replaces the task's; another variant's replaces it; what is set by path replaces all."""
    task, preset = TASKS["CartPole-v1"], VARIANTS["like_sb3_a2c"]
    of_gae = settings.learning_rate(task, "gae")
    assert resolve(task, preset).training.learning_rate == 7e-4
    assert resolve(task, preset, shared_rate_variant="gae").training.learning_rate == of_gae
    assert (
        resolve(task, preset, {"training.learning_rate": 0.5}, shared_rate_variant="gae").training.learning_rate == 0.5
    )


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
