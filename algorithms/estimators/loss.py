"""The loss of each member from a rollout: assessment, row weights, rows to learn from, and the objective."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from algorithms.estimators.estimator import Assessment, Estimator, Signals, off_policy
from algorithms.estimators.kl_penalty import KL
from algorithms.estimators.rollout import (
    Batch,
    Rollout,
    columns_of,
    flat_rows,
    padded_columns,
    valid_columns,
)
from algorithms.parts import check_shape, with_state
from algorithms.policies.actor_critic import ActorCritic
from algorithms.tunable import Number, as_vector, select_members

PartState = dict[str, Tensor]


def assess(
    estimator: Estimator, rollout: Rollout, signals: Signals, baseline_state: PartState
) -> tuple[Assessment, PartState]:
    """A_t = q_t - b_t, corrected and scaled, 0 on rows that are not valid; and the critic's target.

    The target is q_t unless the credit defines another. Means and deviations are those of a member or a group, never
    across members.
    """
    valid, baseline = rollout.valid, estimator.baseline
    q = estimator.credit(rollout, signals.values)
    check_shape("credit", estimator.credit, q, valid)
    b, baseline_state = with_state("baseline", baseline, baseline(q, rollout, signals.values, baseline_state))
    check_shape("baseline", baseline, b, valid)
    advantage = (q - b) * valid
    if estimator.correction is not None:
        weight = estimator.correction(rollout.log_ratio, valid)
        check_shape("correction", estimator.correction, weight, valid)
        advantage = advantage * weight
    unscaled = advantage
    if estimator.scale is not None and not estimator.scale.each_minibatch:
        advantage = estimator.scale(advantage, q, rollout)
        check_shape("scale", estimator.scale, advantage, valid)
    if not estimator.baseline.critic:
        return Assessment(advantage, None, unscaled), baseline_state
    if (credit := off_policy(estimator.credit)) is not None:
        assert signals.values is not None
        return Assessment(advantage, credit.target(rollout, signals.values), unscaled), baseline_state
    return Assessment(advantage, q, unscaled), baseline_state


def action_objective(
    estimator: Estimator, logp: Tensor, behaviour_logp: Tensor, advantage: Tensor, valid: Tensor
) -> Tensor:
    """The surrogate's L(pi, mu, A) of each action, [T, P, N]."""
    objective = estimator.surrogate(logp, behaviour_logp, advantage, valid)
    check_shape("surrogate", estimator.surrogate, objective, logp)
    return objective


def subtract_kl(kl: KL, rollout: Rollout, beta: float) -> Rollout:
    """The rollout with r_t - beta k(log pi - log ref) as its rewards, if the KL is placed in the reward.

    The log-probabilities are constants here. With k1 the score-function gradient of this return is that of J, since
    E[grad log pi] = 0.
    """
    if not beta or kl.place != "reward" or rollout.reference is None:
        return rollout
    penalty = beta * kl.estimate(rollout.logp - rollout.reference, rollout.valid)
    parts, weights = rollout.parts, rollout.part_weights
    if parts is not None and weights is not None:  # the first part pays for it
        first = parts[..., :1] - penalty[..., None] / weights[..., :1]
        parts = torch.cat([first, parts[..., 1:]], -1)
    return replace(rollout, reward=rollout.reward - penalty, parts=parts)


def rewards_to_learn_from(estimator: Estimator, rollout: Rollout, beta: float) -> Rollout:
    """The rollout with the rewards that the estimator learns from: the teacher's, or the task's without the KL."""
    if estimator.teacher is not None:
        return estimator.teacher.pay(rollout)
    return subtract_kl(estimator.kl, rollout, beta)


def row_weights(estimator: Estimator, rollout: Rollout, horizon: int) -> Tensor:
    """[T, P, N], on valid rows: 1/N (episode), 1/(N horizon) (constant), 1/(rows of the member) (token), 1/(N rows of the
    episode) (sequence).

    A sequence is a column of the rollout. With Unroll it is a window, not an episode.
    """
    valid, envs = rollout.valid, rollout.valid.shape[2]
    if estimator.aggregation == "episode":
        return valid / envs
    if estimator.aggregation == "constant":
        return valid / (envs * horizon)
    if estimator.aggregation == "sequence":
        return valid / (valid.sum(0, keepdim=True).clamp(min=1) * envs)
    return valid / valid.sum((0, 2), keepdim=True).clamp(min=1)


def rows_to_learn_from(
    estimator: Estimator,
    rollout: Rollout,
    assessment: Assessment,
    horizon: int,
    whole_episodes: bool,
    values: Tensor | None = None,
) -> tuple[Batch, list[np.ndarray]]:
    """(the rollout's rows, the columns of each member from which minibatches are drawn).

    A column is an episode if `whole_episodes` (texts), else a single row. values: see Batch.
    """
    weight = row_weights(estimator, rollout, horizon)
    batch = Batch(
        rollout.obs,
        rollout.action,
        rollout.logp if estimator.correction is None or rollout.current_logp is None else rollout.current_logp,
        rollout.action_mask,
        assessment.advantage,
        assessment.target,
        weight,
        rollout.reference if estimator.kl.place == "loss" else None,
    )
    members, envs = rollout.valid.shape[1:]
    if whole_episodes:
        return batch, [np.arange(envs)] * members
    steps = len(weight)
    flat = batch.each(lambda x: flat_rows(x[:steps]), None)
    columns = valid_columns(rollout.valid)
    rows = columns_of(flat, padded_columns(columns, weight.device))
    return replace(rows, values=values), [np.arange(len(c)) for c in columns]


@torch.no_grad()
def log_probabilities(policy: ActorCritic, rollout: Rollout) -> Tensor:
    """log pi(a_t|s_t) of the rollout under the current policy [T, P, N]."""
    steps = len(rollout.valid)
    if (density := policy.log_prob_entropy(rollout.obs, rollout.action_mask, rollout.action, False)) is not None:
        return density[0]
    obs = rollout.obs if policy.reads_text else rollout.obs[:steps]
    return policy.head.log_prob(policy.outputs(obs, rollout.action_mask, steps), rollout.action)


class Loss(NamedTuple):
    """The loss and its part for the actor, one number per member [P], and log pi(a_t|s_t) of the rows."""

    total: Tensor
    actor: Tensor
    logp: Tensor


class Objective(NamedTuple):
    """The objective of some members.

    alpha  coefficient of the entropy bonus [P], if any     beta  coefficient of the KL to the task's reference
    """

    policy: ActorCritic
    estimator: Estimator
    value_coefficient: Number
    alpha: Tensor | None
    beta: float

    def select_members(self, indices: np.ndarray) -> Objective:
        """The objective of the members at these indices, on a copy of their policies."""
        coefficient, alpha = self.value_coefficient, self.alpha
        return Objective(
            self.policy.select_members(indices),
            select_members(self.estimator, indices),
            coefficient[indices] if isinstance(coefficient, Tensor) else coefficient,
            None if alpha is None else alpha[indices],
            self.beta,
        )

    def loss(self, batch: Batch) -> Loss:
        """-E[L(pi, mu, A) - beta KL (if it is placed in the loss) + alpha H] + critic regression."""
        rows = len(batch.weight)
        estimator, values = self.estimator, None
        entropy: Tensor | None = None
        wanted = self.alpha is not None
        if (density := self.policy.log_prob_entropy(batch.obs, batch.action_mask, batch.action, wanted)) is not None:
            logp, entropy = density
            if batch.target is not None:
                values = self.policy.values(batch.obs, rows, batch.lengths)
        else:
            if batch.target is None or batch.values is not None:
                out, values = self.policy.outputs(batch.obs, batch.action_mask, rows, batch.lengths), batch.values
            else:
                out, values = self.policy.outputs_and_values(batch.obs, batch.action_mask, rows, batch.lengths)
            if self.alpha is not None:
                logp, entropy = self.policy.head.log_prob_entropy(out, batch.action)
            else:
                logp = self.policy.head.log_prob(out, batch.action)
        valid = (batch.weight > 0).to(batch.weight)
        objective = action_objective(estimator, logp, batch.logp, batch.advantage, valid)
        if self.alpha is not None and entropy is not None:
            objective = objective + self.alpha[:, None].to(entropy) * entropy
        if self.beta and batch.reference is not None:
            objective = objective - self.beta * estimator.kl.estimate(logp - batch.reference, valid)
        total = actor = -(batch.weight * objective).sum((0, 2))
        if batch.target is not None and values is not None:
            error = values - batch.target
            total = total + as_vector(self.value_coefficient) * (batch.weight * error * error).sum((0, 2))
        return Loss(total, actor, logp)


class Stepper(Protocol):
    """The part of a learner with which an update rule moves the parameters."""

    policy: ActorCritic
    healthy: Tensor
    rate: Tensor  # [P, D]
    memory: PartState  # of the update rule, [P, D] each

    @property
    def discount(self) -> Number:
        """gamma of the learner."""

    @property
    def value_coefficient(self) -> Number:
        """Factor of the critic's loss."""

    def apply(self) -> None:
        """Take one step of the optimiser along policy.flat.gradient."""

    def loss(self, batch: Batch) -> Loss:
        """The loss of all members on a batch."""

    def freeze_diverged(self, healthy: Tensor) -> None:
        """Freeze the members that are not `healthy` [P]."""
