"""E[R(tau) | text before an action], exactly, for the policies of an enumerable task: values without a critic."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from algorithms.policies.api import Acting
from algorithms.training.returns.exact_return import ExactReturn, log_pi
from algorithms.training.returns.listed_prefixes import ListedPrefixes
from envs.api import Task


class ExpectedReturn:
    """The expected whole return after each text of a task that can be listed, hidden states averaged out."""

    def __init__(self, task: Task) -> None:
        self._exact = ExactReturn(task)
        self._tree = self._exact.whole_tree()
        self._prefixes = ListedPrefixes(task, self._exact.enumeration)
        self._choice = self._prefixes.of_each(self._tree.edges // self._tree.actions)

    @torch.no_grad()
    def __call__(self, policy: Acting, prefix: Tensor, valid: Tensor) -> Tensor:
        """[T, P, N] for rows with these numbers of texts; 0 on rows that are not valid.

        policy  the one that goes on after the text      prefix  rollout.prefix [T, P, N]
        """
        reached, paid = self._exact.sums_behind_choices(
            self._tree, log_pi(policy.at_prefixes(self._tree.prefixes, self._tree.mask))
        )
        value = paid / np.where(reached > 0, reached, 1.0)  # [P, C]
        members = np.arange(prefix.shape[1])[:, None]
        made = torch.from_numpy(value[members, self._choice[self._prefixes.places(prefix)]]).to(valid)
        return made * valid


@functools.lru_cache(maxsize=4)
def expected_return(task: Task) -> ExpectedReturn:
    """The ExpectedReturn of a task, listed once."""
    return ExpectedReturn(task)
