"""Measures of sets of texts: how diverse they are, and how often they are better than other texts on the same prompt."""

from __future__ import annotations

import numpy as np

from envs.api import Doubles, Ints
from envs.text_mdp import PAD


def distinct_bigrams(answers: Ints) -> float:
    """Different bigrams / bigrams over all answers [N, T] together, PAD after their end; 0 without any bigram.

    The distinct-2 of Li et al. 2016, "A diversity-promoting objective function for neural conversation models", section 5.
    """
    first, second = answers[:, :-1], answers[:, 1:]
    real = (first != PAD) & (second != PAD)
    pairs = np.stack([first[real], second[real]], 1)
    return len(np.unique(pairs, axis=0)) / max(len(pairs), 1)


def win_rate(score: Doubles, others: Doubles) -> Doubles:
    """[M] the share of each text's opponents [M, n] with a lower score than its own [M]; equal scores count half."""
    own = score[:, None]
    return ((others < own) + 0.5 * (others == own)).mean(1)


def agreement(one: Doubles, other: Doubles) -> Doubles:
    """[P, N] share of a member's other texts that both scores [P, N] put on the same side of a text; a tie counts half."""
    sides = [np.sign(x[:, :, None] - x[:, None, :]) for x in (one, other)]
    same = (1 + sides[0] * sides[1]) / 2
    count = one.shape[1]
    return (same.sum(2) - 0.5) / (count - 1) if count > 1 else np.full(one.shape, 0.5)
