"""Reward models of a population: a score of each token, by its hidden state and by the token itself, and their mean.

    r(text) = bias + mean_t (head . h_t + words[token_t])

The mean over tokens and the weights of words learn from few comparisons; after the last token of a small model, of whose
hidden states most says what comes next, there is hardly anything to learn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from envs.language.models.adapter_file import AdapterFile, save_adapters
from envs.language.models.api import Adapter, CausalModel
from envs.language.models.base import BaseModel
from envs.language.models.low_rank import LowRank
from envs.validation import UsageError

HEAD, BIAS, WORDS = "reward", "reward_bias", "reward_words"  # tensors beside the adapters: [S, D], [S] and [S, V]
BLOCK = 64  # texts of each member that are read at once
NUMBERS = 2**24  # of adapters that are gathered at once


@dataclass(frozen=True)
class RewardModel:
    """One reward model a seed: adapters over a base, and read-outs in the same file."""

    base: BaseModel
    file: AdapterFile

    @torch.no_grad()
    def scores(self, seeds: Sequence[int], tokens: Tensor, valid: Tensor) -> Tensor:
        """Rewards [P, N] of texts [P, N, L] of the members with these seeds; `valid` is False on padding.

        UsageError for a seed that the file does not hold, or another base than it was made for.
        """
        device = tokens.device.type
        model = self.base.load(device)
        adapters, read_out = _loaded(self, tuple(seeds), device)
        parts = zip(torch.split(tokens, BLOCK, 1), torch.split(valid, BLOCK, 1), strict=True)
        return torch.cat([rewards(model, ids, real, adapters, *read_out) for ids, real in parts], 1)

    @torch.no_grad()
    def of_rows(self, seeds: Sequence[int], tokens: Tensor, valid: Tensor) -> Tensor:
        """Rewards [M] of texts [M, L], each by the reward model of its own seed [M], in any number and order.

        Columns that are padding in all texts are not read. The members' adapters are gathered row by row, so texts of
        several members are one batch, however many each of them has.
        """
        device = tokens.device.type
        model, members = self.base.load(device), {seed: i for i, seed in enumerate(self.file.seeds)}
        if missing := set(seeds) - members.keys():
            known = ", ".join(map(str, members))
            raise UsageError(f"{self.file.path} has no reward model of seed {min(missing)}; it has {known}")
        adapters, (head, bias, words) = _loaded(self, self.file.seeds, device)
        of_member = sum(x[0].numel() for part in (adapters.down, adapters.up) for x in part.values())
        place = torch.tensor([members[seed] for seed in seeds], device=device)
        found = []
        for rows in torch.split(torch.arange(len(seeds), device=device), max(1, NUMBERS // of_member)):
            own, read = place[rows], valid[rows].any(0).nonzero()
            part = slice(int(read.min()), int(read.max()) + 1)
            gathered = LowRank(
                {name: x[own] for name, x in adapters.down.items()},
                {name: x[own] for name, x in adapters.up.items()},
                adapters.scale,
            )
            ids, real = tokens[rows, part], valid[rows, part]
            states = mean_hidden(model, ids, real, gathered)
            of_words = mean_weight(ids[:, None], real[:, None], words[own])[:, 0]
            found.append((states * head[own]).sum(1) + of_words + bias[own])
        return torch.cat(found)


@lru_cache(8)
def _loaded(model: RewardModel, seeds: tuple[int, ...], device: str) -> tuple[LowRank, tuple[Tensor, Tensor, Tensor]]:
    head = model.file.head(seeds, device)
    if missing := {HEAD, BIAS, WORDS} - head.keys():
        raise UsageError(f"{model.file.path} is no reward model: it has no {', '.join(sorted(missing))}")
    return model.file.load(seeds, model.base, device), (head[HEAD], head[BIAS], head[WORDS])


def save_reward_model(
    path: Path, adapters: LowRank, head: Tensor, bias: Tensor, words: Tensor, seeds: Sequence[int], base: BaseModel
) -> RewardModel:
    """Write the adapters and read-outs [S, D], [S], [S, V] of the members with these seeds."""
    return RewardModel(base, save_adapters(path, adapters, seeds, base, {HEAD: head, BIAS: bias, WORDS: words}))


def mean_hidden(model: CausalModel, tokens: Tensor, valid: Tensor, adapter: Adapter | None) -> Tensor:
    """Mean hidden states [M, D] over the tokens of each text [M, K] that are no padding."""
    hidden, _ = model.hidden(tokens, valid, None, adapter)
    real = valid[..., None]
    return torch.where(real, hidden.float(), 0.0).sum(1) / real.sum(1)


def mean_weight(tokens: Tensor, valid: Tensor, words: Tensor) -> Tensor:
    """Mean weight [P, n] over the tokens of each text [P, n, L] that are no padding; words [P, V]."""
    own = words.gather(1, tokens.flatten(1)).view(tokens.shape)
    return torch.where(valid, own, 0.0).sum(2) / valid.sum(2)


def rewards(
    model: CausalModel,
    tokens: Tensor,
    valid: Tensor,
    adapter: Adapter | None,
    head: Tensor,
    bias: Tensor,
    words: Tensor,
) -> Tensor:
    """Rewards [P, n] of texts [P, n, L]; head [P, D], bias [P], words [P, V]."""
    states = mean_hidden(model, tokens.flatten(0, 1), valid.flatten(0, 1), adapter)
    of_states = torch.einsum("pnd,pd->pn", states.view(*tokens.shape[:2], -1), head)
    return of_states + mean_weight(tokens, valid, words) + bias[:, None]
