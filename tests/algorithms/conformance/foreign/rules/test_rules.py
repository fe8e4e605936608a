"""Rules and properties of functions on cases that can be computed by hand, and the smallest example that is printed."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.conformance.foreign import examine as examined
from algorithms.conformance.foreign.adapters.registry import adapt
from algorithms.conformance.foreign.rules import exact, ours, properties, rewards, shares, weights
from algorithms.conformance.foreign.texts import texts
from envs.validation import UnknownName, UsageError
from tests.contracts.right_functions import RIGHT, clipped, per_group


def foreign(function: Any) -> Any:
    return adapt(function, None, {})


@pytest.mark.parametrize(
    ("of", "multiple"),
    [
        (lambda x: x, 1.0),
        (lambda x: x - x.mean(), 0.5),  # (G-1)/G with two texts
        (lambda x: x - (x.sum() - x) / (len(x) - 1), 1.0),
        (lambda x: 3 * x, 3.0),
    ],
)
def test_the_exact_mean_is_a_known_multiple_of_the_gradient(of: Any, multiple: float) -> None:
    made = exact.mean_gradient(foreign(lambda scores, group_ids: per_group(scores, group_ids, of)))
    assert made.multiple == pytest.approx(multiple, abs=1e-9)
    assert made.rest < 1e-9
    assert made.cosine == pytest.approx(1.0)


@pytest.mark.parametrize(
    "name", ["ppo", "grpo_loss", "dr_grpo_loss", "dapo_loss", "cispo_loss", "value_loss", "gspo_loss"]
)
def test_the_weights_of_a_loss_are_read_off(name: str) -> None:
    expected = {"grpo_loss": "sequence", "gspo_loss": "sequence", "dr_grpo_loss": "constant"}.get(name, "token")
    assert weights.means(foreign(RIGHT[name][0])) == [expected]


def test_weights_that_are_none_of_those_known() -> None:
    def odd(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
        return (clipped(logp, old_logp, advantages, mask).sum(1) / mask.sum(1).clamp(min=1) ** 2).mean()

    assert weights.means(foreign(odd)) == []
    assert [p.name for p in properties.examine(foreign(odd)) if p.holds] == ["texts"]


def test_parts_of_a_mean_of_means_do_not_add_up_and_the_example_is_the_smallest() -> None:
    def local(logp: Tensor, old_logp: Tensor, advantages: Tensor, mask: Tensor, batch_num_tokens: float) -> Tensor:
        return clipped(logp, old_logp, advantages, mask).sum() / mask.sum()

    (outcome,) = shares.examine(foreign(local))
    assert not outcome.holds
    assert outcome.example.splitlines()[0] == "mask [[1], [1]]"  # two texts of one position
    gradient = outcome.example.splitlines()[-1]
    half = float(texts(1, 2, 1).advantage[0, 0]) / 2
    assert gradient.startswith(f"-d loss/d logp [[{half:.4g}],")
    assert f"of the parts [[{2 * half:.4g}]," in gradient


@pytest.mark.parametrize("eps", [0.0, 1e-6, 1e-4, 1e-2])
def test_any_epsilon_beside_a_deviation_is_a_scale(eps: float) -> None:
    def scaled(scores: Tensor, group_ids: Tensor) -> Tensor:
        return per_group(scores, group_ids, lambda x: (x - x.mean()) / (x.std() + eps))

    def in_variance(scores: Tensor, group_ids: Tensor) -> Tensor:
        return per_group(scores, group_ids, lambda x: (x - x.mean()) * torch.rsqrt(x.var() + eps**2))

    for function in (scaled, in_variance):
        assert all(outcome.holds for outcome in rewards.examine(foreign(function)))


def test_ours_that_compute_the_same_are_named() -> None:
    mine = {name: VARIANTS[name].estimator for name in ("rloo", "grpo", "gae", "ppo", "gspo", "dapo")}
    assert ours.equal(foreign(RIGHT["rloo"][0]), mine) == ["rloo"]
    assert ours.equal(foreign(RIGHT["gae"][0]), mine) == ["gae", "ppo"]  # ppo's advantages are gae's
    assert ours.equal(foreign(RIGHT["ppo"][0]), mine) == ["grpo", "ppo"]
    assert ours.equal(foreign(RIGHT["gspo_loss"][0]), mine) == []  # another clip


def test_ours_that_read_more_than_a_batch_are_not_named() -> None:
    """Without its memory, its pool or its teacher each of the last three would be equal to one of the first two."""

    def to_go(rewards: Tensor) -> Tensor:
        return rewards.flip(1).cumsum(1).flip(1)

    names = ("reward_to_go", "dr_grpo", "baseline_mean", "reinforce_ada", "distil_token")
    mine = {name: VARIANTS[name].estimator for name in names}
    assert ours.equal(foreign(to_go), mine) == ["reward_to_go"]
    assert ours.equal(foreign(RIGHT["in_numpy"][0]), mine) == ["dr_grpo"]


def test_promises_that_do_not_exist_or_say_nothing() -> None:
    with pytest.raises(UnknownName, match="unknown promise 'grouped'; nearest: groups"):
        examined.examine(foreign(RIGHT["rloo"][0]), ["grouped"], {})
    with pytest.raises(UsageError, match="--promise token says nothing about a function of kind 'advantages'"):
        examined.examine(foreign(RIGHT["rloo"][0]), ["token"], {})


def test_a_function_that_raises_breaks_one_rule() -> None:
    def broken(scores: Tensor) -> Tensor:
        raise KeyError("uid")

    report = examined.examine(foreign(broken), [], {})
    assert [outcome.detail for outcome in report.broken] == ["expected a tensor; seen KeyError: 'uid'"]
