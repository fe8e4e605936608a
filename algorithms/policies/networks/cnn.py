"""Convolutions over images, for Atari: the network of Mnih et al. 2015, "Human-level control ..." (Nature 518)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from algorithms.policies.api import Memory, Net
from algorithms.policies.population import constant, orthogonal
from algorithms.tunable import Choice, tunable
from envs.api import Image, Observation

LAYERS = ((32, 8, 4), (64, 4, 2), (64, 3, 1))  # channels, side of the kernel, stride
CHUNK = 4096  # images of a member in one pass through the convolutions when no gradient is needed


@dataclass(frozen=True)
class NatureCNN:
    """32 8x8/4, 64 4x4/2 and 64 3x3/1 convolutions, `width` units and a linear output; ReLU; inputs divided by 255.

    Orthogonal initialisation (gain sqrt 2), as stable-baselines3's CnnPolicy.
    """

    width: int = tunable(512, Choice((128, 256, 512)))

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"width must be at least 1, not {self.width}")

    def build(self, observation: Observation, outputs: int, gain: float, generators: list[torch.Generator]) -> Net:
        if not isinstance(observation, Image):
            raise ValueError("a NatureCNN reads images, and this task observes none: use MLP, GRU or Transformer")
        if min(observation.height, observation.width) < 36:
            raise ValueError(
                f"a NatureCNN needs 36 x 36 pixels at least, not {observation.height} x {observation.width}"
            )
        return NatureNet(observation, self.width, outputs, gain, generators)


def _side(pixels: int) -> int:
    """Side of the image after the convolutions: 84 -> 20 -> 9 -> 7."""
    for _, kernel, stride in LAYERS:
        pixels = (pixels - kernel) // stride + 1
    return pixels


class NatureNet(nn.Module):
    """Kernels [P, in k k, out] and dense layers [P, in, out]: each member has its own images and kernels."""

    def __init__(self, image: Image, width: int, outputs: int, gain: float, generators: list[torch.Generator]) -> None:
        super().__init__()
        members = len(generators)
        inputs = (image.channels, *(channels for channels, _, _ in LAYERS))
        shapes = [(inputs[i] * kernel**2, channels) for i, (channels, kernel, _) in enumerate(LAYERS)]
        self.kernels = nn.ParameterList(orthogonal(shape, 2**0.5, generators) for shape in shapes)
        self.offsets = nn.ParameterList(constant(members, (channels,)) for channels, _, _ in LAYERS)
        flat = inputs[-1] * _side(image.height) * _side(image.width)
        self.hidden = orthogonal((flat, width), 2**0.5, generators)
        self.hidden_bias = constant(members, (1, width))
        self.readout = orthogonal((width, outputs), gain, generators)
        self.readout_bias = constant(members, (1, outputs))

    def step(self, obs: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        return self._read(obs), None  # [P, N, C, H, W]

    def forward(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        t, p, n = obs.shape[:3]
        images = obs.transpose(0, 1).reshape(p, t * n, *obs.shape[3:])  # [P, T N, C, H, W]
        return self._read(images).reshape(p, t, n, -1).transpose(0, 1)

    def _read(self, images: Tensor) -> Tensor:
        """[P, M, C, H, W] bytes -> [P, M, O]"""
        seen = torch.stack([self._convolved(p, own) for p, own in enumerate(images)])  # [P, M, F]
        hidden = torch.baddbmm(self.hidden_bias, seen, self.hidden).relu()
        return torch.baddbmm(self.readout_bias, hidden, self.readout)

    def _convolved(self, p: int, images: Tensor) -> Tensor:
        """Images [M, C, H, W] of member p after its convolutions, flattened to [M, F]."""
        if not torch.is_grad_enabled() and len(images) > CHUNK:
            parts = [images[first : first + CHUNK] for first in range(0, len(images), CHUNK)]
            return torch.cat([self._convolved(p, part) for part in parts])
        x = images.to(self.hidden.dtype) / 255
        for (channels, kernel, stride), kernels, offsets in zip(LAYERS, self.kernels, self.offsets, strict=True):
            weight = kernels[p].t().reshape(channels, -1, kernel, kernel)
            x = functional.conv2d(x, weight, offsets[p], stride).relu()
        return x.flatten(1)
