"""Behaviour policies: the policies of a population while they act, from NumPy observations to NumPy actions.

They act on a rectangle of rows [P', N']: all environments of all members, or the rows that still play (RowSelection).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from algorithms.policies.api import Acting, DenseLayers, ForgetsRows, Memory
from algorithms.policies.distributions import ILLEGAL, Head
from algorithms.policies.many_actions import Density, has_many_actions
from algorithms.policies.nucleus import Nucleus
from envs.api import Array, Bools, Floats, Ints

SMALLER = 0.75  # rows are selected anew once they are at most this share of those computed


class Choice(NamedTuple):
    """Head inputs [P', N', O], the actions drawn from them, and the legal actions they were drawn from, if masked.

    density  what is kept instead of the head inputs, of which there are then none (O = 0), if there are many actions
    """

    out: Floats
    action: Array
    mask: Bools | None
    density: Density | None = None


class Behaviour(Protocol):
    """The policies of a population during one rollout."""

    remembers: bool  # whether they need all rows at every step, since they remember earlier observations
    reads_text: bool  # whether they read new tokens [K, P', N']

    def choose(self, obs: Array, mask: Bools | None, noise: Floats | None) -> Choice:
        """Actions at the newest observations [P', N', ...] (or new tokens [K, P', N']); greedy ones without noise."""

    def select_rows(self, members: Ints, places: Ints) -> None:
        """From now on only these members act, each in the rows at these places [P', N'] among those of the last step."""

    def refresh(self) -> None:
        """The parameters of the population have changed."""


class RowSelection:
    """The rows of the environments that still play, as a rectangle [P', N'] of the members that still play.

    A member with fewer than N' such rows computes its first one again.
    """

    def __init__(self, alive: Bools) -> None:
        counts = alive.sum(1)
        self.members: Ints = np.flatnonzero(counts)
        width = int(counts.max())
        columns = np.argsort(~alive[self.members], axis=1, kind="stable")[:, :width]
        spare = np.arange(width) >= counts[self.members, None]
        columns[spare] = np.broadcast_to(columns[:, :1], columns.shape)[spare]
        self.places: Ints = self.members[:, None] * alive.shape[1] + columns
        self._shape = alive.shape

    def find(self, places: Ints) -> Ints:
        """Where in this rectangle, row by row, these places of [P, N] are."""
        where = np.zeros(self._shape[0] * self._shape[1], np.int64)
        where[self.places.reshape(-1)] = np.arange(self.places.size)
        return where[places]

    def take(self, x: Array) -> Array:
        """x [P, N, ...] -> [P', N', ...]"""
        return x.reshape(-1, *x.shape[2:])[self.places]

    def widen(self, x: Array) -> Array:
        """x [P', N', ...] -> [P, N, ...], 0 in the other rows."""
        wide = np.zeros((self._shape[0] * self._shape[1], *x.shape[2:]), x.dtype)
        wide[self.places] = x
        return wide.reshape(*self._shape, *x.shape[2:])


class SelectedRows:
    """A behaviour that computes only the rows that still play. `start` begins a rollout."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._rows: RowSelection | None = None
        self._computed = 0

    def start(self, alive: Bools) -> None:
        """All rows of `alive` [P, N] play, or those selected now."""
        self._rows, self._computed = None, alive.size
        self.keep(alive)

    def keep(self, alive: Bools) -> None:
        """Select the rows that are alive, once they are clearly fewer than those computed."""
        if self._behaviour.remembers or not alive.any():
            return
        counts = alive.sum(1)
        needed = int(np.count_nonzero(counts)) * int(counts.max())
        if needed <= SMALLER * self._computed:
            before, self._rows, self._computed = self._rows, RowSelection(alive), needed
            places = self._rows.places if before is None else before.find(self._rows.places)
            self._behaviour.select_rows(self._rows.members, places)

    def choose(self, obs: Array, mask: Bools | None, noise: Floats | None) -> Choice:
        """Actions of all rows [P, N]; those of rows that do not play have no meaning."""
        rows = self._rows
        if rows is None:
            return self._behaviour.choose(obs, mask, noise)
        taken = (None if x is None else rows.take(x) for x in (mask, noise))
        if self._behaviour.reads_text:
            read = np.ascontiguousarray(rows.take(obs.transpose(1, 2, 0)).transpose(2, 0, 1))
        else:
            read = rows.take(obs)
        out, action, _, density = self._behaviour.choose(read, *taken)  # type: ignore[arg-type]
        wide = None if density is None else Density(*(rows.widen(x) for x in density))  # type: ignore[arg-type]
        return Choice(rows.widen(out), rows.widen(action), mask, wide)  # type: ignore[arg-type]

    def refresh(self) -> None:
        """The parameters of the population have changed."""
        self._behaviour.refresh()


class TorchBehaviour:
    """Any policy, through its own `choose`, with the memory that it keeps between two steps of an episode."""

    def __init__(self, policy: Acting, reads_text: bool, device: str, nucleus: Nucleus | None = None) -> None:
        self._policy, self._acting, self._device, self._nucleus = policy, policy, device, nucleus
        self._members: Ints | None = None
        self._memory: Memory = None
        self._lagged: Memory = None  # the memory of the nucleus's policy
        self.reads_text, self._has_memory = reads_text, reads_text or nucleus is not None
        self._selector = policy.memory_selector if nucleus is None and isinstance(policy, ForgetsRows) else None
        self.remembers = self._has_memory and self._selector is None

    @torch.no_grad()
    def choose(self, obs: Array, mask: Bools | None, noise: Floats | None) -> Choice:
        seen = torch.from_numpy(obs).to(self._device)
        legal = None if mask is None else torch.from_numpy(mask).to(self._device)
        if self._nucleus is not None:
            legal, self._lagged = self._nucleus.mask(seen, self._lagged, legal)
            mask = legal.cpu().numpy()
        out, action, memory = self._acting.choose(seen, self._memory, legal, noise)
        if self._has_memory:
            self._memory = memory
        if has_many_actions(self._acting.head):
            return Choice(
                np.zeros((*action.shape, 0), np.float32), action, mask, Density.of(self._acting.head, out, action)
            )
        return Choice(out.cpu().numpy(), action, mask)

    def select_rows(self, members: Ints, places: Ints) -> None:
        self._select_members(members)
        if self._selector is not None and self._memory is not None:
            self._memory = self._selector.select_memory(
                self._memory, torch.from_numpy(places.reshape(-1)).to(self._device)
            )

    def _select_members(self, members: Ints) -> None:
        everyone = len(members) == self._policy.members
        self._members, self._acting = members, self._policy if everyone else self._policy.select_members(members)

    def refresh(self) -> None:
        if self._members is not None:
            self._select_members(self._members)


class DenseBehaviour:
    """Dense layers in NumPy, whose operations on a few hundred rows cost a fraction of torch's.

    layers   their parameters are views of the population's
    log_std  [P, 1, A] of a Gaussian, or None
    """

    remembers = reads_text = False

    def __init__(self, layers: DenseLayers, log_std: Floats | None, head: Head) -> None:
        self._layers, self._log_std, self._head = layers, log_std, head
        self._own_layers, self._own_log_std = layers, log_std
        self._members: NDArray[np.int64] | None = None
        self._hidden: list[Floats] = []  # one buffer for each hidden layer

    def choose(self, obs: Array, mask: Bools | None, noise: Floats | None) -> Choice:
        *hidden, (weight, bias) = self._own_layers.parameters
        if not self._hidden or self._hidden[0].shape[:2] != obs.shape[:2]:
            self._hidden = [np.empty((*obs.shape[:2], b.shape[-1]), b.dtype) for _, b in hidden]
        x = obs
        for (w, b), buffer in zip(hidden, self._hidden, strict=True):
            np.matmul(x, w, out=buffer)
            buffer += b
            self._own_layers.activate(buffer)
            x = buffer
        out: Floats = np.matmul(x, weight)
        out += bias
        if self._own_log_std is not None:
            out = np.concatenate([out, np.broadcast_to(self._own_log_std, out.shape)], -1)
        elif mask is not None:
            out = np.where(mask, out, np.float32(ILLEGAL))
        action = self._head.mode(out) if noise is None else self._head.sample(out, noise)
        return Choice(out, action, mask)

    def select_rows(self, members: Ints, places: Ints) -> None:
        self._members = members
        self._own_layers = self._layers.select_members(members)
        self._own_log_std = None if self._log_std is None else self._log_std[members]

    def refresh(self) -> None:
        if self._members is not None:
            self.select_rows(self._members, np.zeros(0, np.int64))
