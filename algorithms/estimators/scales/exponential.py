"""Exponential weights: actions are imitated, the more the better they were. There are no negative examples.

The weights are those of the best policy within a KL of the old one, pi* ~ mu exp(A / eta), which is then fitted by maximum
likelihood. The mean gradient is that of KL(pi* || pi), not of J.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from algorithms.estimators.advantage_scale import WholeRollout
from algorithms.estimators.means import largest
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.tunable import Number, Range, as_vector, replace_unchecked, tunable

SLOWEST, FASTEST = 1e-3, 1e3  # bounds of the temperature


@dataclass(frozen=True)
class Exponential(WholeRollout):
    """A <- min(exp(A / beta), cap) (AWR; Peng et al. 2019, arXiv 1910.00177, algorithm 1; beta and cap as published)."""

    beta: Number = tunable(0.05, Range(0.02, 5, log=True))
    cap: float = 20.0

    def __post_init__(self) -> None:
        if not (as_vector(self.beta) > 0 and self.cap > 1):
            raise ValueError(f"needs beta above 0 and cap above 1, not {self.beta} and {self.cap}")

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        ceiling = torch.tensor(self.cap, dtype=advantage.dtype, device=advantage.device)
        return torch.minimum(advantage / self.beta, ceiling.log()).exp() * rollout.valid


@dataclass(frozen=True)
class TopHalf(WholeRollout):
    """A <- n exp(A / eta) / sum exp(A / eta) over the better half of a member's n rows, 0 on the others (V-MPO).

    Song et al. 2020 (arXiv 1909.12238), equations 3 and 4. After each rollout the temperature takes a step down the dual
    eta epsilon + eta log mean exp(A / eta) over that half: log eta falls by rate (epsilon - KL(psi || uniform)), so the
    weights psi stay about epsilon nats from uniform. Each member has its own. With the mean over tokens the weights of a
    batch sum to 1, as in the source; its bound on the KL between updates is left out.
    """

    epsilon: Number = tunable(0.1, Range(0.01, 1.0, log=True))
    eta: Number = 1.0
    rate: float = 0.5

    def __post_init__(self) -> None:
        if not (as_vector(self.epsilon) > 0 and as_vector(self.eta) > 0 and self.rate > 0):
            raise ValueError(f"epsilon, eta and rate must be positive, not {self.epsilon}, {self.eta}, {self.rate}")

    def __call__(self, advantage: Tensor, q: Tensor, rollout: Rollout) -> Tensor:
        share = self._shares(advantage, rollout.valid)
        return share * rollout.valid.sum((0, 2), keepdim=True)

    def initial(self, members: int) -> PartState:
        return {"eta": torch.zeros(members) + as_vector(self.eta)}

    def with_state(self, state: PartState) -> TopHalf:
        adapted: TopHalf = replace_unchecked(self, eta=state["eta"][:, None])
        return adapted

    def update(self, advantage: Tensor, valid: Tensor, state: PartState) -> PartState:
        eta = state["eta"]
        share = self.with_state(state)._shares(advantage, valid)  # [T, P, N]
        taken = (share > 0).sum((0, 2))
        # KL(psi || uniform on the half) = sum psi log psi + log of the number of rows
        divergence = (
            torch.where(share > 0, share * share.clamp(min=1e-30).log(), 0.0).sum((0, 2))
            + taken.clamp(min=1).to(share).log()
        )
        moved = eta * (self.rate * (divergence - as_vector(self.epsilon))).exp()
        return {"eta": torch.where(taken > 0, moved.clamp(SLOWEST, FASTEST), eta)}

    def _shares(self, advantage: Tensor, valid: Tensor) -> Tensor:
        """psi [T, P, N], summing to 1 over the better half of each member's rows; equal advantages are treated alike."""
        t, p, n = advantage.shape
        ordered = torch.where(valid > 0, advantage, -torch.inf).transpose(0, 1).reshape(p, t * n).sort(1, True).values
        half = ((valid.sum((0, 2)).long() + 1) // 2).clamp(min=1)  # [P]
        least = ordered.gather(1, half[:, None] - 1)  # the smallest advantage of the better half
        better = ((advantage >= least) & (valid > 0)).to(advantage)
        weight = ((advantage - largest(advantage, better, (0, 2))) / self.eta).exp() * better
        return weight / weight.sum((0, 2), keepdim=True).clamp(min=1e-30)
