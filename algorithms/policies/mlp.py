"""Multi-layer perceptron, for vector observations."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from algorithms.policies.api import DenseLayers, Memory, Net
from algorithms.policies.population import constant, orthogonal
from algorithms.tunable import Choice, tunable
from envs.api import Features, Floats, Image, Observation
from envs.validation import UnknownName

Activation = Literal["tanh", "relu"]


@dataclass(frozen=True)
class MLP:
    """Hidden layers of these widths, orthogonal initialisation (gain sqrt 2), as stable-baselines3's MlpPolicy."""

    hidden: tuple[int, ...] = tunable((64, 64), Choice(((32, 32), (64, 64), (128, 128))))
    activation: Activation = "tanh"

    def __post_init__(self) -> None:
        if self.activation not in get_args(Activation):
            raise UnknownName("activation", self.activation, get_args(Activation))
        if any(width < 1 for width in self.hidden):
            raise ValueError(f"hidden layers need 1 unit at least, not {self.hidden}")

    def build(self, observation: Observation, outputs: int, gain: float, generators: list[torch.Generator]) -> Net:
        if not isinstance(observation, Features):
            other = (
                "images: use NatureCNN"
                if isinstance(observation, Image)
                else "token transcripts: use GRU or Transformer"
            )
            raise ValueError(f"an MLP reads vectors; this task observes {other}")
        return MLPNet(observation.size, self.hidden, outputs, gain, generators, self.activation)


def _tanh(x: Floats) -> None:
    np.tanh(x, out=x)


def _relu(x: Floats) -> None:
    np.maximum(x, 0, out=x)


class MLPNet(nn.Module):
    """Hidden layers [P, in, out] and a linear output."""

    def __init__(
        self,
        inputs: int,
        hidden: tuple[int, ...],
        outputs: int,
        gain: float,
        generators: list[torch.Generator],
        activation: Activation = "tanh",
    ) -> None:
        super().__init__()
        self.activate = torch.relu_ if activation == "relu" else torch.tanh_
        self._activate_array = _relu if activation == "relu" else _tanh
        sizes = [inputs, *hidden, outputs]
        self.width = sizes[-2]
        gains = [2**0.5] * len(hidden) + [gain]
        pairs = list(itertools.pairwise(sizes))
        self.weights = nn.ParameterList(orthogonal(s, g, generators) for s, g in zip(pairs, gains, strict=True))
        self.biases = nn.ParameterList(constant(len(generators), (1, out)) for _, out in pairs)
        # indexing a ParameterList is slow, and these lists are read at every step
        self._layers = list(zip(self.weights, self.biases, strict=True))

    def step(self, obs: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        return self.readout(self.hidden(obs)), None

    def forward(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        t, p, n, f = obs.shape
        out = self.readout(self.hidden(obs.transpose(0, 1).reshape(p, t * n, f)))
        return out.reshape(p, t, n, -1).transpose(0, 1)

    def hidden(self, obs: Tensor) -> Tensor:
        x = obs  # [P, M, F]
        for weight, bias in self._layers[:-1]:
            x = self.activate(torch.baddbmm(bias, x, weight))
        return x

    def dense_layers(self) -> DenseLayers:
        """The layers, as views of the parameters."""
        return DenseLayers([(w.numpy(force=True), b.numpy(force=True)) for w, b in self._layers], self._activate_array)

    def readout(self, hidden: Tensor) -> Tensor:
        weight, bias = self._layers[-1]
        return torch.baddbmm(bias, hidden, weight)
