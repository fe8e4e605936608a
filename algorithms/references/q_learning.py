"""Tabular Q-learning, the value-based contrast: no gradient of the policy, an action value for each information state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from algorithms.algorithm import Job, reason_unusable
from algorithms.composition import Composition, FirstOrder
from algorithms.cost import sampled_seconds
from algorithms.estimators.baseline import Zero
from algorithms.estimators.credit import EpisodeReturn
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.rollout import Rollout
from algorithms.estimators.surrogate import Score
from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.distributions import ILLEGAL
from algorithms.references.epsilon_greedy import EpsilonGreedy, EpsilonGreedyNet
from algorithms.references.reference import Reference
from algorithms.training.build import build_policy
from algorithms.training.exact_return import LIMIT, enumerable, text_mdp
from algorithms.training.learner import Learner
from algorithms.training.records import Members, TrainingEvent
from algorithms.training.run import Run, train
from algorithms.training.state import RunState
from algorithms.training_config import Episodes, TrainingConfig
from envs.api import Floats, Ints, Task, Transcript

# what its rollouts are collected with: whole episodes, and nothing beside them
COMPOSITION = Composition(estimator=Estimator(EpisodeReturn(), Zero(), Score()), update=FirstOrder())


@dataclass(frozen=True, kw_only=True)
class QLearning(Reference):
    """epsilon falls from `start` to `end` in a straight line over the budget; the n-th visit moves Q by rate / n^omega.

    With omega in (1/2, 1] the values converge where every action is tried for ever (Watkins and Dayan 1992; the choice of
    omega: Even-Dar and Mansour 2003); omega 0 is a constant step.
    """

    start: float = 1.0
    end: float = 0.0
    omega: float = 0.8

    learns = True
    unsettable = None
    unsaved = None

    def __post_init__(self) -> None:
        if not (0 <= self.end <= self.start <= 1 and 0 <= self.omega <= 1):
            raise ValueError(f"needs 0 <= end <= start <= 1 and omega in [0, 1], not {self}")

    def epsilon(self, progress: Tensor) -> Tensor:
        """Of the share of the budget that is spent."""
        return self.start + (self.end - self.start) * progress.clamp(0, 1)

    def reason_unsupported(self, task: Task) -> str | None:
        """Why there is no table for this task; None where there is."""
        if text_mdp(task) is None:
            return "keeps a table of states, and this task observes vectors"
        if not enumerable(task):
            return f"keeps a table of states, and this task has more than {LIMIT:,} episodes"
        if task.beta:
            return "learns from rewards alone, and J of this task counts a KL"
        return None

    def configure(self, training: TrainingConfig, task: Task) -> TrainingConfig:
        """With a table of values, and a rate of 1 for the first visit."""
        training = replace(training, learning_rate=1.0, reward_scale=1.0, collection=Episodes(envs=8))
        mdp = text_mdp(task)
        return training if mdp is None else replace(training, network=EpsilonGreedy(mdp))

    def expected_seconds(self, job: Job) -> float:
        """Of one process, roughly."""
        members = len(job.members.seeds)
        return sampled_seconds(job.task, job.training, COMPOSITION.schedule, False, job.env_steps, members)

    def reason_unusable(self, job: Job, state: RunState, records: int, device: str) -> str | None:
        """Why training cannot go on from this RunState; None where it can."""
        return reason_unusable(self._run(job, device), state, records)

    def train(self, job: Job, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        """As a variant trains, with backups in place of gradient steps."""
        run = self._run(job, device)
        yield from train(run, state)
        yield run.trained()

    def policy(self, task: Task, training: TrainingConfig, members: Members, device: str = "cpu") -> ActorCritic:
        """The untrained tables of a population."""
        return build_policy(task, COMPOSITION, training, members, device)

    def _run(self, job: Job, device: str) -> Run:
        def learner(*parts: Any) -> TableLearner:
            return TableLearner(self, *parts)

        members, budget = job.members, job.env_steps
        return Run(job.task, COMPOSITION, job.training, members, budget, job.evaluation, device, learner)


class TableLearner(Learner):
    """Learns from a rollout by backups of a table."""

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
        """One pass over the rollout; `progress` [P] is the share of the budget that is spent."""
        assert progress is not None
        back_up_rollout(self._q, self.policy, rollout, self.rate[:, 0], progress)


@torch.no_grad()
def back_up_rollout(q: QLearning, policy: ActorCritic, rollout: Rollout, rate: Tensor, progress: Tensor) -> None:
    """Q(s_t, a_t) += rate / n^omega (r_t + discount_t max_a Q(s_{t+1}, a) - Q(s_t, a_t)) for every valid row, in the order
    in which they were played (of one step: environment by environment); then epsilon for the `progress` [P] now made.

    rate  [P]     ValueError where the policy is no table of values
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
    value: Floats,  # [P, S, V], moved in place as `visits` is
    visits: Floats,
    omega: float,
    places: Ints,  # [T+1, P, N]
    action: Ints,  # [T, P, N] as the next three
    reward: Floats,
    discount: Floats,
    valid: Floats,
    rate: Floats,  # [P]
) -> None:
    """Row after row, all members at once."""
    steps, members, envs = valid.shape
    everyone = np.arange(members)
    for t in range(steps):
        for n in range(envs):
            here, on = (everyone, places[t, :, n], action[t, :, n]), valid[t, :, n]
            visits[here] += on
            step = on * rate * np.maximum(visits[here], 1) ** -omega
            ahead = discount[t, :, n] * value[everyone, places[t + 1, :, n]].max(-1)
            value[here] += step * (reward[t, :, n] + ahead - value[here])
