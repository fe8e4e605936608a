"""The expected return after each text: by hand, against J, and as a baseline of less variance."""

from __future__ import annotations

import pytest
import torch

from algorithms import VARIANTS
from algorithms.conformance import gradient_quality
from algorithms.estimators.baselines.prefixes import prefix_numbers
from algorithms.policies.networks.gru import GRU
from algorithms.training.returns.exact_return import ExactReturn
from algorithms.training.returns.expected_return import ExpectedReturn
from algorithms.training_config import Episodes, TrainingConfig
from envs import TASKS
from envs.text.transduce import Transduce
from envs.text_env import text_task
from tests.builders import make_policy, small_training
from tests.rollouts import make_rollout

COPY = text_task("copy", Transduce(symbols=2, length=2))


def test_values_of_copying_two_symbols_by_hand() -> None:
    """A policy of equal chances is right half the time, so J is the share that one right symbol is paid. Before the second
    symbol it is what was paid and half a share more."""
    training = TrainingConfig(network=GRU(4), collection=Episodes(8, 4))
    variant = VARIANTS["vineppo"]
    policy = make_policy(COPY, variant, training, (0, 1))
    with torch.no_grad():
        policy.flat.values.zero_()
    _, rollout = make_rollout(COPY, variant, training, (0, 1), policy)
    assert rollout.expected_return is not None
    share = rollout.reward.max()
    assert rollout.expected_return[0].flatten().tolist() == pytest.approx([float(share)] * 16)
    torch.testing.assert_close(rollout.expected_return[1], rollout.reward[0] + 0.5 * share)


def test_before_the_first_action_its_mean_is_j() -> None:
    """Over the prompts, each with its probability; and every later value is the mean of those behind it."""
    task, variant = TASKS["lock/small"], VARIANTS["vineppo"]
    policy = make_policy(task, variant, small_training(task, variant), (3, 5))
    with torch.no_grad():
        policy.flat.values += 0.5 * torch.randn(policy.flat.values.shape, generator=torch.Generator().manual_seed(0))
    exact = ExactReturn(task)
    episodes = exact.enumeration
    positions = task.spec.observation.action_position  # type: ignore[union-attr]
    numbers = prefix_numbers(torch.from_numpy(episodes.transcript).T, positions[: len(episodes.valid)])
    valid = torch.from_numpy(episodes.valid).double()
    made = ExpectedReturn(task)(policy, *(x[:, None].expand(-1, 2, -1) for x in (numbers, valid)))
    chance = exact.probabilities(policy).double() * torch.from_numpy(episodes.probability)
    torch.testing.assert_close((chance * made[0]).sum(1), exact.value(policy))
    gained = torch.from_numpy(episodes.reward.sum(0)) - made[1]
    for number in numbers[1][valid[1] > 0].unique():  # given each text before the second action nothing is left over
        here = (numbers[1] == number) & (valid[1] > 0)
        assert float((chance * gained * here).sum(1).abs().max().detach()) < 1e-6


def test_it_is_unbiased_and_has_less_variance_than_leave_one_out() -> None:
    """At one policy, 1,000 samples of the gradient of copying two symbols."""
    training = TrainingConfig(network=GRU(4), collection=Episodes(8, 4))
    actor = gradient_quality.gaussian_parameters(COPY, training, 0.5)
    exact = gradient_quality.exact_gradient(COPY, training, actor)
    made = {}
    for name in ("vineppo", "rloo"):
        samples = gradient_quality.replicates(COPY, VARIANTS[name], training, actor, 1_000)
        made[name] = gradient_quality.quality(samples, exact)
    assert made["vineppo"].max_z < 5
    assert abs(made["vineppo"].scale_z) < 4
    assert made["vineppo"].variance < 0.8 * made["rloo"].variance


def test_it_needs_a_task_that_can_be_listed() -> None:
    variant = VARIANTS["vineppo"]
    assert variant.reason_unsupported(TASKS["CartPole-v1"]) == (
        "needs the expected return after every text, and this task has no oracle"
    )
    assert variant.reason_unsupported(TASKS["padanswer/medium"]) == (
        "needs a listing of all texts, and this task has more than 5,000 episodes"
    )
