"""A value for each prompt, tracked over training: a baseline from a prompt's past that needs no group.

Two prompts share a value with a chance of 1 / prompts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from algorithms.estimators.means import largest
from algorithms.estimators.rollout import PartState, Rollout
from algorithms.tunable import Number, Range, as_vector, tunable


@dataclass(frozen=True)
class PromptValue:
    """b = v(x), the weighted mean return of a prompt's earlier episodes; weights fall by `keep` whenever it is met again.

        W <- keep W + n,   v <- v + n / W (mean - v)   for a prompt with n episodes of this mean in the rollout

    The value tracker of single-stream policy optimization (Xu and Ding 2025, arXiv 2509.13232, section 3): for rewards of
    0 or 1, v W and (1 - v) W are the parameters alpha and beta of a Beta distribution. The source lets `keep` follow the KL
    since the last visit; here it is constant, as its recipe's other mode has it. A prompt that is new has the mean of all
    prompts. The update follows the use, so E[g] = grad J.
    """

    keep: Number = tunable(0.9, Range(0.5, 0.99))
    prompts: int = 4096
    critic: ClassVar[bool] = False
    needs_score_norms: ClassVar[bool] = False
    needs_greedy_return: ClassVar[bool] = False
    reads_prefixes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= as_vector(self.keep) < 1:
            raise ValueError(f"keep must lie in [0, 1), not {self.keep}")
        if self.prompts < 1:
            raise ValueError(f"prompts must be at least 1, not {self.prompts}")

    def initial(self, members: int, horizon: int) -> PartState:
        shape = self.prompts + 1, members  # the last row: all prompts
        return {"value": torch.zeros(shape), "weight": torch.zeros(shape)}

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: PartState
    ) -> tuple[Tensor, PartState]:
        assert rollout.prefix is not None
        prompt = rollout.prefix[0].T % self.prompts  # [N, P]
        value, weight = state["value"], state["weight"]
        b = torch.where(weight.gather(0, prompt) > 0, value.gather(0, prompt), value[-1:])  # [N, P]
        began, returns = rollout.valid[0].T.to(value), q[0].T.to(value)
        centre = largest(returns, began, 0)  # [1, P]; equal returns have exactly their mean
        total, count = torch.zeros_like(value), torch.zeros_like(value)
        for at in (prompt, torch.full_like(prompt, self.prompts)):
            total.scatter_add_(0, at, (returns - centre) * began)
            count.scatter_add_(0, at, began)
        met = count > 0
        gathered = torch.where(met, as_vector(self.keep) * weight + count, weight)
        moved = count / gathered.clamp(min=1e-30) * (centre + total / count.clamp(min=1) - value)
        after = {"value": torch.where(met, value + moved, value), "weight": gathered}
        return b.T[None].to(q).expand_as(q), after
