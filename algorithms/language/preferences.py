"""Pairs of completions of one policy with the one that a noisy judge prefers (Bradley and Terry 1952)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from algorithms.language.generation import generate, repeat_prompts
from algorithms.language.stage import Stage, StageProgress, Stream, streams
from algorithms.language.texts import Texts
from envs.language.models.api import Adapter, CausalModel
from envs.seeding import Purpose
from envs.validation import UsageError

Judge = Callable[[Texts], Tensor]  # a score [P, n] of each text: gold, or a reward model's


class Pairs(NamedTuple):
    """n pairs of each member: the texts that were chosen [P, n, L], and those that were rejected."""

    chosen: Texts
    rejected: Texts


class Labelled(NamedTuple):
    """Pairs; how much better the judge finds the chosen text [P, n]; how many pairs have two equal texts [P]."""

    pairs: Pairs
    difference: Tensor
    equal: Tensor


def sample_pairs(
    model: CausalModel,
    policy: Adapter | None,
    prompts: Tensor,
    valid: Tensor,
    seeds: Sequence[int],
    judge: Judge,
    longest: int,
    sharpness: float,
    block: int = 64,
    purpose: Purpose = Purpose.TRAIN,
    tokens: Tensor | None = None,
    candidates: int = 2,
) -> Stage[Labelled]:
    """Two completions of the policy for each prompt [P, n, K]; the first is chosen with sigmoid(k (gold_1 - gold_2)).

    tokens      [C] those that may be written; all of the vocabulary without
    candidates  completions of a prompt, of which the best and the worst by gold are the pair
    k is the `sharpness`; where it is infinite, the better one is always chosen. All is drawn from each member's generators.
    """
    if not sharpness > 0:
        raise UsageError(f"the sharpness of labels must be above 0, not {sharpness}")
    if candidates < 2:
        raise UsageError(f"a pair is chosen from at least 2 completions of a prompt, not {candidates}")
    found: list[tuple[Texts, Tensor]] = []
    count = prompts.shape[1]
    for start in range(0, count, block):
        part = slice(start, start + block)
        many = repeat_prompts(prompts[:, part], valid[:, part], candidates)
        rngs = streams(tuple(seeds), Stream.COMPLETIONS, start, purpose=purpose)
        texts = generate(model, policy, *many, rngs, longest, tokens).texts
        best, gold = extremes(texts, judge(texts).float(), candidates)
        found.append((best.to("cpu"), gold.cpu()))
        yield StageProgress(min(start + block, count), count)
    texts = Texts(*(torch.cat(parts, 1) for parts in zip(*(t for t, _ in found), strict=True)))
    gold = torch.cat([g for _, g in found], 1)
    return label(texts, gold, seeds, sharpness, purpose)


def extremes(texts: Texts, gold: Tensor, candidates: int) -> tuple[Texts, Tensor]:
    """Best and worst of each `candidates` texts of [P, n candidates, L], one after the other, and their gold [P, 2 n]."""
    order = gold.view(len(gold), -1, candidates).argsort(dim=2, stable=True)  # of equal ones the order is theirs
    first = torch.arange(0, gold.shape[1], candidates, device=gold.device)[:, None]
    place = (order[:, :, [-1, 0]] + first).flatten(1)  # [P, 2 n]
    at = place[:, :, None].expand(-1, -1, texts.tokens.shape[-1])
    return Texts(*(x.gather(1, at) for x in texts)), gold.gather(1, place)


def label(
    texts: Texts, gold: Tensor, seeds: Sequence[int], sharpness: float, purpose: Purpose = Purpose.TRAIN
) -> Labelled:
    """Pairs of the texts 2 i and 2 i + 1 of [P, 2 n, L] with gold scores [P, 2 n]."""
    difference = gold[:, 0::2] - gold[:, 1::2]  # [P, n]
    chance = torch.where(difference == 0, torch.zeros_like(difference), sharpness * difference).sigmoid().numpy()
    rngs = streams(tuple(seeds), Stream.LABELS, purpose=purpose)
    first = torch.from_numpy(np.stack([rng.random(difference.shape[1]) for rng in rngs]) < chance)
    even, odd = (Texts(*(x[:, i::2] for x in texts)) for i in (0, 1))

    def where(chosen: Tensor) -> Texts:
        return Texts(*(torch.where(chosen[:, :, None], a, b) for a, b in zip(even, odd, strict=True)))

    equal = ((even.tokens == odd.tokens) | ~even.valid).all(-1) & (even.valid == odd.valid).all(-1)
    return Labelled(Pairs(where(first), where(~first)), torch.where(first, difference, -difference), equal.sum(1))
