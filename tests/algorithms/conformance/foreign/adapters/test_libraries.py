"""Functions with the signatures of libraries are given what these libraries give."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from algorithms.conformance.foreign.adapters.registry import ADAPTERS, adapt
from algorithms.conformance.foreign.texts import part, texts
from envs.validation import UnknownName, UsageError

BATCH = texts(2, 2, 3, gamma=0.9)


def test_verls_trainer_gives_prompts_by_name_and_a_configuration() -> None:
    seen: dict[str, Any] = {}

    def estimator(
        token_level_rewards: Tensor, response_mask: Tensor, index: Any, config: Any = None, **rest: Any
    ) -> Any:
        seen.update(index=list(index), gamma=config.gamma, kind=token_level_rewards.dtype)
        return token_level_rewards * response_mask, None

    made = adapt(estimator, "verl", {})(BATCH)
    assert torch.allclose(made, BATCH.reward)
    assert seen == {"index": ["prompt 0", "prompt 0", "prompt 1", "prompt 1"], "gamma": 0.9, "kind": torch.float32}


def test_verls_losses_are_told_of_the_whole_batch() -> None:
    def loss(
        old_log_prob: Tensor, log_prob: Tensor, advantages: Tensor, response_mask: Tensor, config: Any = None
    ) -> tuple[Tensor, dict[str, float]]:
        told = config.global_batch_info
        total = (-advantages * (log_prob - old_log_prob).exp() * response_mask).sum()
        return config.get("scale", 1.0) * total / told["batch_num_tokens"] * told["dp_size"], {}

    foreign = adapt(loss, "verl", {"scale": 2.0})
    first = foreign(part(BATCH, [0]))
    assert torch.allclose(first[0], 2 * BATCH.advantage[0] / BATCH.mask.sum())
    assert {"batch_tokens", "ranks"} <= foreign.takes


def test_torchrls_estimators_get_grids_with_a_last_axis() -> None:
    def td0(gamma: float, state_value: Tensor, next_state_value: Tensor, reward: Tensor, done: Tensor) -> Tensor:
        assert reward.shape == (4, 3, 1)
        assert done.dtype == torch.bool
        return reward + gamma * ~done * next_state_value - state_value

    made = adapt(td0, "torchrl", {})(BATCH)
    on = BATCH.mask
    expected = BATCH.reward + 0.9 * BATCH.next_value() * (1 - BATCH.done()) - BATCH.value
    assert torch.allclose(made * on, expected * on, atol=1e-6)


class LossModule:
    """What torchrl's losses derive from."""


class GRPOLoss(LossModule):
    """The signature of torchrl's loss of texts: mean over tokens of ratio times advantage."""

    def __init__(self, actor_network: Any, entropy_bonus: bool = True, size: float = 1.0) -> None:
        self.actor_network, self.size = actor_network, size
        assert not entropy_bonus

    def double(self) -> GRPOLoss:
        return self

    def __call__(self, texts: dict[Any, Any]) -> Any:
        dist = self.actor_network.get_dist(texts, logits_key="logits")
        ratio = (dist.log_prob(texts["tokens", "full"]) - texts["log_probs", "full"]).exp()
        on = dist.mask.double()
        loss = -(ratio * texts["advantage"][..., 0] * on).sum() / on.sum()
        return SimpleNamespace(loss_objective=self.size * loss)


class MCAdvantage:
    """The signature of torchrl's transform: a group is returned with its last text; here with twice the reward."""

    def __init__(self, grpo_size: int, prompt_key: str) -> None:
        self.size, self.key = grpo_size, prompt_key
        self.kept: list[dict[Any, Any]] = []

    def inv(self, text: dict[Any, Any]) -> dict[str, Any] | None:
        assert text["next", "done"][:, 0].tolist() == [False] * (len(text["place"]) - 1) + [True]
        self.kept.append(text)
        if len(self.kept) < self.size:
            return None
        group, self.kept = self.kept, []
        assert len({int(x[self.key][0]) for x in group}) == 1
        return {
            "place": torch.cat([x["place"] for x in group]),
            "advantage": 2 * torch.cat([x["next", "reward"] for x in group]),
        }


def test_torchrls_losses_get_texts_and_its_transform_one_text_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensordict", SimpleNamespace(TensorDict=lambda fields, size: fields))
    loss = adapt(GRPOLoss, "torchrl", {"size": 3.0})
    ratio = (BATCH.logp - BATCH.old_logp).exp()
    torch.testing.assert_close(loss(BATCH), 3 * ratio * BATCH.advantage * BATCH.mask / BATCH.mask.sum())
    assert "mask" in loss.takes
    made = adapt(MCAdvantage, "torchrl", {})
    torch.testing.assert_close(made(BATCH), 2 * (BATCH.reward * BATCH.mask).double())
    assert made.kind == "advantages"


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(UnknownName, match="unknown adapter 'torch'; nearest: torchrl"):
        adapt(lambda rewards: rewards, "torch", {})
    for name, why in (
        ("verl", "takes neither"),
        ("torchrl", "does not take reward and done"),
        ("trl", "no trainer of TRL"),
    ):
        with pytest.raises(UsageError, match=f"--as {name} does not fit .*{why}"):
            adapt(lambda scores: scores, name, {})
    assert [*ADAPTERS] == ["names", "verl", "torchrl", "trl"]
