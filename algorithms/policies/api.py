"""The protocols of networks: a cached path for acting and one pass for learning, with equal results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from algorithms.policies.distributions import Head
from algorithms.policies.prefixes import Prefixes
from envs.api import Array, Floats, Ints, Observation, Spec

Memory = Any  # the state of a network between two actions of an episode: none, a hidden state, or keys and values


class DenseLayers(NamedTuple):
    """A stack of dense layers in NumPy: x <- activate(x W + b), without the activation after the last.

    parameters  (W [P, in, out], b [P, 1, out]) of each layer      activate  changes its argument in place
    """

    parameters: list[tuple[Floats, Floats]]
    activate: Callable[[Floats], None]

    def select_members(self, indices: Ints) -> DenseLayers:
        """Copies of the layers of the members at these indices."""
        return DenseLayers([(w[indices], b[indices]) for w, b in self.parameters], self.activate)


class Net(Protocol):
    """A stacked network [P, ...] with `outputs` numbers for each observation."""

    def parameters(self) -> Any: ...

    def step(self, obs: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Outputs [P, N, O] at the newest observation: features [P, N, F], an image [P, N, C, H, W], or the K
        tokens since the last call [K, P, N]."""

    def __call__(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        """Outputs [len(positions), P, N, O] of a whole rollout: features [T, P, N, F], images
        [T, P, N, C, H, W], or tokens [L, P, N]."""


@runtime_checkable
class Dense(Protocol):
    """A Net for features that is nothing but dense layers."""

    def dense_layers(self) -> DenseLayers:
        """Its layers, as views of its parameters."""

    def first_rows(self, obs: Tensor, lengths: Sequence[int]) -> Tensor:
        """[P, M, F] -> [P, M, O], 0 on the rows of member p from lengths[p] on. It can be differentiated once."""


@runtime_checkable
class ReadsText(Protocol):
    """A Net for texts, which computes what texts have in common once."""

    def at_prefixes(self, prefixes: Prefixes) -> Tensor:
        """Outputs [P, C, O] after each of the prefixes."""


@runtime_checkable
class ReadsOut(Protocol):
    """A Net for texts that shows its hidden states: its outputs are readout(states(obs, positions))."""

    def states(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        """[len(positions), P, N, D] of tokens [L, P, N]"""

    def readout(self, hidden: Tensor) -> Tensor:
        """[..., D] -> [..., O] of any rows: it is the same for all members"""


@runtime_checkable
class SelectsMemory(Protocol):
    """A Net whose memory can be cut down to some of its rows."""

    def select_memory(self, memory: Memory, rows: Tensor) -> Memory:
        """The memory of the rows at these places [P' N'] of its P N rows."""


@runtime_checkable
class SeededStart(Protocol):
    """A Net whose members do not start from random numbers alone, but each from what belongs to its seed."""

    def start(self, seeds: Sequence[int]) -> None:
        """Set the parameters to the starts of the members with these seeds. UsageError if there are none."""


@runtime_checkable
class Layered(Protocol):
    """A Net for features that shows its last hidden layer: its outputs are readout(hidden(obs))."""

    width: int  # H

    def hidden(self, obs: Tensor) -> Tensor:
        """[P, M, F] -> [P, M, H]"""

    def readout(self, hidden: Tensor) -> Tensor:
        """[P, M, H] -> [P, M, O]"""


@runtime_checkable
class Paired(Protocol):
    """A Net that can be computed together with another one of the same width, in fewer operations."""

    def forward_with(self, other: Any, obs: Tensor, positions: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """The outputs of both, each as by the Net's own call."""


class Network(Protocol):
    """A frozen description of a network, able to build it."""

    def build(self, observation: Observation, outputs: int, gain: float, generators: list[torch.Generator]) -> Net:
        """A Net with P = len(generators); `gain` scales the last layer. ValueError for unsupported observations."""


@runtime_checkable
class KnowsMemory(Protocol):
    """A Network that knows how much memory its training needs. TrainingConfig.check_memory asks it."""

    def check_memory(self, spec: Spec, members: int, envs: int, critic: bool, device: str) -> None:
        """UsageError where a device has less free memory than a population with so many environments each needs."""


@runtime_checkable
class ForgetsRows(Protocol):
    """Policies that can go on acting in some of their rows, though they remember."""

    @property
    def memory_selector(self) -> SelectsMemory | None:
        """What cuts the memory down to some rows; None where all rows are needed at every step."""


class Acting(Protocol):
    """The policies of a population as the code sees them that acts with them and does not train them."""

    @property
    def head(self) -> Head: ...

    @property
    def members(self) -> int: ...

    @property
    def steps_per_noise(self) -> int:
        """Number of steps that use the same draw of `noise`."""

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Random numbers for the actions of one member; `shape` is (draws, environments)."""

    def choose(
        self, obs: Tensor, memory: Memory, action_mask: Tensor | None, noise: Floats | None
    ) -> tuple[Tensor, Array, Memory]:
        """(head input [P, N, O], action, memory) for the newest observation; without noise the action is the mode."""

    def dense_layers(self) -> tuple[DenseLayers, Floats | None] | None:
        """(layers, log standard deviation [P, 1, A] of a Gaussian) if they are all of the policy, for acting in NumPy."""

    def outputs(self, obs: Tensor, action_mask: Tensor | None, steps: int) -> Tensor:
        """Head inputs [T, P, N, O] of observations [T, P, N, F], or of the first T actions in tokens [L, P, N]."""

    def at_prefixes(self, prefixes: Prefixes, action_mask: Tensor | None) -> Tensor:
        """Head inputs [P, C, O] after each of the prefixes; legal actions [C, V]."""

    def select_members(self, indices: np.ndarray) -> Acting:
        """The policies of the members at these indices."""
