"""The gradient that a learner must compute, written a second time: sum_t c_t grad log pi + alpha grad H - beta grad KL."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from algorithms.estimators.estimator import Estimator, Signals
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.learner import assess, row_weights
from algorithms.policies.actor_critic import ActorCritic
from algorithms.tunable import Number


def expected_gradient(
    policy: ActorCritic,
    estimator: Estimator,
    rollout: Rollout,
    state: PartState,
    alpha: Tensor,
    beta: float,
    value_coefficient: Number,
) -> Tensor:
    """Ascent direction [P, D] of the first step on a rollout that holds all its transcripts' tokens.

    state  of the baseline before       alpha  of the entropy bonus [P]      beta  of the KL to the reference
    """
    steps, valid = len(rollout.valid), rollout.valid
    out = policy.outputs(rollout.obs, rollout.action_mask, steps)
    logp, entropy = policy.head.log_prob_entropy(out, rollout.action)
    values = policy.values(rollout.obs, steps + 1) if policy.critic is not None else None
    if estimator.reads_now:
        rollout = replace(rollout, now=logp.detach())
    assert rollout.reference is not None
    kl, x = estimator.kl, logp - rollout.reference
    paid = rollout
    if kl.place == "reward":
        cost = kl.estimate(rollout.logp - rollout.reference, valid)
        paid = replace(rollout, reward=rollout.reward - beta * cost)
    with torch.no_grad():
        made, _ = assess(estimator, paid, Signals(None if values is None else values.detach()), state)
    near = rollout.now if estimator.correction is not None and rollout.now is not None else rollout.logp
    objective = estimator.surrogate(logp, near, made.advantage, valid) + alpha[:, None] * entropy
    if kl.place == "loss":
        objective = objective - beta * kl.estimate(x, valid)
    if values is not None and made.target is not None:
        objective = objective - value_coefficient * (values[:steps] - made.target) ** 2
    policy.flat.gradient.zero_()
    (objective * row_weights(estimator, rollout, steps)).sum().backward()  # type: ignore[no-untyped-call]
    return policy.flat.gradient.clone()
