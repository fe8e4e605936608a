"""Exact J and grad J of any policy on an enumerable text MDP, the standard of comparison for estimators.

    J(theta) = sum_s p(s) prod_t pi_theta(a_t | s_t) R(s),    R(s) = sum_t gamma^t (r_t - beta log(pi / reference))

The sum is over all starts, sequences and random outcomes s; p(s) is the environment's factor of the probability. The
gradient comes from autograd through this sum. It uses neither sampling nor the log-derivative trick, so it tests both.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from algorithms.policies.actor_critic import ActorCritic
from algorithms.policies.api import Acting
from algorithms.training.sampled_return import Scores
from envs import enumeration
from envs.api import Array, Task
from envs.custom.faults import EnvironmentFault
from envs.delayed import undelayed
from envs.enumeration import Enumeration, enumerate_episodes
from envs.text_mdp import TextMDP

LIMIT = 5_000  # the largest number of episodes that training and evaluation enumerate
CHUNK = 20_000  # episodes x members in one pass; this limits memory


def text_mdp(task: Task) -> TextMDP | None:
    """The task's MDP if it is a text MDP, else None."""
    factory = undelayed(task.factory)
    return factory if isinstance(factory, TextMDP) else None


def enumerable(task: Task, limit: int = LIMIT) -> bool:
    """Whether the task, and each of its views, has at most `limit` episodes."""
    factories = (undelayed(task.factory), *(factory for _, factory in task.views))
    return all(isinstance(f, TextMDP) and enumeration.enumerable(f, limit) for f in factories)


class ExactReturn:
    """J and its gradient for the policies of one enumerable task, and the measures of an evaluation."""

    def __init__(self, task: Task, device: str = "cpu", limit: int = 200_000) -> None:
        mdp = text_mdp(task)
        if mdp is None:
            raise ValueError(f"{task.name} is not a text MDP: its exact return cannot be enumerated")
        episodes = enumerate_episodes(mdp, limit)
        self.enumeration: Enumeration = episodes
        self.beta = task.beta
        valid = episodes.valid
        powers = task.gamma ** np.arange(len(valid))[:, None] * valid  # [T, S]

        def tensor(array: Array) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device)

        self._chance = tensor(episodes.probability)  # p(s) [S]
        self._return = tensor((powers * episodes.reward).sum(0))  # [S]
        if not np.isfinite(powers * episodes.reward).all():
            t, s = (int(i) for i in np.argwhere(~np.isfinite(powers * episodes.reward))[0])
            text = mdp.decode(episodes.transcript[s])
            raise EnvironmentFault(
                f"{task.name}: the environment pays {episodes.reward[t, s]} at step {t + 1} of {text!r}"
            )
        # a constant shift of all returns does not change grad J; after it, grad J of equal returns is exactly 0
        self._shift = self._return.max()
        self._length = tensor(valid.sum(0).astype(np.float64))
        self._powers = tensor(powers)
        self._tokens = tensor(episodes.transcript.T)  # [L, S]
        self._action = tensor(episodes.action)  # [T, S]
        self._valid = tensor(valid)
        self._mask = None if episodes.action_mask is None else tensor(episodes.action_mask)  # [T, S, V]
        self._reference = None if episodes.reference is None else tensor(episodes.reference)  # [T, S]
        self.views = [(name, ExactReturn(view, device, limit)) for name, view in task.view_tasks()]

    def log_probabilities(self, policy: Acting, part: slice = slice(None)) -> Tensor:
        """log pi(a_t | s_t) of each listed episode, [T, P, S], 0 after its end."""
        members = policy.members
        obs = self._tokens[:, None, part].expand(-1, members, -1)  # [L, P, S]
        action = self._action[:, None, part].expand(-1, members, -1)
        mask = None if self._mask is None else self._mask[:, None, part].expand(-1, members, -1, -1)
        logp = policy.head.log_prob(policy.outputs(obs, mask, len(action)), action)
        return torch.where(self._valid[:, None, part], logp, 0.0)

    def probabilities(self, policy: Acting, part: slice = slice(None)) -> Tensor:
        """prod_t pi(a_t | s_t) of each listed episode, [P, S]."""
        return self.log_probabilities(policy, part).sum(0).exp()

    def _worth(self, logp: Tensor, part: slice) -> Tensor:
        """p(s) sum_t gamma^t (r_t - beta log(pi / reference)), [S] or [P, S]."""
        worth = self._return[part]
        if self.beta and self._reference is not None:
            kl = logp - self._reference[:, None, part]
            worth = worth - self.beta * (self._powers[:, None, part] * kl).sum(0)
        return self._chance[part] * worth

    def _parts(self, members: int) -> list[slice]:
        size = max(1, CHUNK // members)
        return [slice(i, i + size) for i in range(0, len(self._chance), size)]

    def value(self, policy: Acting) -> Tensor:
        """J of each member [P], float64."""
        return torch.from_numpy(self.scores(policy).value)

    @torch.no_grad()
    def scores(self, policy: Acting) -> Scores:
        """The scores of an evaluation, without sampling."""
        names = ["value", "entropy", "length"] + (["kl"] if self._reference is not None else [])
        totals = torch.zeros(len(names), policy.members, dtype=torch.float64, device=self._chance.device)
        for part in self._parts(policy.members):
            logp = self.log_probabilities(policy, part).double()
            total = logp.sum(0)  # log pi of the whole episode [P, S]
            chance = total.exp()
            # the worth includes p(s) already; after an end both log-probabilities are 0
            rows = [chance * self._worth(logp, part), -chance * self._chance[part] * total]
            rows.append(chance * self._chance[part] * self._length[part])
            if self._reference is not None:
                rows.append(chance * self._chance[part] * (total - self._reference[:, part].sum(0)))
            totals += torch.stack([row.sum(-1) for row in rows])
        read = dict(zip(names, totals.cpu().numpy(), strict=True))
        value = read.pop("value")
        return Scores(value, read | {name: view.scores(policy).value for name, view in self.views})

    def gradient(self, policy: ActorCritic) -> Tensor:
        """grad J of each member with respect to all its parameters [P, D]; 0 for those of a critic.

        The result is also in policy.flat.gradient.
        """
        policy.flat.gradient.zero_()
        for part in self._parts(policy.members):
            logp = self.log_probabilities(policy, part)
            worth = (self._worth(logp, part) - self._chance[part] * self._shift).to(logp.dtype)
            (logp.sum(0).exp() * worth).sum().backward()  # type: ignore[no-untyped-call]
        return policy.flat.gradient.clone()
