"""Supervised fine-tuning: each member's adapters maximise the likelihood of its own demonstrations.

loss_p = - sum log p(token | before) / number of tokens, over completions and their end tokens alone
(Ouyang et al. 2022, section 3.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from algorithms.language.adapters import Fitting, Stack, initial, remaining
from algorithms.language.stage import Stage, StageProgress, Stream
from algorithms.language.texts import Texts, in_blocks, log_probs
from algorithms.training.state import RunState
from envs.language.models.api import Adapter, CausalModel
from envs.language.models.low_rank import LowRank
from envs.seeding import Purpose


class Finetuned(NamedTuple):
    """Adapters, and each member's mean -log p a token [P] on held-out texts (NaN without)."""

    adapters: LowRank
    held_out: Tensor


def nll_per_token(model: CausalModel, texts: Texts, adapter: Adapter | None) -> Tensor:
    """Each member's mean -log p of scored tokens [P]."""
    return -log_probs(model, texts, adapter).sum((1, 2)) / texts.scored.sum((1, 2))


def finetune(
    model: CausalModel,
    texts: Texts,
    seeds: Sequence[int],
    config: Fitting,
    start: LowRank | None = None,
    held_out: Texts | None = None,
    state: RunState | None = None,
    state_every: int = 100,
    purpose: Purpose = Purpose.TRAIN,
) -> Stage[Finetuned]:
    """Fit adapters, new ones or those of `start`, to texts [P, n, L], one seed a member, on the device of the texts."""
    texts.check(model)
    begin = initial(model, config, seeds, purpose=purpose) if start is None else start
    stack = Stack(begin.to(texts.tokens.device), config)
    batches = config.minibatches(texts.tokens.shape[1], seeds, Stream.DEMONSTRATIONS, purpose)
    done = 0 if state is None else stack.restore(state)
    for step, index in remaining(batches, done):
        losses = nll_per_token(model, texts.pick(index), stack.adapters)
        stack.descend(losses, step, len(batches), seeds)
        yield StageProgress(step + 1, len(batches), {"loss": float(losses.detach().mean())})
        if (step + 1) % state_every == 0 and step + 1 < len(batches):
            yield stack.state(step + 1)
    fitted = stack.fitted
    return Finetuned(fitted, held_out_nll(model, held_out, fitted, len(seeds)))


def held_out_nll(model: CausalModel, texts: Texts | None, adapter: Adapter | None, members: int) -> Tensor:
    """Each member's mean -log p of the scored tokens [P] of texts [P, n, L]; NaN without texts."""
    if texts is None:
        return torch.full((members,), float("nan"))
    total = in_blocks(texts.check(model), lambda part: log_probs(model, part, adapter).sum(-1)).double().sum(1)
    return (-total / texts.scored.sum((1, 2))).float()
