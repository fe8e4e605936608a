"""The adapters of a population as one matrix [P, D], and Adam on it: what all stages that fit adapters have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from algorithms.estimators.optimisers import Adam
from algorithms.language.stage import Stream, streams
from algorithms.policies.population import Flat, clip, torch_generators
from algorithms.training.state import RunState, part_tensors
from envs.language.models.api import CausalModel
from envs.language.models.low_rank import LowRank
from envs.seeding import Purpose, Role, stream
from envs.validation import UsageError, check_between, check_least


@dataclass(frozen=True)
class Fitting:
    """How adapters are fitted: minibatches of each member's own, Adam, a linear warm-up and a linear decay to 0.

    rank, scale  of the adapters (LowRank), where they begin anew     rate     the largest learning rate
    passes       over a member's texts or pairs                       batch    texts or pairs in a minibatch
    warm_up      part of the steps                                    clip     largest norm of a member's gradient
    """

    rank: int = 8
    scale: float = 2.0
    passes: int = 3
    batch: int = 16
    rate: float = 3e-3
    warm_up: float = 0.1
    clip: float = 1.0

    def __post_init__(self) -> None:
        check_least(rank=(self.rank, 1), passes=(self.passes, 1), batch=(self.batch, 1), rate=(self.rate, 0))
        check_between(warm_up=(self.warm_up, 0, 1))

    def rate_at(self, step: int, steps: int) -> float:
        """The rate of step 0, 1, ..., steps - 1."""
        warm = self.warm_up * steps
        return self.rate * min((step + 1) / (warm + 1), (steps - step) / max(steps - warm, 1))

    def minibatches(self, count: int, seeds: Sequence[int], use: Stream, purpose: Purpose) -> list[Tensor]:
        """Places [P, B] in `count` texts: in each pass every text of a member once, in an order of its own."""
        parts: list[Tensor] = []
        for one in range(self.passes):
            order = np.stack([rng.permutation(count) for rng in streams(tuple(seeds), use, one, purpose=purpose)])
            parts += [torch.from_numpy(x) for x in np.array_split(order, -(-count // self.batch), axis=1)]
        return parts


def initial(
    model: CausalModel,
    config: Fitting,
    seeds: Sequence[int],
    use: Stream = Stream.ADAPTERS,
    purpose: Purpose = Purpose.TRAIN,
) -> LowRank:
    """Adapters that change nothing yet: A uniform in +-1/sqrt(inputs) from each member's own generator, B = 0."""
    generators = torch_generators([stream(seed, Role.STAGE, int(use), purpose=purpose) for seed in seeds])
    down, up = {}, {}
    for name, (inputs, outputs) in model.layers.items():
        drawn = [torch.rand(inputs, config.rank, generator=g) for g in generators]
        down[name] = (2 * torch.stack(drawn) - 1) / inputs**0.5
        up[name] = torch.zeros(len(generators), config.rank, outputs)
    return LowRank(down, up, config.scale)


def tensors_of(adapters: LowRank) -> dict[str, Tensor]:
    """The tensors of adapters by name, without a gradient."""
    named = {f"{layer}.down": x for layer, x in adapters.down.items()} | {
        f"{layer}.up": x for layer, x in adapters.up.items()
    }
    return {name: x.detach().clone() for name, x in named.items()}


def adapters_of(tensors: Mapping[str, Tensor], scale: float) -> LowRank:
    """The inverse of `tensors_of`."""
    parts = [{n.removesuffix(end): x for n, x in tensors.items() if n.endswith(end)} for end in (".down", ".up")]
    return LowRank(parts[0], parts[1], scale)


class Stack:
    """Adapters, and more parameters [P, ...] of each member, that Adam moves; the ones given are copied.

    adapters, more  views of the matrix that moves
    """

    def __init__(self, start: LowRank, config: Fitting, more: Mapping[str, Tensor] | None = None) -> None:
        self.config, self.scale, self.adam = config, start.scale, Adam()
        named = tensors_of(start) | {name: x.detach().clone() for name, x in (more or {}).items()}
        held = nn.ParameterList([nn.Parameter(x) for x in named.values()])
        self.flat = Flat(held)
        parameters = dict(zip(named, held, strict=True))
        self.adapters = adapters_of({n: x for n, x in parameters.items() if n not in (more or {})}, start.scale)
        self.more = {name: parameters[name] for name in more or {}}
        self.optimiser = self.adam.initial(self.flat.values)

    def descend(self, losses: Tensor, step: int, steps: int, seeds: Sequence[int]) -> None:
        """One step of Adam on the losses [P]. ArithmeticError, with the seeds, where one is not finite."""
        losses.sum().backward()  # type: ignore[no-untyped-call]
        norms = clip(self.flat.gradient, self.config.clip)
        if not bool((finite := torch.isfinite(losses) & torch.isfinite(norms)).all()):
            lost = [seed for seed, good in zip(seeds, finite.tolist(), strict=True) if not good]
            raise ArithmeticError(
                f"seeds {lost} diverged at step {step + 1} of {steps}: try a rate below {self.config.rate}"
            )
        rate = torch.full_like(self.flat.values, self.config.rate_at(step, steps))
        self.adam.step(self.flat.values, self.flat.gradient, rate, self.optimiser)
        self.flat.gradient.zero_()

    def state(self, done: int, **meta: Any) -> RunState:
        """What `restore` needs to go on after step `done`."""
        axes: dict[str, int | None] = {name: None if name == "steps" else 0 for name in self.optimiser}
        return RunState.of(
            [("", {"values": self.flat.values}, 0), ("optimiser", self.optimiser, axes)], {"done": done, **meta}
        )

    def restore(self, state: RunState) -> int:
        """Go back to a state; returns the number of steps done. UsageError for one of other adapters."""
        found = state.tensors.get("values")
        if found is None or found.shape != self.flat.values.shape:
            raise UsageError(f"the state is of other adapters than {list(self.flat.values.shape)}")
        self.flat.values.copy_(found)
        for name, x in part_tensors("optimiser", state.tensors).items():
            self.optimiser[name].copy_(x)
        return int(state.meta["done"])

    @property
    def fitted(self) -> LowRank:
        """A copy of the adapters, frozen."""
        return adapters_of(tensors_of(self.adapters), self.scale)


def remaining(batches: Sequence[Tensor], done: int) -> Iterator[tuple[int, Tensor]]:
    """(step, minibatch) of the steps that are not done."""
    return ((step, batch) for step, batch in enumerate(batches) if step >= done)
