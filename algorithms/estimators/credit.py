"""Credit q_t: the part of the later rewards that is attributed to action t, by y_t = x_t + w_t y_{t+1}."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from algorithms.estimators.importance_weights import on_valid_rows
from algorithms.estimators.rollout import Rollout
from algorithms.tunable import Number, Range, as_vector, tunable


def backward_sum(x: Tensor, w: Tensor, last: Tensor | None = None) -> Tensor:
    """y_t = x_t + w_t y_{t+1} with y_T = last (0 if None). All [T, ...]; O(T) steps."""
    y = x.cpu().numpy().copy()
    # a NumPy operation takes a third of a torch one's time, and a row is short
    after, factors = np.zeros_like(y[0]) if last is None else last.cpu().numpy(), w.expand_as(x).cpu().numpy()
    for row, factor in zip(y[::-1], factors[::-1], strict=True):
        row += factor * after
        after = row
    return torch.from_numpy(y).to(x.device)


def lambda_return(rollout: Rollout, values: Tensor, lam: Number) -> Tensor:
    """y_t = r_t + gamma_t ((1 - l_t) V(s_{t+1}) + l_t y_{t+1}), l_t = lam where the episode goes on, y_T = V(s_T).

    y_t - V(s_t) is GAE: sum_k (gamma lam)^k delta_{t+k} (Schulman et al. 2016, eq. 16). A truncated row bootstraps from
    V of the last observation; a terminated one has gamma_t = 0.
    """
    keep = lam * rollout.continues  # [T, P, N]
    x = rollout.reward + rollout.discount * (1 - keep) * values[1:]
    return backward_sum(x, rollout.discount * keep, last=values[-1])


@dataclass(frozen=True)
class EpisodeReturn:
    """q_t = R(tau) = sum_k gamma^k r_k for every t: the whole return weighs every action (Williams 1992)."""

    bootstraps: ClassVar[bool] = False

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        g = backward_sum(rollout.reward, rollout.discount * rollout.continues)
        return g[:1].expand_as(g)


@dataclass(frozen=True)
class RewardToGo:
    """q_t = G_t = sum_{k>=t} gamma^(k-t) r_k: rewards before an action are not attributed to it."""

    bootstraps: ClassVar[bool] = False

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        # after an end G must be 0, because baselines of a group read those rows too
        return backward_sum(rollout.reward * rollout.valid, rollout.discount * rollout.continues)


@dataclass(frozen=True)
class ImmediateReward:
    """q_t = r_t: the immediate reward only. It is biased if actions influence later rewards.

    The last line that the article prints has this factor; see docs/theory.md. The myopic learner of `recommendation`.
    """

    bootstraps: ClassVar[bool] = False

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        return rollout.reward


@dataclass(frozen=True)
class LambdaReturn:
    """q_t = the lambda-return; minus V(s_t) it is GAE(gamma, lam) (Schulman et al. 2016, eq. 16)."""

    lam: Number = tunable(0.95, Range(0.8, 1.0))
    bootstraps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= self.lam <= 1:
            raise ValueError(f"lam must lie in [0, 1], not {self.lam}")

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        assert values is not None
        return lambda_return(rollout, values, self.lam)


@dataclass(frozen=True)
class VTrace:
    """q_t = V(s_t) + rho_t (r_t + gamma_t ((1 - l_t) V(s_{t+1}) + l_t v_{t+1}) - V(s_t)), with V-trace's v as critic target:

        v_t - V(s_t) = rho_t delta_t + gamma_t c_t (v_{t+1} - V(s_{t+1})),   delta_t = r_t + gamma_t V(s_{t+1}) - V(s_t)
        rho_t = min(rho_max, pi / mu),   c_t = l_t min(c_max, pi / mu),   l_t = lam where the episode goes on, else 0

    Espeholt et al. (2018), equations 1 and 4; lam as their remark 2 allows. On policy it is the lambda-return. No
    credit crosses an end: the row of a truncation bootstraps from V of the last state, and c_t is 0 there.
    """

    lam: Number = tunable(1.0, Range(0.8, 1.0))
    rho_max: Number = tunable(1.0, Range(1, 10, log=True))
    c_max: float = 1.0
    bootstraps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= as_vector(self.lam) <= 1:
            raise ValueError(f"lam must lie in [0, 1], not {self.lam}")
        if not (as_vector(self.rho_max) > 0 and self.c_max > 0):
            raise ValueError(f"rho_max and c_max must be positive, not {self.rho_max} and {self.c_max}")

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        assert values is not None
        rho, _ = self._weights(rollout)
        above = self.target(rollout, values) - values[:-1]  # v - V
        after = torch.cat([above[1:], torch.zeros_like(above[:1])])
        ahead = values[1:] + self.lam * rollout.continues * after
        return values[:-1] + rho * (rollout.reward + rollout.discount * ahead - values[:-1])

    def target(self, rollout: Rollout, values: Tensor) -> Tensor:
        rho, c = self._weights(rollout)
        delta = rollout.reward + rollout.discount * values[1:] - values[:-1]
        return values[:-1] + backward_sum(rho * delta, rollout.discount * c)

    def _weights(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        ratio = on_valid_rows(rollout.log_ratio, rollout.valid).exp()
        rho = torch.minimum(ratio, torch.as_tensor(self.rho_max).to(ratio))
        return rho, self.lam * rollout.continues * ratio.clamp(max=self.c_max)


@dataclass(frozen=True)
class NStep:
    """q_t = rewards up to the end of t's block of n steps, then V (Mnih et al. 2016, algorithm S3).

    Blocks are [0, n), [n, 2n), ... An unrolled window of n steps is one block; an episode of text has several.
    """

    n: Number = tunable(5, Range(1, 20, integer=True))
    bootstraps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"n must be at least 1, not {self.n}")

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        assert values is not None
        t = torch.arange(1, len(rollout.reward) + 1, device=values.device)
        inside = (t[:, None, None] % self.n != 0).to(values.dtype)  # [T, 1 or P, 1], 0 on a block's last row
        return lambda_return(rollout, values, inside)
