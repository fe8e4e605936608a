"""The policy of a population: an actor, a separate critic where the variant has one, and the head that reads the actor.

Actor and critic share nothing, so adding a critic changes the baseline and not the policy's own learning.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from algorithms.heads import head_for, masked
from algorithms.policies.api import Memory, Network
from algorithms.population import Flat, constant
from algorithms.tunable import Number
from envs.api import Box, Spec, Transcript


class ActorCritic(nn.Module):
    """P policies with stacked parameters, all of them views of `flat` [P, D]."""

    def __init__(
        self,
        spec: Spec,
        network: Network,
        critic: bool,
        generators: list[torch.Generator],
        log_std: Number = 0.0,
        device: str = "cpu",
    ) -> None:
        super().__init__()
        self.head, self.observation = head_for(spec.action), spec.observation
        gaussian = isinstance(spec.action, Box)
        outputs = spec.action.size if isinstance(spec.action, Box) else self.head.outputs
        self.actor = network.build(spec.observation, outputs, 0.01, generators)
        self.log_std = constant(len(generators), (1, outputs), log_std) if gaussian else None
        self.critic = network.build(spec.observation, 1, 1.0, generators) if critic else None
        self.reads_text = isinstance(spec.observation, Transcript)
        self._positions = spec.observation.action_position if isinstance(spec.observation, Transcript) else ()
        self.to(device)
        self.flat = Flat(self)
        self._twins: dict[int, ActorCritic] = {}  # by their number of members
        self.critic_columns = self.flat.columns_of([] if self.critic is None else list(self.critic.parameters()))
        self.actor_columns = slice(0, self.critic_columns.start or self.flat.values.shape[1])  # the critic comes last

    @property
    def members(self) -> int:
        """P"""
        return len(self.flat.values)

    def part(self, places: np.ndarray) -> ActorCritic:
        """A copy of the members at these places, with a flat matrix of its own, until as many are asked for again."""
        twin = self._twins.get(len(places))
        if twin is None:
            # modules are slow to copy: one twin serves all parts of a size (autograd remembers a parameter's shape)
            twin = copy.deepcopy(self, {id(self.flat): None, id(self._twins): {}})
            self._twins[len(places)] = twin
        index = torch.as_tensor(places, device=self.flat.values.device)
        for own, theirs in zip(twin.parameters(), self.parameters(), strict=True):
            own.grad = None
            own.data = theirs.detach()[index]
        twin.flat = Flat(twin)
        return twin

    def act(self, obs: Tensor, memory: Memory, action_mask: Tensor | None) -> tuple[Tensor, Memory]:
        """Head input [P, N, O] for the newest observation."""
        out, memory = self.actor.step(obs, memory)
        return self._complete(out, action_mask), memory

    def outputs(self, obs: Tensor, action_mask: Tensor | None, steps: int) -> Tensor:
        """Head inputs [T, P, N, O] of observations [T, P, N, F], or of the first T actions in tokens [L, P, N]."""
        return self._complete(self.actor(obs, self._positions[:steps]), action_mask)

    def values(self, obs: Tensor, steps: int) -> Tensor:
        """V [T, P, N] of observations [T, P, N, F], or before the first T actions of tokens [L, P, N].

        For a transcript, step `horizon` (the last of horizon + 1) is the finished one.
        """
        assert self.critic is not None
        return self.critic(obs, self._positions[:steps]).squeeze(-1)

    def _complete(self, out: Tensor, action_mask: Tensor | None) -> Tensor:
        if self.log_std is not None:
            return torch.cat([out, self.log_std.expand_as(out)], -1)
        return masked(out, action_mask)
