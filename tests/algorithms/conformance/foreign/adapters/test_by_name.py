"""Functions by the names of their parameters: what they are given, what may come back, and what is said of other names."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch import Tensor

from algorithms.conformance.foreign.adapters.by_name import ByName, WrongResult
from algorithms.conformance.foreign.adapters.parameters import NAMES, OF
from algorithms.conformance.foreign.texts import texts
from envs.validation import UnknownName, UsageError

BATCH = texts(1, 2, 2)


def adapted(function: Any, **given: Any) -> Any:
    return ByName().adapt(function, given)


def test_a_name_stands_for_one_quantity() -> None:
    assert sum(len(quantity.names) for quantity in NAMES.values()) == len(OF)


def test_the_kind_follows_from_the_names() -> None:
    assert adapted(lambda rewards, mask: rewards).kind == "advantages"
    assert adapted(lambda logp, old_logp, advantages: logp).kind == "loss"
    assert adapted(lambda logp, scores, group_ids: logp).kind == "loss"
    assert adapted(lambda vpreds, returns, values, mask: vpreds).kind == "value loss"


def test_a_loss_gives_its_negative_gradient() -> None:
    made = adapted(lambda logp, advantages: -(3 * logp * advantages).sum())(BATCH)
    assert torch.equal(made, 3 * BATCH.advantage)
    of_value = adapted(lambda new_values, returns: ((new_values - returns) ** 2).sum())(BATCH)
    assert torch.allclose(of_value, -2 * (BATCH.new_value - BATCH.target))


def test_a_result_for_each_text_or_position_or_the_first_of_several() -> None:
    assert adapted(lambda scores: scores)(BATCH).shape == (2, 2)
    assert torch.equal(adapted(lambda rewards: (rewards, 0))(BATCH), BATCH.reward)
    assert torch.equal(adapted(lambda rewards: rewards[..., None].float())(BATCH), BATCH.reward.float().double())
    assert torch.equal(adapted(lambda rewards: rewards.numpy())(BATCH), BATCH.reward)
    losses = adapted(lambda logp, advantages: (-logp * advantages, {}))(BATCH)
    assert torch.equal(losses, BATCH.advantage)


def test_a_function_cannot_change_the_batch() -> None:
    def rude(rewards: Tensor) -> Tensor:
        rewards += 1
        return rewards

    before = BATCH.reward.clone()
    adapted(rude)(BATCH)
    assert torch.equal(BATCH.reward, before)


def test_defaults_are_kept_and_numbers_may_be_given() -> None:
    def scaled(rewards: Tensor, gamma: float = 0.5, factor: float = 1.0) -> Tensor:
        return rewards * gamma * factor

    assert torch.equal(adapted(scaled)(BATCH), 0.5 * BATCH.reward)
    assert torch.equal(adapted(scaled, factor=4.0)(BATCH), 2 * BATCH.reward)
    assert "gamma" not in adapted(scaled).takes


class Rewards:
    """A user's part, whose constructor takes what a function of advantages would."""

    def __init__(self, rewards: Any) -> None:
        self.rewards = rewards


@pytest.mark.parametrize(
    ("function", "given", "said"),
    [
        (lambda rewrds: rewrds, {}, "unknown parameter 'rewrds'; nearest: rewards"),
        (
            lambda rewards, temperature: rewards,
            {},
            "all: docs/other-libraries.md; or give it a value: --given NAME=VALUE",
        ),
        (lambda mask: mask, {}, "a function of mask is neither of advantages"),
        (Rewards, {}, "Rewards is a class; name a function, which may make one and call it"),
        (lambda rewards: rewards, {"clip": 1}, "unknown parameter 'clip'"),
    ],
)
def test_what_cannot_be_called_is_said_before(function: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        adapted(function, **given)
    assert issubclass(UnknownName, UsageError)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda rewards: rewards[:, :1].T, "its result has the shape [1, 2], and advantages have [2, 2] or [2]"),
        (lambda logp, advantages: 3.0, "its result is of class float, and a loss is a tensor"),
        (lambda logp, advantages: advantages.sum(), "the loss has no gradient"),
    ],
)
def test_what_is_no_result(function: Any, said: str) -> None:
    with pytest.raises(WrongResult, match=re.escape(said)):
        adapted(function)(BATCH)
