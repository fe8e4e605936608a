"""Gates: each row's advantage is multiplied by a number between 0 and 1 of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from algorithms.estimators.advantage_scale import WholeRollout
from algorithms.estimators.rollout import Rollout
from algorithms.tunable import Number, Range, as_vector, tunable


@dataclass(frozen=True)
class Delight(WholeRollout):
    """A <- sigmoid(-A log pi / eta) A: rare successes keep their weight, rare failures lose it.

    Delightful policy gradient (Osband 2026, arXiv 2603.14608, section 2). A times the surprisal -log pi is the delight;
    where it is 0 the gate is 1/2. The gate depends on the action, so E[g] is no multiple of grad J.
    """

    eta: Number = tunable(1.0, Range(0.1, 10, log=True))
    gates: ClassVar[bool] = True  # the kit holds A'/A to [0, 1], rising with the delight

    def __post_init__(self) -> None:
        if not as_vector(self.eta) > 0:
            raise ValueError(f"eta must be positive, not {self.eta}")

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        surprisal = -(rollout.logp + rollout.log_ratio) * rollout.valid
        return (advantage * surprisal / self.eta).sigmoid() * advantage * rollout.valid
