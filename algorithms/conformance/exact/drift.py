"""Policies at a given distance from another one: the same path for all estimators, without chance.

From mu exact gradient ascent leads on; pi is the first point of this path at which KL(mu || pi) is the wanted number of
nats a text. Between two steps the path is a straight line in the parameters.
"""

from __future__ import annotations

import torch
from torch import Tensor

from algorithms.conformance.gradient_quality import one_policy
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.returns.exact_return import ExactReturn
from algorithms.training_config import TrainingConfig
from envs.api import Task

STEPS = 5_000  # of exact ascent, after which a distance counts as out of reach
HALVINGS = 40


@torch.no_grad()
def exact_log_probabilities(exact: ExactReturn, policy: ActorCritic) -> Tensor:
    """log pi(a_t | s_t) of each listed episode [T, S] in float64, 0 after its end."""
    return exact.log_probabilities(policy).double()[:, 0]


def divergence(task: Task, training: TrainingConfig, mu: Tensor, pi: Tensor) -> float:
    """KL(mu || pi) of whole texts in nats, from the parameters of two actors [D]."""
    exact = ExactReturn(task)
    logmu, logpi = (exact_log_probabilities(exact, one_policy(task, training, x)).sum(0) for x in (mu, pi))
    return float((torch.from_numpy(exact.enumeration.probability) * logmu.exp()) @ (logmu - logpi))


def drifted(task: Task, training: TrainingConfig, mu: Tensor, nats: float) -> Tensor:
    """Parameters [D] of pi with KL(mu || pi) = nats. ValueError where the path does not lead so far."""
    if nats == 0:
        return mu.clone()
    exact, policy = ExactReturn(task), one_policy(task, training, mu)
    state = training.optimiser.initial(policy.flat.values)
    rate = torch.full_like(policy.flat.values, training.learning_rate)
    logmu = exact_log_probabilities(exact, policy).sum(0)
    chance = torch.from_numpy(exact.enumeration.probability) * logmu.exp()

    def distance() -> float:
        return float(chance @ (logmu - exact_log_probabilities(exact, policy).sum(0)))

    before = policy.flat.values.clone()
    for _ in range(STEPS):
        if distance() >= nats:
            break
        before = policy.flat.values.clone()
        training.optimiser.step(policy.flat.values, -exact.gradient(policy), rate, state)
    else:
        raise ValueError(f"{STEPS:,} steps of exact ascent on {task.name} do not lead {nats:g} nats away")
    after, low, high = policy.flat.values.clone(), 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        policy.flat.values.copy_(torch.lerp(before, after, middle))
        low, high = (low, middle) if distance() >= nats else (middle, high)
    return policy.flat.values[0].clone()
