"""Reward models of a population: a linear read-out of the hidden state after a text's last token (Stiennon et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor

from envs.language.models.api import Adapter, CausalModel


def last_hidden(model: CausalModel, tokens: Tensor, valid: Tensor, adapter: Adapter | None) -> Tensor:
    """Hidden states [M, D] at the last token of each text [M, K] that is no padding."""
    hidden, _ = model.hidden(tokens, valid, None, adapter)
    place = torch.arange(tokens.shape[1], device=tokens.device)
    last = torch.where(valid, place, -1).amax(1)  # [M]
    return hidden.gather(1, last[:, None, None].expand(-1, 1, hidden.shape[-1]))[:, 0]


def rewards(
    model: CausalModel, tokens: Tensor, valid: Tensor, adapter: Adapter | None, head: Tensor, bias: Tensor
) -> Tensor:
    """head_p . h + bias_p [P, n] of texts [P, n, L]; head [P, D], bias [P]."""
    states = last_hidden(model, tokens.flatten(0, 1), valid.flatten(0, 1), adapter)
    return torch.einsum("pnd,pd->pn", states.view(*tokens.shape[:2], -1), head) + bias[:, None]
