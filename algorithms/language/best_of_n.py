"""Best of n: of n completions of a policy, the one that a reward model likes most (Stiennon et al. 2020, appendix)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from algorithms.language.generation import generate, repeat_prompts
from algorithms.language.preferences import Judge
from algorithms.language.stage import Stage, StageProgress, Stream, streams
from algorithms.language.texts import Texts
from envs.api import Doubles
from envs.language.models.api import Adapter, CausalModel
from envs.seeding import Purpose


class Sampled(NamedTuple):
    """Completions of each prompt with their rewards: texts [P, n, N, L], reward [P, n, N], cut [P, n, N] without an end."""

    texts: Texts
    reward: Tensor
    cut: Tensor

    @property
    def favourites(self) -> Texts:
        """The completion of each prompt with the highest reward [P, n, L]."""
        best = self.reward.argmax(2)  # [P, n]
        at = best[:, :, None, None].expand(-1, -1, 1, self.texts.tokens.shape[-1])
        return Texts(*(x.gather(2, at)[:, :, 0] for x in self.texts))


def sample(
    model: CausalModel,
    policy: Adapter | None,
    prompts: Tensor,
    valid: Tensor,
    seeds: Sequence[int],
    reward: Judge,
    longest: int,
    n: int,
    position: int = 0,
    block: int = 256,
    purpose: Purpose = Purpose.TRAIN,
) -> Stage[Sampled]:
    """n completions of the policy for each prompt [P, n_prompts, K], scored; `position` tells rounds apart."""
    count, found = prompts.shape[1], []
    step = max(1, block // n)
    for start in range(0, count, step):
        part = slice(start, start + step)
        many = repeat_prompts(prompts[:, part], valid[:, part], n)
        rngs = streams(tuple(seeds), Stream.BEST_OF_N, position, start, purpose=purpose)
        written = generate(model, policy, *many, rngs, longest)
        found.append((*written.texts, reward(written.texts).float(), ~written.ended))
        yield StageProgress(min(start + step, count), count)
    tokens, real, scored, scores, cut = (
        torch.cat(parts, 1).reshape(len(seeds), count, n, *parts[0].shape[2:]) for parts in zip(*found, strict=True)
    )
    return Sampled(Texts(tokens, real, scored), scores, cut)


def weights_of_best(total: int, n: int) -> Doubles:
    """The chance [total] that the sample of rank 0 (lowest), 1, ... is the best of n drawn from `total` without replacement.

    C(rank, n - 1) / C(total, n): the mean of the best of n over all subsets, which is unbiased.
    """
    chances: Doubles = np.array([math.comb(rank, n - 1) for rank in range(total)]) / math.comb(total, n)
    return chances


def best_of(reward: Tensor, value: Tensor, n: int) -> Tensor:
    """Each member's expected `value` [P] of the best of n by reward, both [P, prompts, N]; n <= N."""
    order = reward.argsort(dim=2, stable=True)
    weights = torch.from_numpy(weights_of_best(reward.shape[2], n))
    return (value.gather(2, order).double() * weights).sum(2).mean(1).float()


def kl_bound(n: int) -> float:
    """log n - (n - 1) / n: the most that the best of n can be away from the policy, in nats (Beirami et al. 2024)."""
    return math.log(n) - (n - 1) / n


def frontier(sampled: Sampled, gold: Tensor) -> list[tuple[int, float, Tensor, Tensor]]:
    """(n, KL bound, reward [P], gold [P]) of the best of n = 1, 2, 4, ... by reward; gold [P, prompts, N]."""
    largest = sampled.reward.shape[2]
    sizes = [2**i for i in range(largest.bit_length())]
    return [
        (n, kl_bound(n), best_of(sampled.reward, sampled.reward, n), best_of(sampled.reward, gold, n)) for n in sizes
    ]
