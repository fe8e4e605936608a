"""Samples of a task's reference policy on each of its prompts, with their gold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from algorithms.language.generation import generate, repeat_prompts
from algorithms.language.stage import Stage, StageProgress, Stream, streams
from envs.language.judged_mdp import JudgedMDP
from envs.language.samples import ABSENT, Samples
from envs.seeding import Purpose
from envs.validation import UsageError

TOGETHER = 1024  # texts of all members that are written at once


def draw_samples(
    mdp: JudgedMDP, seeds: Sequence[int], times: int, purpose: Purpose = Purpose.TRAIN, device: str = "cpu"
) -> Stage[Samples]:
    """`times` completions of each prompt by the reference policy of each seed; a member's depend on its seed alone."""
    if mdp.gold_judge is None:
        raise UsageError("samples are scored by gold, and this task has no gold judge")
    model, tokenizer = mdp.model.load(device), mdp.model.tokenizer()
    adapters = None if mdp.reference_adapters is None else mdp.reference_adapters.load(seeds, mdp.model, device)
    offered = torch.tensor(mdp.action_tokens, device=device)
    prompts = np.full((len(mdp.openings), mdp.prompt_length), ABSENT, np.int64)
    for row, opening in zip(prompts, mdp.openings, strict=True):
        row[len(row) - len(opening) :] = opening
    step = max(1, TOGETHER // (times * len(seeds)))
    parts = []
    for start in range(0, len(prompts), step):
        some = torch.from_numpy(prompts[start : start + step]).to(device).expand(len(seeds), -1, -1)
        many = repeat_prompts(some.clamp(min=0), some != ABSENT, times)
        rngs = streams(tuple(seeds), Stream.SAMPLES, start, purpose=purpose)
        written = generate(model, adapters, *many, rngs, mdp.longest, offered).texts
        completion = torch.where(written.scored, written.tokens, ABSENT)[..., mdp.prompt_length :]
        parts.append(completion.reshape(len(seeds), -1, times, mdp.longest).cpu().numpy())
        yield StageProgress(min(start + step, len(prompts)), len(prompts))
    completions = np.concatenate(parts, 1)  # [S, X, n, T]
    texts = [
        tokenizer.decode([*mdp.openings[x], *row[row != ABSENT].tolist()])
        for member in completions
        for x, rows in enumerate(member)
        for row in rows
    ]
    ended = (completions == tokenizer.end).any(-1)
    gold = mdp.gold_judge.score(texts, ended.reshape(-1), device).reshape(ended.shape)
    return Samples(np.array(seeds, np.int64), prompts, completions, gold)
