"""Learning from single steps: eligibility traces, and a step whose effect on the error is bounded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from algorithms.estimators.loss import Stepper
from algorithms.estimators.rollout import Batch, PartState
from algorithms.tunable import Number, Range, as_vector, tunable


@dataclass(frozen=True)
class Streaming:
    """z <- gamma lam z + grad (log pi(a) + V(s)),   theta <- theta + step delta z, for each new row.

        step = rate / max(1, rate kappa max(|delta|, 1) |z|_1),   z = 0 when an episode begins

    Stream AC(lambda) with ObGD (Elsayed, Vasan and Mahmood 2024, arXiv 2410.14606, algorithms 3 and 7): the step is
    shortened where it would carry V(s) past its target. Actor and critic have a trace and a kappa each. `rate` is the
    learning rate, 1 in the source. delta is the advantage of the row, so the credit must be r + gamma V(s').

    A row that is not valid comes between two episodes of an unrolled environment: it clears the traces.
    """

    lam: Number = tunable(0.8, Range(0.0, 0.99))
    kappa: Number = tunable(3.0, Range(1.0, 10, log=True))
    critic_kappa: Number = tunable(2.0, Range(1.0, 10, log=True))
    exact: ClassVar[bool] = False
    by_optimiser: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0 <= as_vector(self.lam) <= 1:
            raise ValueError(f"lam must lie in [0, 1], not {self.lam}")
        if not (as_vector(self.kappa) > 0 and as_vector(self.critic_kappa) > 0):
            raise ValueError(f"kappa and critic_kappa must be positive, not {self.kappa} and {self.critic_kappa}")

    def initial(self, values: Tensor) -> PartState:
        return {"trace": torch.zeros_like(values)}

    def step(self, learner: Stepper, batch: Batch) -> None:
        """Take the step of one row of each member. ValueError for several rows: each would need a trace of its own."""
        valid = (batch.weight > 0).to(batch.weight)  # [1, P, M]
        rows = valid.sum((0, 2))  # [P]
        if int(rows.max()) > 1:
            raise ValueError(
                f"a trace follows one environment, step by step, and this batch has {int(rows.max())} rows"
            )
        policy, delta = learner.policy, (batch.advantage * valid).sum((0, 2))[:, None]  # [P, 1]
        z = learner.discount * self.lam * learner.memory["trace"] + self._eligibility(learner, batch, valid)
        z = torch.where(rows[:, None] > 0, z, 0.0)
        learner.freeze_diverged(torch.isfinite(z).all(1) & torch.isfinite(delta[:, 0]))
        going = learner.healthy[:, None] & (rows[:, None] > 0)
        for columns, kappa in ((policy.actor_columns, self.kappa), (policy.critic_columns, self.critic_kappa)):
            part, rate = z[:, columns], learner.rate[:, columns]
            reach = rate * kappa * delta.abs().clamp(min=1) * part.abs().sum(1, keepdim=True)
            moved = rate / reach.clamp(min=1) * delta * part
            policy.flat.values[:, columns] += torch.where(going, moved, 0.0)
        learner.memory["trace"] = torch.where(learner.healthy[:, None], z, 0.0)

    @staticmethod
    def _eligibility(learner: Stepper, batch: Batch, valid: Tensor) -> Tensor:
        """grad (log pi(a) + V(s)) of each member's row [P, D], from the loss with an advantage of 1 and a target above V."""
        with torch.no_grad():
            values = learner.policy.values(batch.obs, 1, batch.lengths)
        target = values + 0.5 / learner.value_coefficient  # -c (V - target)^2 has the gradient grad V
        one = replace(batch, advantage=valid, target=target, weight=valid, values=None)
        loss = learner.loss(one).total.sum()
        learner.policy.flat.set_gradient(
            torch.autograd.grad(loss, list(learner.policy.parameters()), allow_unused=True)
        )
        return -learner.policy.flat.gradient
