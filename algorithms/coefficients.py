"""The coefficients c_t of the gradient sum_t c_t grad log pi(a_t | s_t) that an estimator makes of a rollout."""

from __future__ import annotations

import torch
from torch import Tensor

from algorithms.estimators.estimator import Assessment, Estimator, Signals
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.learner import assess, row_weights
from algorithms.made_up import STEPS


def initial_state(estimator: Estimator, members: int, horizon: int) -> PartState:
    """What the baseline remembers before its first rollout, in float64."""
    return {name: value.double() for name, value in estimator.baseline.initial(members, horizon).items()}


def assessed(
    estimator: Estimator, rollout: Rollout, values: Tensor, state: PartState | None = None
) -> tuple[Assessment, PartState]:
    """(advantages and critic targets [T, P, N], the baseline's next state) of a rollout that is its own only minibatch.

    values  [T+1, P, N], handed on only where the estimator has a critic
    """
    steps, members = rollout.valid.shape[:2]
    with torch.no_grad():
        before = initial_state(estimator, members, steps) if state is None else state
        signals = Signals(values if estimator.baseline.critic else None)
        assessment, after = assess(estimator, rollout, signals, before)
        scale = estimator.scale
        if scale is not None and scale.each_minibatch:
            assessment = assessment._replace(advantage=scale.rows(assessment.advantage, rollout.valid))
    return assessment, after


def differentiated(estimator: Estimator, rollout: Rollout, advantage: Tensor, weights: Tensor) -> Tensor:
    """weights times d L / d log pi at pi = mu [T, P, N]."""
    logp = rollout.logp.clone().requires_grad_()
    return slope_of(estimator.surrogate(logp, rollout.logp, advantage, rollout.valid) * weights, logp)


def slope_of(objective: Tensor, x: Tensor) -> Tensor:
    """d sum(objective) / d x; 0 where x is not part of it."""
    total = objective.sum()
    made = torch.autograd.grad(total, x, allow_unused=True)[0] if total.requires_grad else None
    return torch.zeros_like(x) if made is None else made


def coefficients(
    estimator: Estimator, rollout: Rollout, values: Tensor, state: PartState | None = None, horizon: int = STEPS
) -> Tensor:
    """c [T, P, N]: weight times d L / d log pi at pi = mu, so that the gradient is sum c grad log pi."""
    made, _ = assessed(estimator, rollout, values, state)
    return differentiated(estimator, rollout, made.advantage, row_weights(estimator, rollout, horizon))
