"""What torchrl has for language models: losses of whole texts with a mask, and the advantages of groups.

A loss (GRPOLoss and what derives from it) takes a TensorDict [B] of padded texts. Its actor's distribution holds the mask
and the log-probabilities, which are the parameters. MCAdvantage is a transform that is given one text after another and
returns those of a prompt when the last of its group has come; a step is a position that trains.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from algorithms.conformance.foreign.adapters.adapter import Given, Kind
from algorithms.conformance.foreign.adapters.by_name import gradient
from algorithms.conformance.foreign.texts import Texts


def is_text_loss(function: type) -> bool:
    """Whether the class is GRPOLoss or derives from it."""
    return any(base.__name__ == "GRPOLoss" for base in function.__mro__)


def is_group_advantage(function: type) -> bool:
    """Whether the class is MCAdvantage or derives from it."""
    return any(base.__name__ == "MCAdvantage" for base in function.__mro__)


class _Scored:
    """A distribution over whole texts that knows the log-probabilities [B, L] of their tokens, and the mask."""

    def __init__(self, logp: Tensor, mask: Tensor) -> None:
        self.logp, self.mask = logp, mask

    def log_prob(self, tokens: Tensor) -> Tensor:
        """Of the tokens that the texts have."""
        return self.logp


class _Actor(torch.nn.Module):
    """An actor whose parameters are log-probabilities; `get_dist` is what the loss asks an actor for."""

    def __init__(self, logp: Tensor, mask: Tensor) -> None:
        super().__init__()
        self.logp, self.mask = torch.nn.Parameter(logp), mask

    def get_dist(self, texts: Any, **keys: Any) -> _Scored:
        """The distribution, which reads nothing of the texts."""
        return _Scored(self.logp, self.mask)


@dataclass(frozen=True)
class TextLoss:
    """GRPOLoss, DAPO or CISPOLoss: the negative gradient with respect to log pi."""

    loss: Callable[..., Any]
    given: Given
    kind: ClassVar[Kind] = "loss"
    takes: frozenset[str] = field(default=frozenset({"logp", "old_logp", "advantages", "mask"}))

    def __call__(self, batch: Texts) -> Tensor:
        tensordict = importlib.import_module("tensordict")
        actor = _Actor(batch.logp.clone(), batch.train)
        loss = self.loss(actor_network=actor, **{"entropy_bonus": False, **self.given}).double()
        texts = tensordict.TensorDict(
            {
                ("tokens", "full"): torch.zeros(batch.mask.shape, dtype=torch.long),
                ("log_probs", "full"): batch.old_logp.clone(),
                "advantage": batch.advantage[..., None].clone(),
            },
            [len(batch.mask)],
        )
        return -gradient(loss(texts).loss_objective, actor.logp)


@dataclass(frozen=True)
class GroupAdvantage:
    """MCAdvantage: the advantage of each position that trains, 0 elsewhere."""

    transform: Callable[..., Any]
    given: Given
    kind: ClassVar[Kind] = "advantages"
    takes: frozenset[str] = field(default=frozenset({"rewards", "mask", "groups", "group_size"}))

    def __call__(self, batch: Texts) -> Tensor:
        tensordict = importlib.import_module("tensordict")
        transform = self.transform(grpo_size=batch.group_size, prompt_key="prompt", **self.given)
        made = torch.zeros(batch.reward.shape, dtype=torch.float64)
        for row in range(len(batch.mask)):
            at = batch.train[row].nonzero()[:, 0]
            done = torch.zeros(len(at), 1, dtype=torch.bool)
            done[-1] = True
            text = tensordict.TensorDict(
                {
                    "prompt": batch.group[row].expand(len(at)).clone(),
                    "place": at + row * made.shape[1],
                    ("next", "reward"): batch.reward[row, at][:, None].clone(),
                    ("next", "done"): done,
                },
                [len(at)],
            )
            if (group := transform.inv(text)) is not None:
                made.view(-1)[group["place"]] = group["advantage"].reshape(-1).double()
        return made
