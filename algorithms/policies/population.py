"""The population axis: the parameters of P members in stacked tensors, with nothing shared between members."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from algorithms.tunable import Number, as_vector

# gradients accumulate into views of one matrix on purpose; autograd warns that they are not contiguous
warnings.filterwarnings("ignore", message="grad and param do not obey the gradient layout contract")


def orthogonal(shape: tuple[int, int], gain: float, generators: list[torch.Generator]) -> nn.Parameter:
    """[P, in, out] orthogonal weights, each member from its own generator."""
    stack = torch.empty(len(generators), *shape)
    for weight, generator in zip(stack, generators, strict=True):
        nn.init.orthogonal_(weight, gain=gain, generator=generator)
    return nn.Parameter(stack)


def constant(members: int, shape: tuple[int, ...], value: Number = 0.0) -> nn.Parameter:
    """[P, *shape] filled with one value, or with one value per member."""
    if isinstance(value, Tensor):
        return nn.Parameter(value.view(members, *(1 for _ in shape)).repeat(1, *shape))
    return nn.Parameter(torch.full((members, *shape), value))


def torch_generators(seeds: list[np.random.SeedSequence]) -> list[torch.Generator]:
    """One torch generator per member, for initialisation only; sampling uses numpy generators."""
    return [torch.Generator().manual_seed(int(seed.generate_state(1, np.uint64)[0] >> 1)) for seed in seeds]


class Flat:
    """All parameters of a module as one matrix [P, D], and their gradients as another. The parameters become views.

    One elementwise operation then covers all layers of all members: clipping, Adam, freezing, snapshots.
    """

    def __init__(self, module: nn.Module) -> None:
        self._parameters = list(module.parameters())
        members = len(self._parameters[0])
        width = sum(p[0].numel() for p in self._parameters)
        like = self._parameters[0].detach()
        self.gradient: Tensor = torch.zeros(members, width, dtype=like.dtype, device=like.device)
        start = 0
        self._ends: dict[int, tuple[int, int]] = {}  # the columns of each parameter
        for parameter in self._parameters:
            end = start + parameter[0].numel()
            parameter.grad = self.gradient[:, start:end].view(parameter.shape)  # autograd accumulates in place
            self._ends[id(parameter)] = (start, end)
            start = end
        self.values: Tensor = torch.empty_like(self.gradient)
        for parameter in self._parameters:
            self._place(parameter).copy_(parameter.detach())
        self.move(self.values)

    def set_gradient(self, gradients: Sequence[Tensor | None]) -> None:
        """Write the gradients of all parameters, in their order; None: 0."""
        for parameter, found in zip(self._parameters, gradients, strict=True):
            start, end = self._ends[id(parameter)]
            own = self.gradient[:, start:end]
            own.zero_() if found is None else own.copy_(found.reshape(own.shape))

    def move(self, values: Tensor) -> None:
        """Make the parameters views of another matrix [P, D], whose values they take."""
        self.values = values
        for parameter in self._parameters:
            parameter.data = self._place(parameter)

    def _place(self, parameter: nn.Parameter) -> Tensor:
        start, end = self._ends[id(parameter)]
        return self.values[:, start:end].view(parameter.shape)

    def columns_of(self, parameters: list[nn.Parameter]) -> slice:
        """The columns of some adjacent parameters."""
        spans = [self._ends[id(p)] for p in parameters]
        return slice(min((a for a, _ in spans), default=0), max((b for _, b in spans), default=0))


def clip(gradient: Tensor, max_norm: Number) -> Tensor:
    """Scale each member's gradient [P, D] in place to at most `max_norm`; returns the norms before [P].

    As torch.nn.utils.clip_grad_norm_, with one norm per member: g <- g min(1, max_norm / (|g| + 1e-6)).
    """
    norm = torch.linalg.vector_norm(gradient, dim=1)
    limit = as_vector(max_norm)
    if isinstance(limit, Tensor) or limit != float("inf"):
        gradient.mul_((limit / (norm + 1e-6)).clamp(max=1.0)[:, None])
    return norm
