"""Disjoint prompts for training and for testing, split by a fixed hash of their tokens."""

from __future__ import annotations

from typing import get_args

import numpy as np

from envs.api import Bools, Ints
from envs.text_mdp import Prompts, Split

SPLITS = get_args(Split)
HELD_OUT = 5  # one prompt in this number is a test prompt
ROUNDS = 200  # attempts to draw a prompt of a split; each succeeds with probability at least 1/5


def held_out(prompt: Ints) -> Bools:
    """[M]: whether prompts [M, K] belong to the test split: one in five, by a fixed hash of their tokens."""
    h = np.full(len(prompt), 0x9E3779B97F4A7C15, np.uint64)
    for column in prompt.T.astype(np.uint64):
        h = (h ^ column) * np.uint64(0xBF58476D1CE4E5B9)
        h ^= h >> np.uint64(29)
    return (h >> np.uint64(17)) % np.uint64(HELD_OUT) == 0


def select_split(prompts: Prompts, split: str) -> Prompts:
    """The prompts of "train" or "test", with normalised probabilities; "all" and "ood" are not changed."""
    if split not in ("train", "test"):
        return prompts
    keep = held_out(prompts.tokens) == (split == "test")
    if not keep.any():
        raise ValueError(f"none of the {len(keep)} prompts falls into the split {split!r}: make the task larger")
    mass = prompts.probability[keep]
    hidden = None if prompts.hidden is None else prompts.hidden[keep]
    return Prompts(prompts.tokens[keep], mass / mass.sum(), hidden)
