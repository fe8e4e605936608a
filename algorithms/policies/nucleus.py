"""Nucleus sampling for NLPO: actions are restricted to the most probable ones under a lagged copy of the policy."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.api import Memory


@dataclass(frozen=True)
class TopP:
    """The smallest set of actions whose probability under the mask policy reaches `p`.

    The mask policy is a copy, renewed every `every` updates (Ramamurthy et al. 2023, RL4LMs, algorithm 1).
    """

    p: float = 0.9
    every: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.p <= 1 or self.every < 1:
            raise ValueError(f"needs p in (0, 1] and every at least 1, not {self}")


def top_p(out: Tensor, p: float) -> Tensor:
    """Logits [..., V] -> True for the smallest set of actions whose probabilities sum to at least p, never empty."""
    probability, order = out.softmax(-1).sort(stable=True, dim=-1, descending=True)
    before = probability.cumsum(-1) - probability
    kept = before < p * (1 - 1e-6)  # p = 1 keeps all actions except those whose probability underflows
    kept[..., 0] = True
    return torch.zeros_like(kept).scatter(-1, order, kept)


class Nucleus:
    """The mask policy of a population. `sync` copies the policy into it; `mask` gives the allowed actions."""

    def __init__(self, rule: TopP, policy: ActorCritic) -> None:
        """`policy`: a second policy of the same shape, which holds the lagged copy."""
        self.rule, self.policy = rule, policy

    def sync(self, update: int, current: ActorCritic) -> None:
        """Copy the current parameters every `rule.every` updates, the first time at update 0."""
        if update % self.rule.every == 0:
            self.policy.flat.values.copy_(current.flat.values)

    def mask(self, obs: Tensor, memory: Memory, legal: Tensor | None) -> tuple[Tensor, Memory]:
        """(mask [P, N, V] of the allowed actions after the newest observation, the mask policy's memory)."""
        out, memory = self.policy.act(obs, memory, legal)
        kept = top_p(out, self.rule.p)
        return (kept if legal is None else kept & legal), memory
