"""Tabular Q-learning, a value-based reference: an action value for each information state, and no policy gradient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from algorithms.algorithm import Methods, TrainingPlan
from algorithms.estimators.rollout import Rollout
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.distributions import ILLEGAL
from algorithms.references.epsilon_greedy import EpsilonGreedy, EpsilonGreedyNet
from algorithms.references.trained_reference import COMPOSITION, TrainedReference
from algorithms.training.learner import Learner
from algorithms.training.returns.exact_return import reason_not_enumerable, text_mdp
from algorithms.training.run import Run
from algorithms.training_config import Episodes, TrainingConfig
from envs.api import Floats, Ints, Task, Transcript


@dataclass(frozen=True, kw_only=True)
class QLearning(TrainedReference):
    """epsilon falls linearly from `start` to `end` over the budget. The step size of the n-th visit is rate / n^omega.

    With omega in (1/2, 1] the values converge if every action is tried infinitely often (Watkins and Dayan 1992; the
    choice of omega: Even-Dar and Mansour 2003). omega 0 is a constant step size.
    """

    start: float = 1.0
    end: float = 0.0
    omega: float = 0.8

    methods = Methods(own_rate=True, steps_per_update=1)

    def __post_init__(self) -> None:
        if not (0 <= self.end <= self.start <= 1 and 0 <= self.omega <= 1):
            raise ValueError(f"needs 0 <= end <= start <= 1 and omega in [0, 1], not {self}")

    def epsilon(self, progress: Tensor) -> Tensor:
        """epsilon after the spent share `progress` of the budget."""
        return self.start + (self.end - self.start) * progress.clamp(0, 1)

    def reason_unsupported(self, task: Task) -> str | None:
        """Why this task has no table; None if it has one."""
        if text_mdp(task) is None:
            return "keeps a table of states, and this task observes vectors"
        if reason := reason_not_enumerable(task):
            return f"keeps a table of states, and {reason}"
        if task.beta:
            return "learns from rewards alone, and J of this task counts a KL"
        return None

    def configure(self, training: TrainingConfig, task: Task) -> TrainingConfig:
        """The settings with a table of values, and a rate of 1 for the first visit."""
        training = replace(training, learning_rate=1.0, reward_scale=1.0, collection=Episodes(envs=8))
        mdp = text_mdp(task)
        return training if mdp is None else replace(training, network=EpsilonGreedy(mdp))

    def run(self, plan: TrainingPlan, device: str) -> Run:
        """A run with backups instead of gradient steps."""

        def learner(*parts: Any) -> TableLearner:
            return TableLearner(self, *parts)

        members, budget = plan.members, plan.env_steps
        return Run(plan.task, COMPOSITION, plan.training, members, budget, plan.evaluation, device, learner)


class TableLearner(Learner):
    """A learner that updates a table by backups from a rollout."""

    diagnoses = False

    def __init__(self, q: QLearning, *parts: Any) -> None:
        super().__init__(*parts)
        self._q = q

    def learn(
        self,
        rollout: Rollout,
        shuffles: list[np.random.Generator],
        progress: Tensor | None = None,
        diagnosing: bool = False,
        exact_gradient: Tensor | None = None,
    ) -> None:
        """Make one pass over the rollout; `progress` [P] is the spent share of the budget."""
        assert progress is not None
        back_up_rollout(self._q, self.policy, rollout, self.rate[:, 0], progress)


@torch.no_grad()
def back_up_rollout(q: QLearning, policy: ActorCritic, rollout: Rollout, rate: Tensor, progress: Tensor) -> None:
    """Q(s_t, a_t) += rate / n^omega (r_t + discount_t max_a Q(s_{t+1}, a) - Q(s_t, a_t)) for every valid row, in the order
    of play (within a step: environment by environment). Then epsilon is set for `progress` [P].

    rate  [P]     ValueError if the policy is not a table of values
    """
    net, observation = policy.actor, policy.observation
    if not isinstance(net, EpsilonGreedyNet) or not isinstance(observation, Transcript):
        raise ValueError(f"Q-learning needs a table of values (EpsilonGreedy), not {type(net).__name__}")
    places = net.places(rollout.obs, observation.action_position[: len(rollout.valid) + 1])  # [T+1, P, N]
    if rollout.action_mask is not None:
        t, p, n = (rollout.valid > 0).nonzero(as_tuple=True)
        at = places[t, p, n]
        net.table.data[p, at] = torch.where(rollout.action_mask[t, p, n], net.table.data[p, at], ILLEGAL)
    value, visits = net.table.data.cpu().numpy(), net.visits.data.cpu().numpy()
    inputs = (places, rollout.action, rollout.reward, rollout.discount, rollout.valid, rate)
    arrays: list[Any] = [x.cpu().numpy() for x in inputs]
    back_up(value, visits, q.omega, *arrays)
    net.table.data.copy_(torch.from_numpy(value))
    net.visits.data.copy_(torch.from_numpy(visits))
    net.epsilon.data.copy_(q.epsilon(progress)[:, None, None])


def back_up(
    value: Floats,  # [P, S, V], changed in place, as is `visits`
    visits: Floats,
    omega: float,
    places: Ints,  # [T+1, P, N]
    action: Ints,  # [T, P, N], as are the next three
    reward: Floats,
    discount: Floats,
    valid: Floats,
    rate: Floats,  # [P]
) -> None:
    """Back up row after row, all members at once."""
    steps, members, envs = valid.shape
    everyone = np.arange(members)
    for t in range(steps):
        for n in range(envs):
            here, on = (everyone, places[t, :, n], action[t, :, n]), valid[t, :, n]
            visits[here] += on
            step = on * rate * np.maximum(visits[here], 1) ** -omega
            ahead = discount[t, :, n] * value[everyone, places[t + 1, :, n]].max(-1)
            value[here] += step * (reward[t, :, n] + ahead - value[here])
