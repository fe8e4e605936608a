"""The setting of a comparison: what every variant of a cell shares (network, optimiser, discount) and how it collects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from algorithms.optimiser import Adam, Optimiser
from algorithms.policies.api import Network
from algorithms.tunable import Choice, Number, Range, row, tunable, with_critic
from envs.api import Box

if TYPE_CHECKING:
    from algorithms.types import Variant
    from envs.api import Spec


@dataclass(frozen=True)
class Episodes:
    """Every update plays one whole episode in each of a member's `envs` environments; `group` of them share a prompt."""

    envs: int = tunable(16, Choice((8, 16, 32, 64)))
    group: int = 1

    def __post_init__(self) -> None:
        if self.group < 1 or self.envs < 1 or self.envs % self.group:
            raise ValueError(f"{self.envs} environments cannot be split into groups of {self.group}")


@dataclass(frozen=True)
class Unroll:
    """Every update plays a window of `steps` in each of `envs` auto-resetting environments; its last row bootstraps."""

    steps: int = tunable(5, Choice((5, 16, 32)))
    envs: int = tunable(64, Choice((16, 32, 64)))

    def __post_init__(self) -> None:
        if self.steps < 1 or self.envs < 1:
            raise ValueError(f"needs 1 step and 1 environment at least, not {self.steps} and {self.envs}")


Collection = Episodes | Unroll


def _clipping(training: Training, variant: Variant, spec: Spec) -> bool:
    """Only where gradients are clipped at all."""
    return row(training.max_grad_norm) != float("inf")


def _continuous(training: Training, variant: Variant, spec: Spec) -> bool:
    """Only Gaussian policies have a deviation."""
    return isinstance(spec.action, Box)


@dataclass(frozen=True)
class Training:
    """What a comparison holds fixed.

    discount      gamma of the learner (Task.gamma is the one that defines the score)
    critic_rate   the critic's learning rate as a multiple of the actor's
    reward_scale  rewards are multiplied by it before learning (scores are not)
    initial_log_std  of a Gaussian policy: how widely it explores at first
    segment       updates between two points from which a killed run resumes; environments are built anew there
    """

    network: Network
    optimiser: Optimiser = field(default_factory=Adam)
    learning_rate: float = tunable(1e-3, Range(1e-4, 1e-1, log=True))
    max_grad_norm: Number = tunable(float("inf"), Range(0.1, 10, log=True), when=_clipping)
    discount: Number = tunable(1.0, Range(0.9, 1.0))
    value_coefficient: Number = tunable(0.5, Range(0.1, 2, log=True), when=with_critic)
    critic_rate: Number = tunable(1.0, Range(0.1, 10, log=True), when=with_critic)
    reward_scale: float = 1.0
    normalise_observations: bool = False
    initial_log_std: Number = tunable(0.0, Range(-2, 1), when=_continuous)
    collection: Collection = field(default_factory=Episodes)
    segment: int = 50

    def __post_init__(self) -> None:
        for name in ("learning_rate", "max_grad_norm", "critic_rate", "reward_scale", "segment"):
            if not row(getattr(self, name)) > 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        if not 0 <= row(self.discount) <= 1:
            raise ValueError(f"discount must lie in [0, 1], not {self.discount}")
