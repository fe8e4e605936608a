"""The space of a study: search ranges stand beside their fields, and only what has an effect is searched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from algorithms import VARIANTS
from algorithms.training_config import Episodes
from algorithms.tunable import Choice, Range
from algorithms.variant import Variant
from benchmarks.design.overrides import apply_overrides
from benchmarks.design.resolve import resolve
from benchmarks.tuning.space import Parameter, parameters
from envs import TASKS
from envs.api import Task
from tests.algorithms.test_tunable import PAIRS


def test_what_is_tuned_stands_beside_its_field() -> None:
    variant = VARIANTS["entropy"]
    training = replace(resolve(TASKS["CartPole-v1"], variant).training, learning_rate=0.01)
    found = {p.path: p for p in parameters(variant, training, TASKS["CartPole-v1"].spec)}
    assert found["training.learning_rate"] == Parameter("training.learning_rate", Range(1e-4, 1e-1, log=True), 0.01)
    assert found["estimator.entropy.alpha"] == Parameter("estimator.entropy.alpha", Range(1e-4, 1e-1, log=True), 0.01)
    assert found["estimator.credit.lam"].default == 0.95
    assert found["training.network.hidden"].search == Choice(((32, 32), (64, 64), (128, 128)))


@pytest.mark.parametrize(
    ("variant", "task", "path", "there"),
    [
        ("reinforce", "CartPole-v1", "training.critic_rate", False),  # it has no critic
        ("gae", "CartPole-v1", "training.critic_rate", True),
        ("gae", "CartPole-v1", "estimator.entropy.alpha", False),  # a bonus would make it another rung
        ("gae", "CartPole-v1", "schedule.epochs", False),  # nothing corrects for a second epoch
        ("ppo", "CartPole-v1", "schedule.epochs", True),
        ("gae", "CartPole-v1", "training.max_grad_norm", False),  # it does not clip
        ("like_sb3_ppo", "CartPole-v1", "training.learning_rate", False),  # the preset fixes it
        ("gae", "CartPole-v1", "training.initial_log_std", False),  # discrete actions have none
        ("gae", "Pendulum-v1", "training.initial_log_std", True),
        ("a2c", "CartPole-v1", "estimator.credit.n", True),
        ("npg", "bandit/small", "update.delta", True),
        ("dapo", "bandit/small", "estimator.surrogate.high", True),
        ("ppo", "bandit/small", "estimator.surrogate.high", False),  # its upper bound is the lower one
    ],
)
def test_only_what_has_an_effect_is_tuned(variant: str, task: str, path: str, there: bool) -> None:
    made = VARIANTS[variant]
    found = {p.path for p in parameters(made, resolve(TASKS[task], made).training, TASKS[task].spec)}
    assert (path in found) is there


@pytest.mark.parametrize(("task", "variant"), PAIRS)
def test_every_end_of_every_range_is_a_legal_value(task: Task, variant: Variant) -> None:
    training = resolve(task, variant).training
    found = list(parameters(variant, training, task.spec))
    assert found
    for p in found:
        ends = p.search.values if isinstance(p.search, Choice) else (p.search.low, p.search.high)
        for value in (*ends, p.default):
            apply_overrides(variant, training, {p.path: value})
        if isinstance(p.search, Range):
            assert p.search.low <= p.default <= p.search.high


def test_choices_that_cannot_be_made_are_left_out() -> None:
    task, variant = TASKS["bandit/small"], VARIANTS["reinforce"]
    training = replace(resolve(task, variant).training, collection=Episodes(envs=48, group=16))
    (envs,) = (p for p in parameters(variant, training, task.spec) if p.path == "training.collection.envs")
    assert envs.search == Choice((48, 16, 32, 64))  # 8 environments are no groups of 16
