"""The learner: assessment of a rollout, a loss for each member, and optimiser steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from algorithms.composition import FirstOrder, Schedule, Update, remembering
from algorithms.estimators.baseline import STATE_MEMBER_AXIS
from algorithms.estimators.diagnostics import Diagnostics, entropy_share, ratio_diagnostics
from algorithms.estimators.estimator import Estimator, Signals
from algorithms.estimators.loss import (
    Loss,
    Objective,
    PartState,
    assess,
    log_probabilities,
    rewards_to_learn_from,
    rows_to_learn_from,
)
from algorithms.estimators.rollout import Batch, Rollout, columns_of, group_by_length, padded_columns, select_members
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.population import clip
from algorithms.training.adaptive_parts import AdaptiveParts
from algorithms.training.critic_values import values_of
from algorithms.training.state import flatten_parts, like, part_tensors
from algorithms.training_config import TrainingConfig
from algorithms.tunable import Number
from envs.api import HasEnds, Task
from envs.delayed import undelayed


class Learner:
    """Assessment, loss and steps for one population.

    beta             coefficient of the KL to the task's reference, in units of the scaled reward
    gradient_policy  the policy at which gradients are taken: the current one, or an earlier copy (Schedule.gradient)
    compact          whether members with few rows are not padded to the longest; for features
    healthy          members whose gradients have always been finite [P]; the others are frozen
    rate             learning rates [P, D]
    """

    diagnoses: ClassVar[bool] = True  # whether `learn` can read diagnostics

    def __init__(
        self,
        policy: ActorCritic,
        estimator: Estimator,
        schedule: Schedule,
        training: TrainingConfig,
        rate: Tensor,
        task: Task,
        update: Update | None = None,
        compact: bool = False,
        gradient_policy: ActorCritic | None = None,
    ) -> None:
        if reason := estimator.reason_unsupported(task.spec):
            raise ValueError(f"this estimator {reason}")
        self.policy, self.estimator, self.schedule, self.training = policy, estimator, schedule, training
        self.gradient_policy = gradient_policy or policy
        self.update = update or FirstOrder()
        if not self.update.by_optimiser and (schedule.gradient == "actor" or schedule.hogwild):
            raise ValueError("a natural gradient is searched along at the policy that it is the gradient of")
        self.compact = compact and self.update.by_optimiser and not policy.reads_text
        self.horizon = task.spec.horizon
        self.beta = estimator.kl.coefficient(task.beta) * training.reward_scale
        self.middle = task.scale.middle * training.reward_scale
        self._ends = factory if isinstance(factory := undelayed(task.factory), HasEnds) else None
        flat = policy.flat.values
        self.rate = rate[:, None].to(flat).repeat(1, flat.shape[1])
        self.rate[:, policy.critic_columns] *= training.critic_rate
        apart = training.clipped == "apart" and policy.critic is not None
        self._clipped = (policy.actor_columns, policy.critic_columns) if apart else (slice(None),)
        members = len(rate)
        self.optimiser = like(flat, training.optimiser.initial(flat))
        self.baseline = like(flat, estimator.baseline.initial(members, self.horizon))
        self.bonus = like(flat, estimator.entropy.initial(members))
        self.adaptive = AdaptiveParts(estimator, members, flat)
        remembers = remembering(self.update)
        self.memory = {} if remembers is None else like(flat, remembers.initial(flat))
        self.healthy = torch.ones(members, dtype=torch.bool, device=flat.device)
        self.diagnostics = Diagnostics(members, flat.device, flat[:, policy.actor_columns].shape[1])
        self._diagnosing = False  # whether the next steps are read for diagnostics
        self._first_step = False  # whether the next step is the first on its rollout
        self._exact_gradient: Tensor | None = None  # to compare the next step with [P, D]
        self._alpha: Tensor | None = None  # coefficient of the entropy bonus [P]
        self._rate_left: Tensor | None = None  # remaining share of the learning rate [P, 1], if it is annealed

    def learn(
        self,
        rollout: Rollout,
        shuffles: list[np.random.Generator],
        progress: Tensor | None = None,
        diagnosing: bool = False,
        exact_gradient: Tensor | None = None,
    ) -> None:
        """Take all steps on one rollout: schedule.epochs passes over schedule.minibatches.

        progress        spent share of the budget [P]
        diagnosing      whether the rollout and the steps are read for diagnostics
        exact_gradient  grad J [P, D], to compare the gradient of the first step with
        """
        self._diagnosing, self._first_step, self._exact_gradient = diagnosing, True, exact_gradient
        batch, of_members = self.prepare(rollout, progress)
        self.anneal(progress)
        parts = self.schedule.minibatches
        for _ in range(self.schedule.epochs):
            if parts == 1:
                self.step(batch, 1)
                batch = replace(batch, values=None)  # the parameters have changed
                continue
            orders = [rng.permutation(c) for rng, c in zip(shuffles, of_members, strict=True)]
            for k in range(parts):
                drawn = [order[k::parts] for order in orders]
                columns = padded_columns(drawn, batch.weight.device, not self.policy.reads_text)
                self.step(columns_of(batch, columns), parts)
        self.adaptive.follow_steps(self.policy, rollout)
        if self.estimator.entropy.bounded:
            self.bonus = self.estimator.entropy.update(entropy_share(rollout, self.policy.head.outputs), self.bonus)
        self._diagnosing, self._exact_gradient = False, None

    def anneal(self, progress: Tensor | None) -> None:
        """Let the learning rates fall with the spent share of the budget [P], if they are annealed."""
        if self.training.anneal and progress is not None:
            self._rate_left = (1 - self.training.anneal * progress).clamp(min=0)[:, None]

    def gradient(self, rollout: Rollout) -> Tensor:
        """The ascent direction of the first step on a whole rollout [P, D], before clipping; no step is taken."""
        batch, _ = self.prepare(rollout)
        self.descend(batch)
        return -self.policy.flat.gradient

    def prepare(self, rollout: Rollout, progress: Tensor | None = None) -> tuple[Batch, list[np.ndarray]]:
        """(the assessed rollout as rows to learn from, the columns of each member). Updates the baseline's state."""
        policy = self.gradient_policy
        if self.estimator.reads_current_logp:
            rollout = replace(rollout, current_logp=log_probabilities(policy, rollout))
        values, learned = values_of(policy, rollout, self.compact, self.schedule.minibatches == 1)
        signals = Signals(values)
        with torch.no_grad():
            paid = rewards_to_learn_from(self.estimator, rollout, self.beta)
            assessment, self.baseline = assess(self.adaptive.estimator, paid, signals, self.baseline)
            self.adaptive.follow_advantages(assessment, rollout)
            if self._diagnosing:
                right = self._right(rollout) if policy.reads_text else None
                self.diagnostics.add_rollout(rollout, signals, assessment, policy.head, right)
        if self.estimator.entropy.active:
            spent = torch.zeros(len(self.rate), device=self.rate.device) if progress is None else progress
            self._alpha = self.estimator.entropy(spent, self.bonus)
        episodes = self.policy.reads_text
        return rows_to_learn_from(self.estimator, rollout, assessment, self.horizon, episodes, learned)

    def _right(self, rollout: Rollout) -> Tensor:
        """[P, N] 1 for right texts, 0 for others: by their return or, if J* is unknown, by having an end. Else NaN."""
        returns = (rollout.reward * rollout.valid).sum(0)
        if self.middle == self.middle:
            return (returns > self.middle).float()
        if self._ends is None:
            return torch.full_like(returns, torch.nan)
        found = self._ends.ended(rollout.obs.flatten(1).T.cpu().numpy())
        return torch.from_numpy(found).to(returns).view_as(returns)

    def step(self, batch: Batch, parts: int) -> None:
        """Take one optimiser step on a batch that is one of `parts` equal shares of a rollout."""
        scale = self.estimator.scale
        if scale is not None and scale.each_minibatch:
            batch = replace(batch, advantage=scale.rows(batch.advantage, (batch.weight > 0).to(batch.weight)))
        logp = self.descend(batch, parts)
        if self._diagnosing:
            self._diagnose_step(batch, logp)
        self.update.step(self, batch)

    def descend(self, batch: Batch, parts: int = 1) -> Tensor:
        """Write the loss's gradient, times `parts`, to policy.flat.gradient; returns log pi of the rows."""
        flat = self.policy.flat
        if self.compact and not self._diagnosing:
            flat.gradient.zero_()
            self._descend_by_length(batch, parts)
            return batch.logp
        loss = self.loss(batch)
        parameters = list(self.gradient_policy.parameters())
        flat.set_gradient(torch.autograd.grad(loss.total.sum() * parts, parameters, allow_unused=True))
        return loss.logp.detach()

    def _descend_by_length(self, batch: Batch, parts: int) -> None:
        """Compute the same gradient in groups of members with similar numbers of rows."""
        columns = torch.arange(1, batch.weight.shape[2] + 1, device=batch.weight.device)
        lengths = ((batch.weight > 0).amax(0) * columns).amax(1).cpu().numpy()  # a member's rows come first
        everyone = self._objective()
        for places in group_by_length(lengths):
            objective = everyone.select_members(places)
            loss = objective.loss(select_members(batch, places, int(lengths[places].max())))
            (loss.total.sum() * parts).backward()  # type: ignore[no-untyped-call]
            self.policy.flat.gradient[torch.as_tensor(places)] = objective.policy.flat.gradient

    def apply(self) -> None:
        """Clip, freeze the members whose gradient is not finite, and descend along policy.flat.gradient."""
        flat = self.policy.flat
        for columns in self._clipped:
            norm = clip(flat.gradient[:, columns], self.training.max_grad_norm)
            self.healthy = self.healthy & torch.isfinite(norm)
        if not bool(self.healthy.all()):
            # a diverged member is frozen as the uniform policy, so NaN enters no step and no other member
            lost = ~self.healthy[:, None]
            flat.gradient.masked_fill_(lost, 0.0)
            flat.values.masked_fill_(lost, 0.0)
            self.rate = self.rate.masked_fill(lost, 0.0)
        rate = self.rate if self._rate_left is None else self.rate * self._rate_left
        self.training.optimiser.step(flat.values, flat.gradient, rate, self.optimiser)

    @property
    def discount(self) -> Number:
        """gamma, a number or a column [P, 1]."""
        return self.training.discount

    @property
    def value_coefficient(self) -> Number:
        """The factor of the critic's loss, a number or a column [P, 1]."""
        return self.training.value_coefficient

    def loss(self, batch: Batch) -> Loss:
        """The loss of all members on a batch (Objective.loss)."""
        return self._objective().loss(batch)

    def _objective(self) -> Objective:
        alpha = self._alpha if self.estimator.entropy.active else None
        return Objective(
            self.gradient_policy, self.adaptive.estimator, self.training.value_coefficient, alpha, self.beta
        )

    def _diagnose_step(self, batch: Batch, logp: Tensor) -> None:
        valid = (batch.weight > 0).to(batch.weight)
        part = valid.amax((0, 2))
        gradient, actor = self.policy.flat.gradient, self.policy.actor_columns
        self.diagnostics.add_step(gradient, actor, part, self._first_step, self._exact_gradient)
        self._first_step = False
        # else every ratio is 1
        if (self.schedule.stale or self.schedule.steps > 1) and not self.estimator.reads_current_logp:
            bounds = self.estimator.surrogate.bounds
            self.diagnostics.add_all(ratio_diagnostics(logp - batch.logp, batch.advantage, valid, bounds), part)

    def freeze_actor(self) -> None:
        """Train only the critic from now on."""
        self.rate[:, self.policy.actor_columns] = 0.0

    def freeze_diverged(self, healthy: Tensor) -> None:
        """Freeze the members that are not `healthy` [P], such as those that diverged in another process."""
        self.healthy = self.healthy & healthy

    def share(self, optimiser: PartState, healthy: Tensor | None = None) -> None:
        """Use these tensors as the optimiser's state and as `healthy`; several processes share their memory."""
        self.optimiser = optimiser
        if healthy is not None:
            self.healthy = healthy

    def tensors(self) -> dict[str, Tensor]:
        """The state that a resume needs, by name."""
        parts = {"optimiser": self.optimiser, "baseline": self.baseline, "bonus": self.bonus}
        parts |= self.adaptive.tensors() | {"memory": self.memory, "diagnostics": self.diagnostics.tensors()}
        return {"healthy": self.healthy, "rate": self.rate} | flatten_parts(parts)

    def member_axes(self) -> dict[str, int | None]:
        """The axis of the members in each of `tensors()`."""
        shared = set(self.training.optimiser.shared_state)
        axes: dict[str, Mapping[str, int | None]] = {
            "optimiser": {name: None if name in shared else 0 for name in self.optimiser},
            "baseline": dict.fromkeys(self.baseline, STATE_MEMBER_AXIS),
            "bonus": dict.fromkeys(self.bonus, 0),
            **self.adaptive.member_axes(),
            "memory": dict.fromkeys(self.memory, 0),
            "diagnostics": Diagnostics.MEMBER_AXES,
        }
        return {"healthy": 0, "rate": 0} | flatten_parts(axes)

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from `tensors()`."""
        self.healthy, self.rate = tensors["healthy"], tensors["rate"]
        self.optimiser, self.baseline = part_tensors("optimiser", tensors), part_tensors("baseline", tensors)
        self.bonus, self.memory = part_tensors("bonus", tensors), part_tensors("memory", tensors)
        self.adaptive.restore({part: part_tensors(part, tensors) for part in self.adaptive.tensors()})
        self.diagnostics.restore(part_tensors("diagnostics", tensors))
