"""The policy gradient, once: a rollout is assessed, the assessment becomes a loss for each member, the loss a step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from algorithms.policies.actor_critic import ActorCritic
from algorithms.population import clip_and_check
from algorithms.setting import Training
from algorithms.types import Assessment, Estimator, Rollout, Schedule, Signals

State = dict[str, Tensor]
DENSE = 0.8  # share of useful rows above which gathering them costs more than computing the others too


@dataclass(frozen=True)
class Batch:
    """The rows a loss is computed on: for features one row a sample (T = 1), for transcripts whole episodes.

    weight is 0 on rows nobody may learn from and carries the aggregation: losses are sums of weight times row.
    """

    obs: Tensor  # [1, P, M, F] or [L, P, N]
    action: Tensor  # [T, P, N, ...]
    logp: Tensor
    action_mask: Tensor | None
    advantage: Tensor
    target: Tensor | None
    weight: Tensor


def assess(estimator: Estimator, rollout: Rollout, signals: Signals, baseline_state: State) -> tuple[Assessment, State]:
    """A_t = q_t - b_t, scaled as declared, 0 on rows that are not valid; and the critic's target q_t.

    Means and deviations are taken inside a member (or a group), never across members.
    """
    q = estimator.credit(rollout, signals.values)
    b, baseline_state = estimator.baseline(q, rollout, signals.values, baseline_state)
    advantage = (q - b) * rollout.valid
    if estimator.scale != "none":
        advantage = advantage / _deviation(estimator.scale, advantage, rollout)
    target = q if estimator.baseline.critic else None
    return Assessment(advantage, target), baseline_state


def _deviation(scale: str, advantage: Tensor, rollout: Rollout) -> Tensor:
    """sqrt of the variance over valid rows of a member ("member") or of a group ("group"), plus 1e-8."""
    t, p, n = advantage.shape
    g = n if scale == "member" else rollout.group
    a, valid = (x.reshape(t, p, n // g, g) for x in (advantage, rollout.valid))
    count = valid.sum((0, 3), keepdim=True).clamp(min=1)
    mean = (a * valid).sum((0, 3), keepdim=True) / count
    deviation = (((a - mean) ** 2 * valid).sum((0, 3), keepdim=True) / count).sqrt() + 1e-8
    return deviation.expand(t, p, n // g, g).reshape(t, p, n)


def row_weights(estimator: Estimator, rollout: Rollout) -> Tensor:
    """[T, P, N], on valid rows: 1/N (episode), 1/(rows of the member) (token), 1/(N rows of the episode) (sequence).

    A sequence is a column of the rollout: with Unroll a window, not an episode.
    """
    if estimator.aggregation == "episode":
        return rollout.valid / rollout.valid.shape[2]
    if estimator.aggregation == "sequence":
        return rollout.valid / (rollout.valid.sum(0, keepdim=True).clamp(min=1) * rollout.valid.shape[2])
    return rollout.valid / rollout.valid.sum((0, 2), keepdim=True).clamp(min=1)


def select(x: Tensor, index: Tensor) -> Tensor:
    """x [T, P, N, ...] at each member's columns index [P, M] -> [T, P, M, ...]."""
    members = torch.arange(x.shape[1], device=x.device)[:, None]
    return x[:, members, index]


def padded_columns(columns: list[np.ndarray], device: torch.device) -> tuple[Tensor, Tensor]:
    """Ragged column lists as index [P, M] (filled with 0) and keep [P, M] (0 where filled)."""
    longest = max(1, *(len(c) for c in columns))
    index = np.zeros((len(columns), longest), np.int64)
    keep = np.zeros((len(columns), longest), np.float32)
    for p, c in enumerate(columns):
        index[p, : len(c)], keep[p, : len(c)] = c, 1.0
    return torch.from_numpy(index).to(device), torch.from_numpy(keep).to(device)


def valid_columns(valid: Tensor) -> list[np.ndarray]:
    """Per member, the flat positions t N + n of its valid rows."""
    t, p, n = valid.shape
    flat = valid.transpose(0, 1).reshape(p, t * n).cpu().numpy() > 0
    return [np.flatnonzero(row) for row in flat]


class Learner:
    """Assessment, loss and steps for one population; its state dictionary is what a resume needs."""

    def __init__(
        self,
        policy: ActorCritic,
        estimator: Estimator,
        schedule: Schedule,
        training: Training,
        rate: Tensor,
        horizon: int,
    ) -> None:
        self.policy, self.estimator, self.schedule, self.training = policy, estimator, schedule, training
        self.rate = rate[:, None].to(policy.flat.values).repeat(1, policy.flat.values.shape[1])  # [P, D]
        self.rate[:, policy.critic_columns] *= training.critic_rate
        device = policy.flat.values.device
        self.optimiser: State = {k: v.to(device) for k, v in training.optimiser.initial(policy.flat.values).items()}
        members = len(rate)
        self.baseline: State = {k: v.to(device) for k, v in estimator.baseline.initial(members, horizon).items()}
        self.healthy = torch.ones(members, dtype=torch.bool, device=device)

    def learn(self, rollout: Rollout, shuffles: list[np.random.Generator]) -> None:
        """All steps on one rollout: schedule.epochs passes over schedule.minibatches."""
        batch, columns = self._assessed(rollout)
        parts = self.schedule.minibatches
        for _ in range(self.schedule.epochs):
            if parts == 1:
                self.step(batch, 1)
                continue
            orders = [rng.permutation(c) for rng, c in zip(shuffles, columns, strict=True)]
            for k in range(parts):
                index, keep = padded_columns([order[k::parts] for order in orders], batch.weight.device)
                self.step(_columns_of(batch, index, keep), parts)

    def gradient(self, rollout: Rollout) -> Tensor:
        """The direction of the first step on a rollout taken whole [P, D], before clipping and the optimiser; no step."""
        batch, _ = self._assessed(rollout)
        self.policy.flat.gradient.zero_()
        self.loss(batch).sum().backward()  # type: ignore[no-untyped-call]
        return -self.policy.flat.gradient

    def _assessed(self, rollout: Rollout) -> tuple[Batch, list[np.ndarray]]:
        """The rollout judged once, as rows to learn from; moves the baseline's state on."""
        signals = Signals(self._values(rollout) if self.policy.critic is not None else None)
        with torch.no_grad():
            assessment, self.baseline = assess(self.estimator, rollout, signals, self.baseline)
        return self._batch(rollout, assessment)

    def step(self, batch: Batch, parts: int) -> None:
        """One optimiser step on a batch that is one of `parts` equal shares of a rollout."""
        self.policy.flat.gradient.zero_()
        (self.loss(batch).sum() * parts).backward()  # type: ignore[no-untyped-call]
        self.apply()

    def apply(self) -> None:
        """Clip, freeze the members whose gradient is not finite, and descend along policy.flat.gradient."""
        flat = self.policy.flat
        self.healthy = self.healthy & clip_and_check(flat.gradient, self.training.max_grad_norm)
        if not bool(self.healthy.all()):
            # a diverged member is frozen as the uniform policy: no step ever takes NaN, nobody else notices
            lost = ~self.healthy[:, None]
            flat.gradient.masked_fill_(lost, 0.0)
            flat.values.masked_fill_(lost, 0.0)
            self.rate = self.rate.masked_fill(lost, 0.0)
        self.training.optimiser.step(flat.values, flat.gradient, self.rate, self.optimiser)

    def loss(self, batch: Batch) -> Tensor:
        """-E[L(pi, mu, A)] - entropy bonus + critic regression, one number a member [P]."""
        rows = len(batch.weight)
        out = self.policy.outputs(batch.obs, batch.action_mask, rows)
        head = self.policy.head
        if self.estimator.entropy:
            logp, entropy = head.log_prob_entropy(out, batch.action)
            objective = self.estimator.surrogate(logp, batch.logp, batch.advantage) + self.estimator.entropy * entropy
        else:
            logp = head.log_prob(out, batch.action)
            objective = self.estimator.surrogate(logp, batch.logp, batch.advantage)
        loss = -(batch.weight * objective).sum((0, 2))
        if batch.target is not None:
            error = self.policy.values(batch.obs, rows) - batch.target
            loss = loss + self.training.value_coefficient * (batch.weight * error * error).sum((0, 2))
        return loss

    @torch.no_grad()
    def _values(self, rollout: Rollout) -> Tensor:
        """V [T+1, P, N], computed only where a valid row reads it (its own observation and the one it ended on)."""
        steps = len(rollout.valid)
        if self.policy.reads_text:
            return self.policy.values(rollout.obs, steps + 1)
        needed = torch.zeros_like(rollout.valid[:1]).repeat(steps + 1, 1, 1)
        needed[:-1] += rollout.valid
        needed[1:] += rollout.valid
        if float(needed.count_nonzero()) > DENSE * needed.numel():
            return self.policy.values(rollout.obs, steps + 1)
        columns, keep = padded_columns(valid_columns(needed), needed.device)
        compact = self.policy.values(select(_flat_rows(rollout.obs), columns), 1)[0]  # [P, M]
        p, n = needed.shape[1:]
        values = compact.new_zeros(p, (steps + 1) * n).scatter_add_(1, columns, compact * keep)
        return values.reshape(p, steps + 1, n).transpose(0, 1)

    def _batch(self, rollout: Rollout, assessment: Assessment) -> tuple[Batch, list[np.ndarray]]:
        """The rollout as rows to learn from, and each member's columns that minibatches are drawn from."""
        weight = row_weights(self.estimator, rollout)
        batch = Batch(
            rollout.obs,
            rollout.action,
            rollout.logp,
            rollout.action_mask,
            assessment.advantage,
            assessment.target,
            weight,
        )
        members, envs = rollout.valid.shape[1:]
        if self.policy.reads_text:
            return batch, [np.arange(envs)] * members
        flat = Batch(*(None if x is None else _flat_rows(x[: len(weight)]) for x in vars(batch).values()))  # type: ignore[arg-type]
        columns = valid_columns(rollout.valid)
        if sum(map(len, columns)) > DENSE * weight.numel():
            return flat, columns
        index, keep = padded_columns(columns, weight.device)
        return _columns_of(flat, index, keep), [np.arange(len(c)) for c in columns]


def _flat_rows(x: Tensor) -> Tensor:
    """[T, P, N, ...] -> [1, P, T N, ...]"""
    t, p, n = x.shape[:3]
    return x.transpose(0, 1).reshape(1, p, t * n, *x.shape[3:])


def _columns_of(batch: Batch, index: Tensor, keep: Tensor) -> Batch:
    """The batch at columns index [P, M]; filled columns weigh nothing."""
    picked = Batch(*(None if x is None else select(x, index) for x in vars(batch).values()))  # type: ignore[arg-type]
    return replace(picked, weight=picked.weight * keep)
