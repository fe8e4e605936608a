"""PQN: Q-learning by a network, from the newest window of parallel environments alone. A value-based contrast."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from algorithms.algorithm import Methods, TrainingPlan
from algorithms.composition import Composition, Schedule
from algorithms.estimators.credit import lambda_return
from algorithms.estimators.loss import Loss
from algorithms.estimators.rollout import Batch, Rollout, flat_rows
from algorithms.policies.api import Memory, Net
from algorithms.policies.distributions import epsilon_greedy
from algorithms.policies.population import constant, orthogonal
from algorithms.references.trained_reference import COMPOSITION, TrainedReference
from algorithms.training.learner import Learner
from algorithms.training.run import Run
from algorithms.training_config import TrainingConfig, Unroll
from envs.api import Discrete, Features, Observation, Task
from envs.validation import UsageError, check_between, check_least


class NormedValues(nn.Module):
    """Q(s, .) [P, M, V] by hidden layers x <- relu(LayerNorm(x W + b)); its outputs are log pi(a|s) of epsilon-greedy.

    epsilon is initially 1 (the uniform policy), and a parameter of each member, so snapshots include it.
    """

    def __init__(self, sizes: list[int], gain: float, generators: list[torch.Generator]) -> None:
        super().__init__()
        members, pairs = len(generators), list(itertools.pairwise(sizes))
        gains = [2**0.5] * (len(pairs) - 1) + [gain]
        self.weights = nn.ParameterList(orthogonal(s, g, generators) for s, g in zip(pairs, gains, strict=True))
        self.biases = nn.ParameterList(constant(members, (1, out)) for _, out in pairs)
        self.scales = nn.ParameterList(constant(members, (1, out), 1.0) for _, out in pairs[:-1])
        self.shifts = nn.ParameterList(constant(members, (1, out)) for _, out in pairs[:-1])
        self.epsilon = constant(members, (1, 1), 1.0)

    def values(self, obs: Tensor) -> Tensor:
        """[P, M, F] -> [P, M, V]"""
        x = obs
        for weight, bias, scale, shift in zip(self.weights, self.biases, self.scales, self.shifts, strict=False):
            x = torch.baddbmm(bias, x, weight)
            x = torch.relu(functional.layer_norm(x, x.shape[-1:]) * scale + shift)
        return torch.baddbmm(self.biases[-1], x, self.weights[-1])

    def step(self, obs: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        return epsilon_greedy(self.values(obs), self.epsilon), None

    def forward(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        t, p, n, f = obs.shape
        out, _ = self.step(obs.transpose(0, 1).reshape(p, t * n, f), None)
        return out.reshape(p, t, n, -1).transpose(0, 1)


@dataclass(frozen=True)
class NormedNetwork:
    """Hidden layers of these widths with layer normalisation, for vectors."""

    hidden: tuple[int, ...] = (128, 128)

    def build(self, observation: Observation, outputs: int, gain: float, generators: list[torch.Generator]) -> Net:
        if not isinstance(observation, Features):
            raise ValueError(f"this network of action values reads vectors, not {type(observation).__name__}")
        return NormedValues([observation.size, *self.hidden, outputs], gain, generators)


@dataclass(frozen=True, kw_only=True)
class PQN(TrainedReference):
    """Q(lambda) without replay and without a target network (Gallici et al. 2025, arXiv 2407.04811, algorithm 1).

    y_t = r_t + gamma_t [(1 - l_t) max_a Q(s_{t+1}, a) + l_t y_{t+1}],   loss = 1/2 mean (Q(s_t, a_t) - y_t)^2

    l_t is lam where the episode goes on, and 0 at its end: a truncated row bootstraps from its own last state, a terminated
    one has gamma_t = 0. Traces are not cut at exploring actions (Peng's Q(lambda)).

    start, end, falling  epsilon falls linearly from start to end over this share of the budget, and stays there
    passes, minibatches  over a window, and steps in each      steps, envs  of a window
    rate                 of Adam (the source: RAdam), which falls to 0 over the budget
    """

    lam: float = 0.95
    start: float = 1.0
    end: float = 0.05
    falling: float = 0.2
    passes: int = 4
    minibatches: int = 4
    rate: float = 1e-3
    steps: int = 16
    envs: int = 8
    hidden: tuple[int, ...] = (128, 128)

    def __post_init__(self) -> None:
        check_between(
            lam=(self.lam, 0, 1), end=(self.end, 0, 1), start=(self.start, self.end, 1), falling=(self.falling, 0, 1)
        )
        check_least(passes=(self.passes, 1), minibatches=(self.minibatches, 1))
        if not self.rate > 0:
            raise UsageError(f"rate must be above 0, not {self.rate}")

    @property
    def methods(self) -> Methods:
        return Methods(own_rate=True, steps_per_update=self.passes * self.minibatches)

    @property
    def epochs(self) -> int:
        return self.passes

    def epsilon(self, progress: Tensor) -> Tensor:
        """epsilon after the spent share `progress` of the budget."""
        fallen = (progress / self.falling).clamp(0, 1) if self.falling else torch.ones_like(progress)
        return self.start + (self.end - self.start) * fallen

    def reason_unsupported(self, task: Task) -> str | None:
        """Why this task has no values of actions to list; None if it has."""
        if not isinstance(task.spec.action, Discrete):
            return "takes the action of the largest value, and continuous actions are not listed"
        if not isinstance(task.spec.observation, Features):
            return "reads vectors, and this task observes something else"
        return None

    def configure(self, training: TrainingConfig, task: Task) -> TrainingConfig:
        """The settings with its network, windows and rate, and the source's bound of the gradient."""
        return replace(
            training,
            network=NormedNetwork(self.hidden),
            collection=Unroll(self.steps, self.envs),
            learning_rate=self.rate,
            max_grad_norm=10.0,
            anneal=True,
        )

    def run(self, plan: TrainingPlan, device: str) -> Run:
        """A run with steps of regression instead of a policy gradient."""

        def learner(*parts: Any) -> ValueLearner:
            return ValueLearner(self, *parts)

        schedule = Schedule(epochs=self.passes, minibatches=self.minibatches)
        composition: Composition = replace(COMPOSITION, schedule=schedule)
        return Run(
            plan.task, composition, plan.training, plan.members, plan.env_steps, plan.evaluation, device, learner
        )


class ValueLearner(Learner):
    """A learner whose loss is the regression of Q on its own lambda-returns."""

    diagnoses = False

    def __init__(self, q: PQN, *parts: Any) -> None:
        super().__init__(*parts)
        self._q = q

    @property
    def net(self) -> NormedValues:
        """The values of the population. ValueError if the policy is none of values."""
        if not isinstance(self.policy.actor, NormedValues):
            raise ValueError(f"PQN needs a network of action values, not a {type(self.policy.actor).__name__}")
        return self.policy.actor

    def learn(
        self,
        rollout: Rollout,
        shuffles: list[np.random.Generator],
        progress: Tensor | None = None,
        diagnosing: bool = False,
        exact_gradient: Tensor | None = None,
    ) -> None:
        """Take all steps on a window, then set epsilon for `progress` [P]."""
        assert progress is not None
        super().learn(rollout, shuffles, progress)
        with torch.no_grad():
            self.net.epsilon.copy_(self._q.epsilon(progress)[:, None, None])

    @torch.no_grad()
    def prepare(self, rollout: Rollout, progress: Tensor | None = None) -> tuple[Batch, list[np.ndarray]]:
        """(all rows with their targets, the columns of each member); rows that are not valid weigh nothing.

        Members keep the rows that they have alone, valid or not, so that a product has the same shape for all.
        """
        steps, members, envs = rollout.valid.shape
        weight = rollout.valid / rollout.valid.sum((0, 2), keepdim=True).clamp(min=1)
        target = lambda_return(rollout, self.best(rollout.obs), self._q.lam)
        rows: Iterator[Tensor] = map(flat_rows, (rollout.obs[:steps], rollout.action, rollout.logp, target, weight))
        obs, action, logp, target, weight = rows
        batch = Batch(obs, action, logp, None, torch.zeros_like(target), target, weight)
        return batch, [np.arange(steps * envs)] * members

    def best(self, obs: Tensor) -> Tensor:
        """max_a Q [T+1, P, N] of observations [T+1, P, N, F]."""
        t, p, n, _ = obs.shape
        values: Tensor = self.net.values(flat_rows(obs)[0]).amax(-1)
        return values.reshape(p, t, n).transpose(0, 1)

    def loss(self, batch: Batch) -> Loss:
        """1/2 of the weighted mean of (Q(s, a) - y)^2 for each member."""
        assert batch.target is not None
        chosen = self.net.values(batch.obs[0]).gather(-1, batch.action[0, ..., None])[..., 0]
        total = 0.5 * (batch.weight[0] * (chosen - batch.target[0]) ** 2).sum(1)
        return Loss(total, total, batch.logp)
