"""The coefficients c_t of the gradient sum_t c_t grad log pi(a_t | s_t) that an estimator computes from a rollout.

Also the gradient that follows from them, and a test for whether some coefficients are an affine function of others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from algorithms.conformance.synthetic_rollouts import STEPS
from algorithms.estimators.estimator import Assessment, Estimator, Signals
from algorithms.estimators.loss import action_objective, assess, row_weights
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.tunable import Number


def initial_state(estimator: Estimator, members: int, horizon: int) -> PartState:
    """The baseline's state before its first rollout, in float64."""
    return {name: value.double() for name, value in estimator.baseline.initial(members, horizon).items()}


def assess_rollout(
    estimator: Estimator, rollout: Rollout, values: Tensor, state: PartState | None = None
) -> tuple[Assessment, PartState]:
    """(advantages and critic targets [T, P, N], the baseline's next state), with the whole rollout as one minibatch.

    values  [T+1, P, N], used only if the estimator has a critic
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


def surrogate_coefficients(estimator: Estimator, rollout: Rollout, advantage: Tensor, weights: Tensor) -> Tensor:
    """weights times d L / d log pi at pi = mu [T, P, N]."""
    logp = rollout.logp.clone().requires_grad_()
    return gradient_of(action_objective(estimator, logp, rollout.logp, advantage, rollout.valid) * weights, logp)


def gradient_of(objective: Tensor, x: Tensor) -> Tensor:
    """d sum(objective) / d x; 0 if the objective does not depend on x."""
    total = objective.sum()
    made = torch.autograd.grad(total, x, allow_unused=True)[0] if total.requires_grad else None
    return torch.zeros_like(x) if made is None else made


def coefficients(
    estimator: Estimator, rollout: Rollout, values: Tensor, state: PartState | None = None, horizon: int = STEPS
) -> Tensor:
    """c [T, P, N]: weight times d L / d log pi at pi = mu, so that the gradient is sum c grad log pi."""
    made, _ = assess_rollout(estimator, rollout, values, state)
    return surrogate_coefficients(estimator, rollout, made.advantage, row_weights(estimator, rollout, horizon))


def expected_gradient(
    policy: ActorCritic,
    estimator: Estimator,
    rollout: Rollout,
    state: PartState,
    alpha: Tensor,
    beta: float,
    value_coefficient: Number,
) -> Tensor:
    """Ascent direction [P, D] of the first step on a rollout that holds all tokens of its transcripts.

    state  the baseline's, before the rollout    alpha  coefficient of the entropy bonus [P]
    beta   coefficient of the KL to the reference
    """
    steps, valid = len(rollout.valid), rollout.valid
    out = policy.outputs(rollout.obs, rollout.action_mask, steps)
    logp, entropy = policy.head.log_prob_entropy(out, rollout.action)
    values = policy.values(rollout.obs, steps + 1) if policy.critic is not None else None
    if estimator.reads_current_logp:
        rollout = replace(rollout, current_logp=logp.detach())
    assert rollout.reference is not None
    kl, x = estimator.kl, logp - rollout.reference
    paid = rollout
    if estimator.teacher is not None:
        paid = estimator.teacher.pay(rollout)
    elif kl.place == "reward":
        cost = kl.estimate(rollout.logp - rollout.reference, valid)
        paid = replace(rollout, reward=rollout.reward - beta * cost)
    with torch.no_grad():
        made, _ = assess(estimator, paid, Signals(None if values is None else values.detach()), state)
    near = (
        rollout.current_logp if estimator.correction is not None and rollout.current_logp is not None else rollout.logp
    )
    objective = action_objective(estimator, logp, near, made.advantage, valid) + alpha[:, None] * entropy
    if kl.place == "loss":
        objective = objective - beta * kl.estimate(x, valid)
    if values is not None and made.target is not None:
        objective = objective - value_coefficient * (values[:steps] - made.target) ** 2
    policy.flat.gradient.zero_()
    (objective * row_weights(estimator, rollout, steps)).sum().backward()  # type: ignore[no-untyped-call]
    return policy.flat.gradient.clone()


CLOSE = 1e-6


class LineFit(NamedTuple):
    """y = a x + b in each part [K], and the largest residual. `spread` says whether x varies within the part."""

    a: Tensor
    b: Tensor
    spread: Tensor
    residual: float


def partitions(rollout: Rollout) -> dict[str, Tensor]:
    """Ways to divide the rows of a rollout into parts, as labels [T, P, N]."""
    steps, members, envs = rollout.valid.shape
    t, p = torch.arange(steps)[:, None, None], torch.arange(members)[:, None]
    group = (torch.arange(envs) // rollout.group).expand(steps, members, envs)
    groups = envs // rollout.group
    shape = (steps, members, envs)
    member = p.expand(shape)
    return {
        "member": member,
        "group": member * groups + group,
        "step": member * steps + t.expand(shape),
        "step of a group": (member * groups + group) * steps + t.expand(shape),
    }


def fit_line(x: Tensor, y: Tensor, on: Tensor, label: Tensor) -> LineFit:
    """The least-squares line in each part, over the rows where `on` is True."""
    x, y, label = x[on], y[on], label[on]
    size = int(label.max()) + 1

    def mean(z: Tensor) -> Tensor:
        total = torch.zeros(size, dtype=z.dtype).index_add(0, label, z)
        return total / torch.bincount(label, minlength=size).clamp(min=1)

    mx, my = mean(x), mean(y)
    variance, covariance = mean((x - mx[label]) ** 2), mean((x - mx[label]) * (y - my[label]))
    spread = variance > 1e-12
    a = torch.where(spread, covariance / variance.clamp(min=1e-12), 0.0)
    b = my - a * mx
    return LineFit(a, b, spread, float((y - a[label] * x - b[label]).abs().max()))


def is_affine(x: Tensor, y: Tensor, rollout: Rollout) -> bool:
    """Whether one of the divisions has y = a x + b with a > 0 on the valid rows of every part."""
    for label in partitions(rollout).values():
        made = fit_line(x, y, rollout.valid > 0, label)
        if made.residual < CLOSE and bool((made.a[made.spread] > 0).all()) and bool(made.spread.any()):
            return True
    return False
