"""Sampling completions for a population, with the model's cache, each member from its own generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from algorithms.language.texts import Texts
from envs.api import Ints
from envs.language.models.api import Adapter, CausalModel
from envs.validation import UsageError


class Completions(NamedTuple):
    """What members have written after their prompts.

    texts      [P, N, K + T] the prompts and what follows; a completion's end token is scored as its other tokens
    log_probs  [P, N, T] of each token that was drawn, 0 after the end
    ended      [P, N] whether the end token was drawn; the others were cut after T tokens
    """

    texts: Texts
    log_probs: Tensor
    ended: Tensor


@torch.no_grad()
def generate(
    model: CausalModel,
    adapter: Adapter | None,
    prompts: Tensor,
    valid: Tensor,
    rngs: Sequence[np.random.Generator],
    longest: int,
    tokens: Tensor | None = None,
) -> Completions:
    """Draw completions of up to `longest` tokens at temperature 1 for prompts [P, N, K], padded on the left.

    tokens  [C] those that may be drawn; all of the vocabulary without
    A member draws `longest` x N uniform numbers, so it writes the same alone and among others.
    """
    p, n, _ = prompts.shape
    _check(model, prompts, valid, longest)
    noise = np.stack([rng.random((longest, n)) for rng in rngs], 1).reshape(longest, p * n)
    written = torch.full((p * n, longest), model.end or 0, device=prompts.device)
    real = torch.zeros(p * n, longest, dtype=torch.bool, device=prompts.device)
    logp = torch.zeros(p * n, longest, device=prompts.device)
    going = torch.ones(p * n, dtype=torch.bool, device=prompts.device)
    new, seen, cache = prompts.flatten(0, 1), valid.flatten(0, 1), None
    for t in range(longest):
        hidden, cache = model.hidden(new, seen, cache, adapter)
        scores = model.logits(hidden[:, -1], tokens).float().log_softmax(-1)  # [M, C]
        drawn = torch.from_numpy(inverse_cdf(scores.cpu().numpy(), noise[t])).to(scores.device)
        token = drawn if tokens is None else tokens[drawn]
        found = scores.gather(1, drawn[:, None])[:, 0]
        written[:, t] = torch.where(going, token, written[:, t])
        logp[:, t], real[:, t] = found * going, going
        new, seen = written[:, t, None], going[:, None]
        if model.end is not None:
            going = going & (token != model.end)
        if not bool(going.any()):
            break
    drawn_tokens, drawn_here = written.view(p, n, longest), real.view(p, n, longest)
    texts = Texts(
        torch.cat([prompts, drawn_tokens], 2),
        torch.cat([valid, drawn_here], 2),
        torch.cat([torch.zeros_like(valid), drawn_here], 2),
    )
    return Completions(texts, logp.view(p, n, longest), ~going.view(p, n))


def inverse_cdf(log_probs: np.ndarray, noise: np.ndarray) -> Ints:
    """The number of tokens [M] whose cumulative probability (log_probs [M, C]) is at most the uniform noise [M]."""
    cumulative = np.exp(log_probs, dtype=np.float64).cumsum(1)
    # (1 - 1e-9): rounding must not raise the threshold to the total, past the last token
    threshold = noise * cumulative[:, -1] * (1 - 1e-9)
    drawn: Ints = (cumulative <= threshold[:, None]).sum(1)
    return drawn


def repeat_prompts(prompts: Tensor, valid: Tensor, times: int) -> tuple[Tensor, Tensor]:
    """Each prompt of [P, n, K] `times` times, one after another: [P, n times, K]."""
    return prompts.repeat_interleave(times, 1), valid.repeat_interleave(times, 1)


def _check(model: CausalModel, prompts: Tensor, valid: Tensor, longest: int) -> None:
    if longest < 1:
        raise UsageError(f"a completion has at least one token, not {longest}")
    if not bool(valid[..., -1].all()):
        raise UsageError("prompts are padded on the left: the last token of a prompt cannot be padding")
    if (whole := int(valid.sum(-1).max()) + longest) > model.context:
        raise UsageError(f"prompt and completion take {whole} tokens, more than the model's context of {model.context}")
