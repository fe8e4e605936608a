"""Exact J and grad J of any policy on an enumerable text MDP: what every estimator is measured against.

    J(theta) = sum_s p(s) prod_t pi_theta(a_t | s_t) R(s),    R(s) = sum_t gamma^t r_t

over all prompts and sequences s, p(s) being the environment's share of the probability. The gradient is autograd through
this sum: no sampling, no log-derivative trick, so it checks both.
"""

from __future__ import annotations

import torch
from torch import Tensor

from algorithms.policies.actor_critic import ActorCritic
from envs import oracle
from envs.api import Task
from envs.oracle import Enumeration, enumerate_episodes
from envs.transcript import TextMDP

LIMIT = 5_000  # episodes up to which training and evaluation enumerate
CHUNK = 20_000  # episodes x members in one pass, which bounds memory


def text_mdp(task: Task) -> TextMDP | None:
    """The task's MDP where it is a text MDP."""
    return task.factory if isinstance(task.factory, TextMDP) else None


def enumerable(task: Task, limit: int = LIMIT) -> bool:
    """Whether all prompts times sequences of the task are at most `limit`."""
    mdp = text_mdp(task)
    return mdp is not None and oracle.enumerable(mdp, limit)


class ExactReturn:
    """J and its gradient for the policies of one enumerable task."""

    def __init__(self, task: Task, device: str = "cpu", limit: int = 200_000) -> None:
        mdp = text_mdp(task)
        if mdp is None:
            raise ValueError(f"{task.name} is not a text MDP: its exact return cannot be enumerated")
        episodes = enumerate_episodes(mdp, limit)
        self.enumeration: Enumeration = episodes
        steps = len(episodes.action)
        powers = torch.tensor([task.gamma**t for t in range(steps)], dtype=torch.float64)
        paid = torch.from_numpy(episodes.reward * episodes.valid)
        self._worth = ((powers @ paid) * torch.from_numpy(episodes.probability)).to(device)  # p(s) R(s), [S]
        self._tokens = torch.from_numpy(episodes.transcript.T.copy()).to(device)  # [L, S]
        self._action = torch.from_numpy(episodes.action).to(device)  # [T, S]
        self._valid = torch.from_numpy(episodes.valid).to(device)
        mask = episodes.action_mask
        self._mask = None if mask is None else torch.from_numpy(mask).to(device)  # [T, S, V]

    def probabilities(self, policy: ActorCritic, part: slice = slice(None)) -> Tensor:
        """prod_t pi(a_t | s_t) of each listed episode, [P, S]."""
        members = len(policy.flat.values)
        obs = self._tokens[:, None, part].expand(-1, members, -1)  # [L, P, S]
        action = self._action[:, None, part].expand(-1, members, -1)
        mask = None if self._mask is None else self._mask[:, None, part].expand(-1, members, -1, -1)
        logp = policy.head.log_prob(policy.outputs(obs, mask, len(action)), action)  # [T, P, S]
        return torch.where(self._valid[:, None, part], logp, 0.0).sum(0).exp()

    def _parts(self, members: int) -> list[slice]:
        size = max(1, CHUNK // members)
        return [slice(i, i + size) for i in range(0, len(self._worth), size)]

    @torch.no_grad()
    def value(self, policy: ActorCritic) -> Tensor:
        """J of each member [P], float64."""
        total = torch.zeros(len(policy.flat.values), dtype=torch.float64, device=self._worth.device)
        for part in self._parts(len(total)):
            total += self.probabilities(policy, part).double() @ self._worth[part]
        return total

    def gradient(self, policy: ActorCritic) -> Tensor:
        """grad J of each member with respect to all its parameters [P, D] (0 for those of a critic); J is not returned.

        Leaves the result in policy.flat.gradient as well.
        """
        policy.flat.gradient.zero_()
        for part in self._parts(len(policy.flat.values)):
            worth = self._worth[part].to(policy.flat.values.dtype)
            (self.probabilities(policy, part) @ worth).sum().backward()  # type: ignore[no-untyped-call]
        return policy.flat.gradient.clone()
