"""The natural gradient with a trust region: conjugate gradients on the Fisher matrix, and a line search on the KL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from algorithms.estimators.loss import Stepper
from algorithms.estimators.rollout import Batch
from algorithms.policies.actor_critic import ActorCritic
from algorithms.tunable import Number, Range, as_vector, tunable

Product = Callable[[Tensor], Tensor]
SHRINK = 0.8  # factor on a step that the line search rejects


@dataclass(frozen=True)
class Natural:
    """theta <- theta + sqrt(2 delta / x'Fx) x with F x = g, shortened until the surrogate improves and KL <= delta.

    F is the Fisher matrix of the rollout's states, H of the mean KL(pi_old || pi), plus `damping` times the identity.
    Schulman et al. (2015), Trust region policy optimization, appendix C; Kakade (2001) for the direction. The critic is
    still updated by the optimiser. The actor has no learning rate; delta is its step size.
    """

    delta: Number = tunable(0.01, Range(1e-3, 1e-1, log=True))
    conjugate_steps: int = 10
    damping: float = 0.01
    backtracks: int = 10
    exact: ClassVar[bool] = False
    by_optimiser: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not (as_vector(self.delta) > 0 and self.damping >= 0 and self.conjugate_steps >= 1 and self.backtracks >= 1):
            raise ValueError(f"needs delta above 0, damping 0, conjugate_steps and backtracks 1 at least, not {self}")

    @property
    def passes(self) -> int:
        """The gradient, and a product with F for each conjugate step."""
        return 1 + self.conjugate_steps

    def step(self, learner: Stepper, batch: Batch) -> None:
        """Move the critic by the optimiser, and the actor along the natural gradient."""
        policy = learner.policy
        actors = policy.flat.gradient[:, policy.actor_columns]
        g = -actors
        learner.freeze_diverged(torch.isfinite(g).all(1))
        actors.zero_()
        learner.apply()  # Adam does not move parameters whose gradient is always 0
        g = torch.where(learner.healthy[:, None], g, 0.0)
        natural_step(self, policy, batch, g, lambda: learner.loss(batch).actor)


def conjugate_gradients(product: Product, g: Tensor, steps: int) -> Tensor:
    """x with F x = g, separately for each member [P, D]; a member whose residual is 0 does not change."""
    x = torch.zeros_like(g)
    residual, direction = g.clone(), g.clone()
    square = (residual * residual).sum(1, keepdim=True)
    for _ in range(steps):
        moved = product(direction)
        curve = (direction * moved).sum(1, keepdim=True)
        going = (square > 1e-12) & (curve > 0)
        length = torch.where(going, square / curve.clamp(min=1e-30), 0.0)
        x = x + length * direction
        residual = residual - length * moved
        after = (residual * residual).sum(1, keepdim=True)
        direction = residual + torch.where(going, after / square.clamp(min=1e-30), 0.0) * direction
        square = after
    return x


def actor_parameters(policy: ActorCritic) -> list[Tensor]:
    """The parameters behind the actor's columns of policy.flat, in their order."""
    critic = set(map(id, policy.critic.parameters())) if policy.critic is not None else set()
    return [p for p in policy.parameters() if id(p) not in critic]


def mean_kl(policy: ActorCritic, batch: Batch, old: Tensor) -> Tensor:
    """The weighted mean of KL(pi_old || pi) over each member's rows [P]."""
    out = policy.outputs(batch.obs, batch.action_mask, len(batch.weight))
    valid = (batch.weight > 0).to(batch.weight)
    return (policy.head.kl(old, out) * valid).sum((0, 2)) / valid.sum((0, 2)).clamp(min=1)


def fisher_product(policy: ActorCritic, batch: Batch, old: Tensor, damping: float) -> Product:
    """v -> (F + damping) v, [P, D] to [P, D]: the Hessian of the mean KL at pi_old, by two backward passes."""
    parameters = actor_parameters(policy)
    with sdpa_kernel(SDPBackend.MATH):  # the only attention that can be differentiated twice
        gradient = _concatenate(torch.autograd.grad(mean_kl(policy, batch, old).sum(), parameters, create_graph=True))

    def product(v: Tensor) -> Tensor:
        second = torch.autograd.grad((gradient * v).sum(), parameters, retain_graph=True)
        return _concatenate(second).detach() + damping * v

    return product


def _concatenate(parts: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([part.reshape(len(part), -1) for part in parts], 1)


def natural_step(rule: Natural, policy: ActorCritic, batch: Batch, g: Tensor, loss: Callable[[], Tensor]) -> None:
    """Move each member's actor along the natural gradient of g [P, D], the direction of ascent; `loss` [P] must fall.

    A member for which no step length passes the line search does not change.
    """
    width = g.shape[1]
    with torch.no_grad():
        old = policy.outputs(batch.obs, batch.action_mask, len(batch.weight))
        before = loss()
    product = fisher_product(policy, batch, old, rule.damping)
    x = conjugate_gradients(product, g, rule.conjugate_steps)
    curve = (x * product(x)).sum(1, keepdim=True)
    full = torch.where(curve > 0, (2 * rule.delta / curve.clamp(min=1e-30)).sqrt(), 0.0) * x
    start = policy.flat.values[:, :width].clone()
    share = torch.ones_like(curve)
    accepted = torch.zeros_like(curve, dtype=torch.bool)
    with torch.no_grad():
        for _ in range(rule.backtracks):
            policy.flat.values[:, :width] = start + share * full
            good = (loss() < before) & (mean_kl(policy, batch, old) <= as_vector(rule.delta))
            accepted |= good[:, None]
            if bool(accepted.all()):
                break
            share = torch.where(accepted, share, SHRINK * share)
        policy.flat.values[:, :width] = start + torch.where(accepted, share, 0.0) * full
