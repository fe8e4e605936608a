"""The exact gradient against finite differences, and the estimators against the exact gradient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.networks.gru import GRU
from algorithms.references.scripted import play_uniformly
from algorithms.training.evaluation import Evaluation
from algorithms.training.observation_normaliser import Identity
from algorithms.training.records import Members
from algorithms.training.returns.exact_return import ExactReturn, enumerable, text_mdp
from algorithms.training.returns.pass_at_k import NAMES
from algorithms.training.returns.sampled_return import PolicyEvaluation
from algorithms.training.run import train
from envs import TASKS
from envs.api import Task
from envs.delayed import delayed
from envs.seeding import Purpose
from envs.text.causal import Causal
from envs.text.guessnumber import GuessNumber
from envs.text.lexicon import Lexicon
from envs.text.lock import Lock
from envs.text.transduce import Transduce
from envs.text_env import text_task
from tests.builders import double_copy, make_policy, make_run, records_of, small_training

TINY = text_task("tiny", Transduce(symbols=3, length=2))
SHIFTED = text_task("shifted", Transduce(symbols=3, length=2, reward_shift=1.0))
LOCK = text_task("lock", Lock(length=2, vocabulary=4, locks=2))
SOFT = text_task("soft", Lexicon(words=3, length=2, topics=2, beta=0.4))  # J has a KL
NOISY = text_task("noisy", Causal(q=0.8, rho=0.7, asks=2))  # a hidden answer, tests that err, replies


def tilted(task: Task, members: int = 1) -> ActorCritic:
    """Policies some way from uniform."""
    training = replace(small_training(task, VARIANTS["reinforce"]), network=GRU(6))
    policy = make_policy(task, VARIANTS["reinforce"], training, tuple(range(members)))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        policy.flat.values[:] = torch.randn(policy.flat.values[:1].shape, generator=generator) * 0.5
    return policy


SMALL = [n for n, t in TASKS.items() if n.endswith("small") and (n == "transduce/copy-small" or "transduce" not in n)]


@pytest.mark.parametrize("name", [n for n in SMALL if text_mdp(TASKS[n]) is not None])
def test_the_uniform_policys_exact_return_is_the_cards(name: str) -> None:
    task = TASKS[name]
    policy = double_copy(make_policy(task, VARIANTS["reinforce"], small_training(task, VARIANTS["reinforce"])))
    with torch.no_grad():
        policy.flat.values.zero_()
    exact = ExactReturn(task)
    assert exact.value(policy).item() == pytest.approx(task.factory.random_return(), abs=1e-6)  # type: ignore[attr-defined]
    mass = exact.probabilities(policy)[0] @ torch.from_numpy(exact.enumeration.probability)
    assert mass.item() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("task", [TINY, LOCK, SOFT, NOISY, TASKS["dyck/masked-small"]], ids=lambda t: t.name)
def test_exact_gradient_against_finite_differences(task: Task) -> None:
    policy = double_copy(tilted(task))  # float64
    exact = ExactReturn(task)
    gradient = exact.gradient(policy)[0]
    values = policy.flat.values[0]
    for i in np.random.default_rng(0).choice(len(values), 12, replace=False).tolist():
        ends = []
        for h in (1e-5, -1e-5):
            values[i] += h
            ends.append(exact.value(policy).item())
            values[i] -= h
        assert gradient[i].item() == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8)
    if task.name != "dyck/masked-small":  # there every policy is optimal, and the gradient is 0
        assert gradient.norm() > 1e-3


@pytest.mark.parametrize("name", ["lexicon/small", "overopt/small", "causal/medium", "dyck/masked-small"])
def test_what_evaluations_read_from_samples_is_what_enumeration_says(name: str) -> None:
    """J, entropy, length, KL and views of a tilted policy: 40,000 played episodes against the exact sums."""
    task = TASKS[name]
    policy = tilted(task, 2)
    exact = ExactReturn(task).scores(policy)
    examined = PolicyEvaluation(policy, Identity(), (0, 1), Purpose.TEST, (0, 0))
    played = examined.scores(task, 20_000, greedy=False)
    sampled = {name: x for name, x in exact.measures.items() if name not in NAMES}  # pass@k is exact or not measured
    assert set(played.measures) == set(sampled) >= {"entropy", "length"}
    assert ("kl" in exact.measures) == name.startswith(("lexicon", "overopt"))
    assert ("gold" in exact.measures) == name.startswith("overopt")
    np.testing.assert_allclose(played.value, exact.value, atol=0.04)
    for measure, value in sampled.items():
        np.testing.assert_allclose(played.measures[measure], value, atol=0.06, err_msg=measure)
    if task.beta:
        plain = ExactReturn(replace(task, beta=0.0)).scores(policy).value
        np.testing.assert_allclose(exact.value, plain - task.beta * exact.measures["kl"])
        assert exact.measures["kl"].min() > 0.1


def test_evaluations_and_uniform_play_discount_as_the_task_does() -> None:
    """gamma .5: guess the number, each turn half as dear as the one before."""
    task = text_task("half", GuessNumber(numbers=4, turns=3, gamma=0.5))
    assert task.gamma == 0.5
    policy = tilted(task, 2)
    played = PolicyEvaluation(policy, Identity(), (0, 1), Purpose.TEST, (0, 0)).scores(task, 20_000, greedy=False)
    np.testing.assert_allclose(played.value, ExactReturn(task).scores(policy).value, atol=0.02)
    uniform = play_uniformly(task, Members((0,), (1.0,)), 20_000)
    assert uniform.item() == pytest.approx(task.floor, abs=0.02)  # -1 - 3/4 (1/2 + 3/4 1/4 (1 + 3/4)) = -1.621
    assert task.floor == pytest.approx(-1 - 3 / 4 * (1 / 2 + 3 / 4 * 1 / 4 * (1 + 3 / 4)))
    soft = TASKS["lexicon/small"]
    assert play_uniformly(soft, Members((0,), (1.0,)), 20_000).item() == pytest.approx(soft.floor, abs=0.03)


def test_a_learner_on_the_kl_objective_ends_near_its_soft_optimum() -> None:
    """lexicon/small: J*_beta is 1.548, the greedy policy that ignores the reference is below it."""
    task, made = TASKS["lexicon/small"], VARIANTS["baseline_loo"]
    training = replace(small_training(task, made, 64), learning_rate=0.01, segment=1_000)
    run = make_run(task, made, training, 60_000, evaluation=Evaluation(1, 10))
    last = records_of(train(run))[-2:]
    assert all(task.ceiling - 0.1 < r.eval_return <= task.ceiling for r in last)
    assert all(0.1 < r.measures["kl"] < 3.0 for r in last)
    assert all(r.texts == () or r.texts[0].startswith("topic") for r in last)


def test_what_is_enumerable() -> None:
    assert enumerable(TASKS["bandit/medium"])
    assert not enumerable(TASKS["dyck/medium"])
    assert not enumerable(TASKS["CartPole-v1"])
    with pytest.raises(ValueError, match="CartPole-v1 is not a text MDP"):
        ExactReturn(TASKS["CartPole-v1"])


def test_a_slowed_task_is_read_by_its_oracle_without_a_step() -> None:
    """A step of it takes 1,000 s: whoever took one would not come back."""
    late = delayed(TINY, 1_000.0, "waits")
    assert enumerable(late)
    assert text_mdp(late) is text_mdp(TINY)
    policy = tilted(TINY)
    assert ExactReturn(late).scores(policy).value == ExactReturn(TINY).scores(policy).value
