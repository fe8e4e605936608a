"""Reward models of a population: a linear read-out of the hidden state after a text's last token (Stiennon et al. 2020)."""

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

HEAD, BIAS = "reward", "reward_bias"  # tensors beside the adapters: [S, D] and [S]
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
        adapters, head, bias = _loaded(self, tuple(seeds), device)
        parts = zip(torch.split(tokens, BLOCK, 1), torch.split(valid, BLOCK, 1), strict=True)
        return torch.cat([rewards(model, ids, real, adapters, head, bias) for ids, real in parts], 1)

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
        adapters, head, bias = _loaded(self, self.file.seeds, device)
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
            states = last_hidden(model, tokens[rows, part], valid[rows, part], gathered)
            found.append((states * head[own]).sum(1) + bias[own])
        return torch.cat(found)


@lru_cache(8)
def _loaded(model: RewardModel, seeds: tuple[int, ...], device: str) -> tuple[LowRank, Tensor, Tensor]:
    head = model.file.head(seeds, device)
    if missing := {HEAD, BIAS} - head.keys():
        raise UsageError(f"{model.file.path} is no reward model: it has no {', '.join(sorted(missing))}")
    return model.file.load(seeds, model.base, device), head[HEAD], head[BIAS]


def save_reward_model(
    path: Path, adapters: LowRank, head: Tensor, bias: Tensor, seeds: Sequence[int], base: BaseModel
) -> RewardModel:
    """Write the adapters and read-outs [S, D], [S] of the members with these seeds."""
    return RewardModel(base, save_adapters(path, adapters, seeds, base, {HEAD: head, BIAS: bias}))


def last_hidden(model: CausalModel, tokens: Tensor, valid: Tensor, adapter: Adapter | None) -> Tensor:
    """Hidden states [M, D] at the last token of each text [M, K] that is no padding."""
    hidden, _ = model.hidden(tokens, valid, None, adapter)
    place = torch.arange(tokens.shape[1], device=tokens.device)
    last = torch.where(valid, place, -1).amax(1)  # [M]
    return hidden.gather(1, last[:, None, None].expand(-1, 1, hidden.shape[-1]))[:, 0].float()


def rewards(
    model: CausalModel, tokens: Tensor, valid: Tensor, adapter: Adapter | None, head: Tensor, bias: Tensor
) -> Tensor:
    """head_p . h + bias_p [P, n] of texts [P, n, L]; head [P, D], bias [P]."""
    states = last_hidden(model, tokens.flatten(0, 1), valid.flatten(0, 1), adapter)
    return torch.einsum("pnd,pd->pn", states.view(*tokens.shape[:2], -1), head) + bias[:, None]
