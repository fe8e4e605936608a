"""Multi-layer perceptron, for vector observations."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from algorithms.policies.api import DenseLayers, Memory, Net
from algorithms.policies.population import constant, orthogonal
from algorithms.tunable import Choice, tunable
from envs.api import Features, Floats, Image, Observation
from envs.validation import UnknownName

Activation = Literal["tanh", "relu"]
BLOCK = 2048  # rows whose hidden layers fit in a processor's cache


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
        self.activation: Activation = activation
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

    def first_rows(self, obs: Tensor, lengths: Sequence[int]) -> Tensor:
        """[P, M, F] -> [P, M, O], 0 on the rows of member p from lengths[p] on. It can be differentiated once."""
        weights, biases = (list(parameters) for parameters in zip(*self._layers, strict=True))
        outputs = biases[-1].shape[2]
        if outputs == 1:  # the product of one member would be rounded otherwise than that of several
            weights[-1], biases[-1] = (functional.pad(x, (0, 1)) for x in (weights[-1], biases[-1]))
        made: Tensor = _FirstRows.apply(obs, lengths, self.activation, *weights, *biases)  # type: ignore[no-untyped-call]
        return made[..., :outputs]

    def hidden(self, obs: Tensor) -> Tensor:
        activate = torch.relu_ if self.activation == "relu" else torch.tanh_
        x = obs  # [P, M, F]
        for weight, bias in self._layers[:-1]:
            x = activate(torch.baddbmm(bias, x, weight))
        return x

    def dense_layers(self) -> DenseLayers:
        """The layers, as views of the parameters."""
        return DenseLayers([(w.numpy(force=True), b.numpy(force=True)) for w, b in self._layers], self._activate_array)

    def readout(self, hidden: Tensor) -> Tensor:
        weight, bias = self._layers[-1]
        return torch.baddbmm(bias, hidden, weight)


class Block(NamedTuple):
    """Some rows of adjacent members, which are computed together; None: all."""

    members: slice | None
    rows: slice | None

    def of_members(self, x: Tensor) -> Tensor:
        """x [P, ...] of these members."""
        return x if self.members is None else x[self.members]

    def of(self, x: Tensor) -> Tensor:
        """These rows of x [P, M, ...]."""
        x = self.of_members(x)
        return x if self.rows is None else x[:, self.rows]


def blocks(lengths: Sequence[int], longest: int) -> list[Block]:
    """The first lengths[p] rows of each member p, of `longest`, in blocks.

    Adjacent members with the same number of rows share a block of at most BLOCK rows. The shape of a member's products
    depends on its own number alone, so other members do not change how its results are rounded.
    """
    found, start = [], 0
    for length, equal in itertools.groupby(lengths):
        end = start + sum(1 for _ in equal)
        rows = None if length == longest else slice(0, length)
        most = max(1, BLOCK // max(length, 1))
        for first in range(start, end, most) if length else ():
            last = min(first + most, end)
            found.append(Block(None if last - first == len(lengths) else slice(first, last), rows))
        start = end
    return found


class _FirstRows(torch.autograd.Function):
    """Outputs [P, M, O] of the first lengths[p] rows of each member, 0 on the others, block by block.

    No row past a member's length costs anything, and the layers of a block stay in the processor's cache.
    """

    @staticmethod
    def forward(ctx: Any, obs: Tensor, lengths: Sequence[int], activation: Activation, *parameters: Tensor) -> Tensor:
        half = len(parameters) // 2
        out = obs.new_zeros(*obs.shape[:2], parameters[-1].shape[2])
        ctx.blocks, ctx.activation, ctx.layers = blocks(lengths, obs.shape[1]), activation, []
        for block in ctx.blocks:
            own = [block.of_members(parameter) for parameter in parameters]
            layers = [block.of(obs)]
            for weight, bias in zip(own[: half - 1], own[half:-1], strict=True):
                layers.append(_activate(activation, torch.baddbmm(bias, layers[-1], weight)))
            torch.baddbmm(own[-1], layers[-1], own[half - 1], out=block.of(out))
            ctx.layers.append(layers)
        ctx.save_for_backward(*parameters[:half])
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        weights = ctx.saved_tensors
        of_weights = [torch.zeros_like(weight) for weight in weights]
        of_biases = [weight.new_zeros(len(weight), 1, weight.shape[2]) for weight in weights]
        for block, layers in zip(ctx.blocks, ctx.layers, strict=True):
            error = block.of(gradient)
            for k in range(len(weights) - 1, -1, -1):
                block.of_members(of_weights[k]).baddbmm_(layers[k].mT, error)
                block.of_members(of_biases[k]).add_(error.sum(1, keepdim=True))
                if k:
                    error = torch.bmm(error, block.of_members(weights[k]).mT)
                    _through(ctx.activation, error, layers[k])
        return (None, None, None, *of_weights, *of_biases)


def _activate(activation: Activation, x: Tensor) -> Tensor:
    """The activation of x, in place."""
    if activation == "relu":
        return torch.relu_(x)
    if x.device.type != "cpu":
        return torch.tanh_(x)
    np.tanh(x.numpy(), out=x.numpy())  # on AMD torch's takes 7 times as long
    return x


def _through(activation: Activation, error: Tensor, y: Tensor) -> Tensor:
    """The gradient of x for that of y = activation(x), in its place."""
    if activation == "relu":
        return error.mul_(y > 0)
    return torch.ops.aten.tanh_backward.grad_input(error, y, grad_input=error)
