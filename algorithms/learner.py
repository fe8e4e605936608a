"""The policy gradient, once: a rollout is assessed, the assessment becomes a loss for each member, the loss a step."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from algorithms.composition import Schedule, Update
from algorithms.diagnostics import Diagnostics, entropy_share, explained_variance, of_ratio, of_texts
from algorithms.estimators.estimator import Assessment, Estimator, OffPolicyCredit, Signals
from algorithms.estimators.rollout import (
    Batch,
    Rollout,
    alike,
    columns_of,
    flat_rows,
    padded_columns,
    part_of,
    select,
    valid_columns,
)
from algorithms.heads import Categorical
from algorithms.kl import KL
from algorithms.natural import Natural, natural_step
from algorithms.policies.actor_critic import ActorCritic
from algorithms.population import clip
from algorithms.setting import Training
from algorithms.tunable import Number, narrowed, row
from envs.api import Task

State = dict[str, Tensor]
DENSE = 0.8  # share of useful rows above which gathering them costs more than computing the others too


def assess(estimator: Estimator, rollout: Rollout, signals: Signals, baseline_state: State) -> tuple[Assessment, State]:
    """A_t = q_t - b_t, corrected and scaled as declared, 0 on rows that are not valid; and the critic's target, q_t unless
    the credit has another.

    Means and deviations are taken inside a member (or a group), never across members.
    """
    q = estimator.credit(rollout, signals.values)
    b, baseline_state = estimator.baseline(q, rollout, signals.values, baseline_state)
    advantage = (q - b) * rollout.valid
    if estimator.correction is not None:
        advantage = advantage * estimator.correction(rollout.log_ratio, rollout.valid)
    if estimator.scale is not None and not estimator.scale.each_minibatch:
        advantage = estimator.scale(advantage, q, rollout)
    if not estimator.baseline.critic:
        return Assessment(advantage, None), baseline_state
    credit = estimator.credit
    if isinstance(credit, OffPolicyCredit):
        assert signals.values is not None
        return Assessment(advantage, credit.target(rollout, signals.values)), baseline_state
    return Assessment(advantage, q), baseline_state


def penalised(kl: KL, rollout: Rollout, beta: float) -> Rollout:
    """The rollout with r_t - beta k(log pi - log ref) as its rewards, where the KL belongs into the reward.

    The log-probabilities are numbers here; with k1 the score function's gradient of this return is that of J, since
    E[grad log pi] = 0.
    """
    if not beta or kl.place != "reward" or rollout.reference is None:
        return rollout
    paid = beta * kl.estimate(rollout.logp - rollout.reference, rollout.valid)
    return replace(rollout, reward=rollout.reward - paid)


def row_weights(estimator: Estimator, rollout: Rollout, horizon: int) -> Tensor:
    """[T, P, N], on valid rows: 1/N (episode), 1/(N horizon) (constant), 1/(rows of the member) (token), 1/(N rows of the
    episode) (sequence).

    A sequence is a column of the rollout: with Unroll a window, not an episode.
    """
    valid, envs = rollout.valid, rollout.valid.shape[2]
    if estimator.aggregation == "episode":
        return valid / envs
    if estimator.aggregation == "constant":
        return valid / (envs * horizon)
    if estimator.aggregation == "sequence":
        return valid / (valid.sum(0, keepdim=True).clamp(min=1) * envs)
    return valid / valid.sum((0, 2), keepdim=True).clamp(min=1)


class Objective(NamedTuple):
    """What some members descend.

    alpha  of the entropy bonus [P], where there is one     beta  of the KL to the task's reference
    """

    policy: ActorCritic
    estimator: Estimator
    value_coefficient: Number
    alpha: Tensor | None
    beta: float

    def at(self, places: np.ndarray) -> Objective:
        """Of the members at these places, on a copy of their policies."""
        coefficient, alpha = self.value_coefficient, self.alpha
        return Objective(
            self.policy.part(places),
            narrowed(self.estimator, places),
            coefficient[places] if isinstance(coefficient, Tensor) else coefficient,
            None if alpha is None else alpha[places],
            self.beta,
        )

    def loss(self, batch: Batch) -> Loss:
        """-E[L(pi, mu, A) - beta KL (where it stands in the loss) + alpha H] + critic regression."""
        rows = len(batch.weight)
        out = self.policy.outputs(batch.obs, batch.action_mask, rows)
        head, estimator = self.policy.head, self.estimator
        valid = (batch.weight > 0).to(batch.weight)
        if self.alpha is not None:
            logp, entropy = head.log_prob_entropy(out, batch.action)
            objective = estimator.surrogate(logp, batch.logp, batch.advantage, valid)
            objective = objective + self.alpha[:, None].to(entropy) * entropy
        else:
            logp = head.log_prob(out, batch.action)
            objective = estimator.surrogate(logp, batch.logp, batch.advantage, valid)
        if self.beta and batch.reference is not None:
            objective = objective - self.beta * estimator.kl.estimate(logp - batch.reference, valid)
        total = actor = -(batch.weight * objective).sum((0, 2))
        if batch.target is not None:
            error = self.policy.values(batch.obs, rows) - batch.target
            total = total + row(self.value_coefficient) * (batch.weight * error * error).sum((0, 2))
        return Loss(total, actor, logp)


class Loss(NamedTuple):
    """What descends and the actor's part of it, one number a member [P]; log pi(a_t|s_t) of the rows on the way."""

    total: Tensor
    actor: Tensor
    logp: Tensor


def _on(device: torch.device, state: State) -> State:
    return {name: value.to(device) for name, value in state.items()}


class Learner:
    """Assessment, loss and steps for one population; its state dictionaries are what a resume needs.

    beta      coefficient of the KL to the task's reference, in units of the scaled reward
    watching  whether the next rollout's diagnostics are read
    source    whose gradient is taken: the policy itself, or a copy of it as it was (Schedule.gradient)
    truth     the exact gradient [P, D], where the next first step is to be compared with it
    right     the return above which a text counts as right
    lean      members with few rows are not padded to the longest: for features, whose rollouts differ in length
    """

    diagnoses: ClassVar[bool] = True  # compares a first step with the exact gradient

    def __init__(
        self,
        policy: ActorCritic,
        estimator: Estimator,
        schedule: Schedule,
        training: Training,
        rate: Tensor,
        task: Task,
        update: Update | None = None,
        lean: bool = False,
    ) -> None:
        if reason := estimator.unfit(task.spec):
            raise ValueError(f"this estimator {reason}")
        self.policy, self.estimator, self.schedule, self.training = policy, estimator, schedule, training
        self.source = policy
        self.natural = update if isinstance(update, Natural) else None
        if self.natural is not None and (schedule.gradient == "actor" or schedule.hogwild):
            raise ValueError("a natural gradient is searched along at the policy that it is the gradient of")
        self.lean = lean and self.natural is None and not policy.reads_text
        self.horizon = task.spec.horizon
        self.beta = estimator.kl.coefficient(task.beta) * training.reward_scale
        self.right = task.scale.middle
        flat = policy.flat.values
        self.rate = rate[:, None].to(flat).repeat(1, flat.shape[1])  # [P, D]
        self.rate[:, policy.critic_columns] *= training.critic_rate
        apart = training.clipped == "apart" and policy.critic is not None
        self._clipped = (policy.actor_columns, policy.critic_columns) if apart else (slice(None),)
        members = len(rate)
        self.optimiser = _on(flat.device, training.optimiser.initial(flat))
        self.baseline = _on(flat.device, estimator.baseline.initial(members, self.horizon))
        self.bonus = _on(flat.device, estimator.entropy.initial(members))
        self.healthy = torch.ones(members, dtype=torch.bool, device=flat.device)
        self.diagnostics = Diagnostics(members, flat.device, flat[:, policy.actor_columns].shape[1])
        self.watching = False
        self._first = False  # whether the next step is the first on its rollout
        self.truth: Tensor | None = None
        self._alpha: Tensor | None = None  # of the entropy bonus, [P]
        self._left: Tensor | None = None  # share of the learning rate [P], where it falls

    def learn(self, rollout: Rollout, shuffles: list[np.random.Generator], progress: Tensor | None = None) -> None:
        """All steps on one rollout: schedule.epochs passes over schedule.minibatches. `progress` [P]: budget spent."""
        batch, columns = self._assessed(rollout, progress)
        if self.training.anneal and progress is not None:
            self._left = (1 - self.training.anneal * progress).clamp(min=0)[:, None]
        parts, self._first = self.schedule.minibatches, True
        for _ in range(self.schedule.epochs):
            if parts == 1:
                self.step(batch, 1)
                continue
            orders = [rng.permutation(c) for rng, c in zip(shuffles, columns, strict=True)]
            for k in range(parts):
                index, keep = padded_columns([order[k::parts] for order in orders], batch.weight.device)
                self.step(columns_of(batch, index, keep), parts)
        if self.estimator.entropy.bounded:
            self.bonus = self.estimator.entropy.update(entropy_share(rollout, self.policy.head.outputs), self.bonus)

    def gradient(self, rollout: Rollout) -> Tensor:
        """The direction of the first step on a rollout taken whole [P, D], before clipping and the optimiser; no step."""
        batch, _ = self._assessed(rollout, None)
        self.descend(batch)
        return -self.policy.flat.gradient

    def _assessed(self, rollout: Rollout, progress: Tensor | None) -> tuple[Batch, list[np.ndarray]]:
        """The rollout judged once, as rows to learn from; moves the baseline's state on."""
        if self.estimator.reads_now:
            rollout = replace(rollout, now=self._log_probabilities(rollout))
        signals = Signals(self._values(rollout) if self.source.critic is not None else None)
        with torch.no_grad():
            paid = penalised(self.estimator.kl, rollout, self.beta)
            assessment, self.baseline = assess(self.estimator, paid, signals, self.baseline)
            if self.watching:
                self._watch_rollout(rollout, signals, assessment)
        if self.estimator.entropy.active:
            spent = torch.zeros(len(self.rate), device=self.rate.device) if progress is None else progress
            self._alpha = self.estimator.entropy(spent, self.bonus)
        return self._batch(rollout, assessment)

    def descend(self, batch: Batch, parts: int = 1) -> Tensor:
        """Leaves the loss's gradient, times `parts`, in policy.flat.gradient; log pi of the rows."""
        self.policy.flat.gradient.zero_()
        if self.lean and not self.watching:
            self._descend_apart(batch, parts)
            return batch.logp
        if self.source is not self.policy:
            self.source.flat.gradient.zero_()
        loss = self.loss(batch)
        (loss.total.sum() * parts).backward()  # type: ignore[no-untyped-call]
        if self.source is not self.policy:
            self.policy.flat.gradient.copy_(self.source.flat.gradient)
        return loss.logp.detach()

    def _descend_apart(self, batch: Batch, parts: int) -> None:
        """The same gradient, group by group of members with about as many rows."""
        columns = torch.arange(1, batch.weight.shape[2] + 1, device=batch.weight.device)
        lengths = ((batch.weight > 0).amax(0) * columns).amax(1).cpu().numpy()  # a member's rows come first
        whole = self._objective()
        for places in alike(lengths):
            objective = whole.at(places)
            loss = objective.loss(part_of(batch, places, int(lengths[places].max())))
            (loss.total.sum() * parts).backward()  # type: ignore[no-untyped-call]
            self.policy.flat.gradient[torch.as_tensor(places)] = objective.policy.flat.gradient

    def step(self, batch: Batch, parts: int) -> None:
        """One optimiser step on a batch that is one of `parts` equal shares of a rollout."""
        scale = self.estimator.scale
        if scale is not None and scale.each_minibatch:
            batch = replace(batch, advantage=scale.rows(batch.advantage, (batch.weight > 0).to(batch.weight)))
        logp = self.descend(batch, parts)
        if self.watching:
            self._watch_step(batch, logp)
        if self.natural is None:
            self.apply()
            return
        actors = self.policy.flat.gradient[:, self.policy.actor_columns]
        g = -actors
        self.healthy = self.healthy & torch.isfinite(g).all(1)
        actors.zero_()
        self.apply()  # the critic; Adam leaves what never has a gradient where it is
        g = torch.where(self.healthy[:, None], g, 0.0)
        natural_step(self.natural, self.policy, batch, g, lambda: self.loss(batch).actor)

    def _watch_rollout(self, rollout: Rollout, signals: Signals, assessment: Assessment) -> None:
        notes, began = self.diagnostics, rollout.valid.amax((0, 2))  # who took part [P]
        if isinstance(self.policy.head, Categorical):
            notes.add("entropy_share", entropy_share(rollout, self.policy.head.outputs), began)
        if signals.values is not None and assessment.target is not None:
            values = signals.values[: len(rollout.valid)]
            notes.add("explained_variance", explained_variance(values, assessment.target, rollout.valid), began)
        if rollout.now is not None:  # how far the data are from the policy; its own steps on them do not count
            stale = of_ratio(rollout.log_ratio, assessment.advantage, rollout.valid, None)
            for name, value in stale.items():
                notes.add(name, value, began)
        if self.policy.reads_text:
            for name, (value, weight) in of_texts(rollout, self.right).items():
                notes.add(name, value, weight)

    def _watch_step(self, batch: Batch, logp: Tensor) -> None:
        valid = (batch.weight > 0).to(batch.weight)
        part = valid.amax((0, 2))
        gradient, actor = self.policy.flat.gradient, self.policy.actor_columns
        self.diagnostics.add("gradient_norm", gradient.norm(dim=1), part)
        if self._first:
            self.diagnostics.add_gradient(gradient[:, actor], part)
            self._first = False
        if self.truth is not None:
            cosine = functional.cosine_similarity(-gradient[:, actor], self.truth[:, actor])
            self.diagnostics.add("gradient_cosine", cosine, part)
            self.truth = None
        # else every ratio is 1
        if (self.schedule.stale or self.schedule.steps > 1) and not self.estimator.reads_now:
            for name, value in of_ratio(
                logp - batch.logp, batch.advantage, valid, self.estimator.surrogate.bounds
            ).items():
                self.diagnostics.add(name, value, part)

    def apply(self) -> None:
        """Clip, freeze the members whose gradient is not finite, and descend along policy.flat.gradient."""
        flat = self.policy.flat
        for columns in self._clipped:
            norm = clip(flat.gradient[:, columns], self.training.max_grad_norm)
            self.healthy = self.healthy & torch.isfinite(norm)
        if not bool(self.healthy.all()):
            # a diverged member is frozen as the uniform policy: no step ever takes NaN, nobody else notices
            lost = ~self.healthy[:, None]
            flat.gradient.masked_fill_(lost, 0.0)
            flat.values.masked_fill_(lost, 0.0)
            self.rate = self.rate.masked_fill(lost, 0.0)
        rate = self.rate if self._left is None else self.rate * self._left
        self.training.optimiser.step(flat.values, flat.gradient, rate, self.optimiser)

    def loss(self, batch: Batch) -> Loss:
        """Of all members on a batch (Objective.loss)."""
        return self._objective().loss(batch)

    def _objective(self) -> Objective:
        active = self.estimator.entropy.active
        coefficient = self.training.value_coefficient
        return Objective(self.source, self.estimator, coefficient, self._alpha if active else None, self.beta)

    @torch.no_grad()
    def _log_probabilities(self, rollout: Rollout) -> Tensor:
        """log pi(a_t|s_t) of the rollout under the policy as it is [T, P, N]."""
        steps = len(rollout.valid)
        obs = rollout.obs if self.policy.reads_text else rollout.obs[:steps]
        return self.source.head.log_prob(self.source.outputs(obs, rollout.action_mask, steps), rollout.action)

    @torch.no_grad()
    def _values(self, rollout: Rollout) -> Tensor:
        """V [T+1, P, N], computed only where a valid row reads it (its own observation and the one it ended on)."""
        steps = len(rollout.valid)
        if self.policy.reads_text:
            return self.source.values(rollout.obs, steps + 1)
        needed = torch.zeros_like(rollout.valid[:1]).repeat(steps + 1, 1, 1)
        needed[:-1] += rollout.valid
        needed[1:] += rollout.valid
        if float(needed.count_nonzero()) > DENSE * needed.numel():
            return self.source.values(rollout.obs, steps + 1)
        ragged = valid_columns(needed)
        columns, keep = padded_columns(ragged, needed.device)
        rows = select(flat_rows(rollout.obs), columns)
        if self.lean:
            compact = self.policy.flat.values.new_zeros(keep.shape)
            lengths = np.array([len(c) for c in ragged])
            for places in alike(lengths):
                longest = int(lengths[places].max())
                compact[places, :longest] = self.source.part(places).values(rows[:, places, :longest], 1)[0]
        else:
            compact = self.source.values(rows, 1)[0]  # [P, M]
        p, n = needed.shape[1:]
        values = compact.new_zeros(p, (steps + 1) * n).scatter_add_(1, columns, compact * keep)
        return values.reshape(p, steps + 1, n).transpose(0, 1)

    def _batch(self, rollout: Rollout, assessment: Assessment) -> tuple[Batch, list[np.ndarray]]:
        """The rollout as rows to learn from, and each member's columns that minibatches are drawn from."""
        weight = row_weights(self.estimator, rollout, self.horizon)
        batch = Batch(
            rollout.obs,
            rollout.action,
            rollout.logp if self.estimator.correction is None or rollout.now is None else rollout.now,
            rollout.action_mask,
            assessment.advantage,
            assessment.target,
            weight,
            rollout.reference if self.estimator.kl.place == "loss" else None,
        )
        members, envs = rollout.valid.shape[1:]
        if self.policy.reads_text:
            return batch, [np.arange(envs)] * members
        flat = Batch(*(None if x is None else flat_rows(x[: len(weight)]) for x in vars(batch).values()))  # type: ignore[arg-type]
        columns = valid_columns(rollout.valid)
        if sum(map(len, columns)) > DENSE * weight.numel():
            return flat, columns
        index, keep = padded_columns(columns, weight.device)
        return columns_of(flat, index, keep), [np.arange(len(c)) for c in columns]
