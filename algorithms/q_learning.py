"""Tabular Q-learning, the value-based contrast: no gradient of the policy, an action value for each information state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.distributions import ILLEGAL
from algorithms.policies.epsilon_greedy import EpsilonGreedyNet
from algorithms.training.exact_return import LIMIT, enumerable, text_mdp
from algorithms.training.learner import Learner
from algorithms.types import Rollout
from envs.api import Floats, Ints, Task, Transcript


@dataclass(frozen=True)
class QLearning:
    """epsilon falls from `start` to `end` in a straight line over the budget; the n-th visit moves Q by rate / n^omega.

    With omega in (1/2, 1] the values converge where every action is tried for ever (Watkins and Dayan 1992; the choice of
    omega: Even-Dar and Mansour 2003); omega 0 is a constant step.
    """

    start: float = 1.0
    end: float = 0.0
    omega: float = 0.8
    trains: ClassVar[bool] = True
    gradient: ClassVar[bool] = False
    needs_oracle: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not (0 <= self.end <= self.start <= 1 and 0 <= self.omega <= 1):
            raise ValueError(f"needs 0 <= end <= start <= 1 and omega in [0, 1], not {self}")

    def unfit(self, task: Task) -> str | None:
        """Why there is no table for this task; None where there is."""
        if text_mdp(task) is None:
            return "keeps a table of states, and this task observes vectors"
        if not enumerable(task):
            return f"keeps a table of states, and this task has more than {LIMIT:,} episodes"
        if task.beta:
            return "learns from rewards alone, and J of this task counts a KL"
        return None

    def epsilon(self, progress: Tensor) -> Tensor:
        """Of the share of the budget that is spent."""
        return self.start + (self.end - self.start) * progress.clamp(0, 1)


@torch.no_grad()
def learn(update: QLearning, policy: ActorCritic, rollout: Rollout, rate: Tensor, progress: Tensor) -> None:
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
    told = (places, rollout.action, rollout.reward, rollout.discount, rollout.valid, rate)
    arrays: list[Any] = [x.cpu().numpy() for x in told]
    _back_up(value, visits, update.omega, *arrays)
    net.table.data.copy_(torch.from_numpy(value))
    net.visits.data.copy_(torch.from_numpy(visits))
    net.epsilon.data.copy_(update.epsilon(progress)[:, None, None])


class QLearner(Learner):
    """Moves the policy's table of values, and follows no gradient."""

    diagnoses = False

    def __init__(self, policy: ActorCritic, *parts: Any) -> None:
        super().__init__(policy, *parts)
        (self._rule,) = (part for part in parts if isinstance(part, QLearning))

    def learn(  # type: ignore[override]
        self, rollout: Rollout, shuffles: list[np.random.Generator], progress: Tensor
    ) -> None:
        """One pass over the rollout; `progress` [P] is the share of the budget that is spent."""
        learn(self._rule, self.policy, rollout, self.rate[:, 0], progress)


def _back_up(
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
