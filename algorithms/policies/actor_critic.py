"""The policy of a population: an actor, a separate critic if the variant has one, and the action distribution.

Actor and critic share no parameters, so a critic changes the baseline and not how the policy learns.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from algorithms.policies.api import (
    Dense,
    DenseLayers,
    Layered,
    Memory,
    Net,
    Network,
    Paired,
    ReadsOut,
    ReadsText,
    SelectsMemory,
)
from algorithms.policies.distributions import Actions, head_for, masked
from algorithms.policies.exploration import GSDE, Exploration
from algorithms.policies.many_actions import has_many_actions, log_prob_entropy
from algorithms.policies.population import Flat, constant
from algorithms.policies.prefixes import Prefixes
from algorithms.tunable import Number
from envs.api import Array, Floats, Spec, Transcript
from envs.text_mdp import PAD

FOREVER = 2**62  # steps


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
        exploration: Exploration | None = None,
        actions: Actions = "raw",
    ) -> None:
        """exploration: None means Independent; GSDE does not use `log_std`."""
        super().__init__()
        self.head, self.observation = head_for(spec.action, actions), spec.observation
        self._outputs = outputs = self.head.network_outputs
        self.actor = network.build(spec.observation, outputs, 0.01, generators)
        self._gsde = exploration if isinstance(exploration, GSDE) else None
        if self._gsde is not None:
            width = _with_hidden_layer(self.actor).width
            self.log_std: nn.Parameter | None = self._gsde.parameter(len(generators), width, outputs)
        else:
            self.log_std = constant(len(generators), (1, outputs), log_std) if outputs < self.head.outputs else None
        self.critic = network.build(spec.observation, 1, 1.0, generators) if critic else None
        # whether rows that are not needed cost nothing
        self.ragged = isinstance(self.actor, Dense) and self._gsde is None
        self._pair = self.actor if isinstance(self.actor, Paired) else None
        self.reads_text = isinstance(spec.observation, Transcript)
        self._positions = spec.observation.action_position if isinstance(spec.observation, Transcript) else ()
        self.to(device)
        self.flat = Flat(self)
        self._copies: dict[int, ActorCritic] = {}  # by number of members
        self.critic_columns = self.flat.columns_of([] if self.critic is None else list(self.critic.parameters()))
        self.actor_columns = slice(0, self.critic_columns.start or self.flat.values.shape[1])  # the critic comes last

    def double(self) -> Self:
        """This policy in float64. `flat` is made anew, since it held the float32 parameters."""
        super().double()
        self.flat = Flat(self)
        return self

    @property
    def members(self) -> int:
        """P, the number of members."""
        return len(self.flat.values)

    def select_members(self, indices: np.ndarray) -> ActorCritic:
        """A copy of the members at these indices. The next selection of the same size overwrites it."""
        copied = self._copies.get(len(indices))
        if copied is None:
            # copying modules is slow, so each size has one copy (autograd stores the shape of a parameter)
            copied = copy.deepcopy(self, {id(self.flat): None, id(self._copies): {}})
            self._copies[len(indices)] = copied
        index = torch.as_tensor(indices, device=self.flat.values.device)
        for own, theirs in zip(copied.parameters(), self.parameters(), strict=True):
            own.grad = None
            own.data = theirs.detach()[index]
        copied.flat = Flat(copied)
        return copied

    @property
    def memory_selector(self) -> SelectsMemory | None:
        """What cuts the memory down to some rows; None where all rows are needed at every step."""
        return self.actor if isinstance(self.actor, SelectsMemory) else None

    @property
    def steps_per_noise(self) -> int:
        """Number of steps that use the same draw of `noise`."""
        if self._gsde is None:
            return 1
        return FOREVER if self._gsde.sample_freq == -1 else self._gsde.sample_freq

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Random numbers for the actions of one member; `shape` is (draws, environments)."""
        if self._gsde is None:
            return self.head.noise(rng, shape)
        return rng.standard_normal((*shape, _with_hidden_layer(self.actor).width, self._outputs), dtype=np.float32)

    def act(self, obs: Tensor, memory: Memory, action_mask: Tensor | None) -> tuple[Tensor, Memory]:
        """Head input [P, N, O] for the newest observation."""
        if self._gsde is not None:
            return self._state_dependent_output(self._gsde, _with_hidden_layer(self.actor).hidden(obs)), None
        out, memory = self.actor.step(obs, memory)
        return self._finish_output(out, action_mask), memory

    def choose(
        self, obs: Tensor, memory: Memory, action_mask: Tensor | None, noise: Floats | None
    ) -> tuple[Tensor, Array, Memory]:
        """(head input, action, memory) for the newest observation; without noise [P, N, ...] the action is the mode."""
        if self._gsde is None or noise is None:
            out, memory = self.act(obs, memory, action_mask)
        else:
            z = _with_hidden_layer(self.actor).hidden(obs)
            out = self._state_dependent_output(self._gsde, z)
            assert self.log_std is not None
            # divided by its standard deviation it is a standard normal, like the noise of the head
            drawn = self._gsde.deviation(z, self.log_std, torch.from_numpy(noise).to(z))
            noise = (drawn * (-out[..., self._outputs :]).exp()).numpy(force=True)
        read = out.numpy(force=True)
        return out, self.head.mode(read) if noise is None else self.head.sample(read, noise), memory

    def dense_layers(self) -> tuple[DenseLayers, Floats | None] | None:
        """The actor's layers and its log standard deviation, for acting in NumPy; None where it is more than layers."""
        if self._gsde is not None or not isinstance(self.actor, Dense) or self.flat.values.device.type != "cpu":
            return None
        return self.actor.dense_layers(), None if self.log_std is None else self.log_std.numpy(force=True)

    def outputs(
        self, obs: Tensor, action_mask: Tensor | None, steps: int, lengths: Sequence[int] | None = None
    ) -> Tensor:
        """Head inputs [T, P, N, O] of observations [T, P, N, F], or of the first T actions in tokens [L, P, N].

        lengths  of observations [1, P, M, F], the number of rows of each member that are needed
        """
        if self._gsde is not None:
            rows = obs.transpose(0, 1).flatten(1, 2)  # [P, T N, F]
            out = self._state_dependent_output(self._gsde, _with_hidden_layer(self.actor).hidden(rows))
            return out.reshape(len(out), len(obs), obs.shape[2], -1).transpose(0, 1)
        return self._finish_output(self._through(self.actor, obs, steps, lengths), action_mask)

    def at_prefixes(self, prefixes: Prefixes, action_mask: Tensor | None) -> Tensor:
        """Head inputs [P, C, O] after each of the prefixes; legal actions [C, V]."""
        if not isinstance(self.actor, ReadsText):
            raise ValueError(f"a {type(self.actor).__name__} reads no texts")
        return self._finish_output(self.actor.at_prefixes(prefixes), action_mask)

    def log_prob_entropy(
        self, obs: Tensor, action_mask: Tensor | None, action: Tensor, entropy: bool = True
    ) -> tuple[Tensor, Tensor] | None:
        """log pi(a) and the entropy [T, P, N] of the first T actions in tokens [L, P, N], without all head inputs in memory.

        None where these can be kept, or where the actor does not show what they are read out from. Both are 0 where no
        action is written, and the entropy if it is not needed.
        """
        if not has_many_actions(self.head) or not isinstance(self.actor, ReadsOut):
            return None
        positions = self._positions[: len(action)]
        written = obs[[position + 1 for position in positions]].ne(PAD)
        states = self.actor.states(obs, positions)
        return log_prob_entropy(self.actor, self.head, states, action_mask, action, written, entropy)

    def values(self, obs: Tensor, steps: int, lengths: Sequence[int] | None = None) -> Tensor:
        """V [T, P, N] of observations [T, P, N, F], or before the first T actions of tokens [L, P, N].

        For a transcript, step `horizon` (the last of horizon + 1) is the complete transcript. lengths: see `outputs`.
        """
        assert self.critic is not None
        return self._through(self.critic, obs, steps, lengths).squeeze(-1)

    def _through(self, net: Net, obs: Tensor, steps: int, lengths: Sequence[int] | None) -> Tensor:
        if lengths is not None and isinstance(net, Dense):
            return net.first_rows(obs[0], lengths)[None]
        return net(obs, self._positions[:steps])

    def outputs_and_values(
        self, obs: Tensor, action_mask: Tensor | None, steps: int, lengths: Sequence[int] | None = None
    ) -> tuple[Tensor, Tensor]:
        """`outputs` and `values` of the same observations."""
        if self._pair is None:
            return self.outputs(obs, action_mask, steps, lengths), self.values(obs, steps, lengths)
        out, values = self._pair.forward_with(self.critic, obs, self._positions[:steps])
        return self._finish_output(out, action_mask), values.squeeze(-1)

    def _state_dependent_output(self, gsde: GSDE, z: Tensor) -> Tensor:
        """Means and log standard deviations [P, M, 2 A] from the last hidden layer [P, M, H]."""
        assert self.log_std is not None
        mean = _with_hidden_layer(self.actor).readout(z)
        return torch.cat([mean, gsde.log_std(z, self.log_std).expand_as(mean)], -1)

    def _finish_output(self, out: Tensor, action_mask: Tensor | None) -> Tensor:
        if self.log_std is not None:
            return torch.cat([out, self.log_std.expand_as(out)], -1)
        return masked(out, action_mask)


def _with_hidden_layer(net: Net) -> Layered:
    if not isinstance(net, Layered):
        raise ValueError(
            f"GSDE explores along the actor's last hidden layer, which a {type(net).__name__} does not show"
        )
    return net
