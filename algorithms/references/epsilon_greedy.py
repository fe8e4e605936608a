"""The epsilon-greedy policy of a table of action values, one row for each state of an enumerable text MDP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from algorithms.policies.distributions import epsilon_greedy
from algorithms.policies.networks.tabular import Tabular, TabularNet
from algorithms.policies.population import constant
from envs.api import Ints


class EpsilonGreedyNet(TabularNet):
    """`table` holds Q [P, states + 1, outputs], `visits` the number of updates of each entry. The outputs are

        log pi(a|s),    pi = epsilon / V + (1 - epsilon) [a is the first maximum]

    epsilon is initially 1 (the uniform policy). All three are parameters of the members, so snapshots include them.
    """

    def __init__(self, states: Ints, outputs: int, members: int) -> None:
        super().__init__(states, outputs, members)
        self.visits = constant(members, (len(states) + 1, outputs))
        self.epsilon = constant(members, (1, 1), 1.0)

    def places(self, obs: Tensor, positions: tuple[int, ...]) -> Tensor:
        """Rows of the table [len(positions), P, N] of tokens [L, P, N]."""
        return torch.stack([self._place(h) for h in self._hashes(obs, positions)])

    def _read(self, h: Tensor) -> Tensor:
        return epsilon_greedy(super()._read(h), self.epsilon)


@dataclass(frozen=True)
class EpsilonGreedy(Tabular):
    """A table of action values of the states of `mdp`, with the epsilon-greedy policy."""

    form: ClassVar[type[TabularNet]] = EpsilonGreedyNet
