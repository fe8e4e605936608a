"""The protocols of networks: a cached path for acting and one pass for learning, with equal results."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from algorithms.policies.distributions import Head
from envs.api import Floats, Observation

Memory = Any  # the state of a network between two actions of an episode: none, a hidden state, or keys and values


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
        self, obs: Tensor, memory: Memory, action_mask: Tensor | None, noise: Tensor | None
    ) -> tuple[Tensor, Tensor, Memory]:
        """(head input [P, N, O], action, memory) for the newest observation; without noise the action is the mode."""

    def outputs(self, obs: Tensor, action_mask: Tensor | None, steps: int) -> Tensor:
        """Head inputs [T, P, N, O] of observations [T, P, N, F], or of the first T actions in tokens [L, P, N]."""

    def select_members(self, indices: np.ndarray) -> Acting:
        """The policies of the members at these indices."""
