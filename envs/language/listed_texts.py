"""Exact results where all texts of a task can be listed: optimal policies under a KL penalty, best of n, and what they earn.

Axes: X prompts, which are equally probable, S = V^H texts of H words. Text s is the number whose digits to base V are its
words. `reference` [X, S] holds log-probabilities, a reward [X, S] is that of a whole text.
"""

from __future__ import annotations

import numpy as np

from envs.api import Doubles
from envs.language.frontier import Point

Levels = list[Doubles]  # for each word t, [X, V^t, V]


def log_sum_exp(x: Doubles) -> Doubles:
    """log sum exp over the last axis."""
    top = x.max(-1, keepdims=True)
    total: Doubles = top[..., 0] + np.log(np.exp(x - top).sum(-1))
    return total


def join_levels(levels: Levels) -> Doubles:
    """[X, S] log-probabilities of whole texts from those of each word."""
    total = np.zeros((len(levels[0]), 1))
    for level in levels:
        total = (total[..., None] + level).reshape(len(level), -1)
    return total


def optimal_value(reference: Doubles, reward: Doubles, beta: float) -> float:
    """J*_beta = mean over prompts of beta log E_reference exp(R / beta); of max R with beta 0.

    Rafailov et al. 2023, equations 4 and 5: max over pi of E[R] - beta KL(pi, reference) is beta log Z.
    """
    best = reward.max(-1) if not beta else beta * log_sum_exp(reference + reward / beta)
    return float(best.mean())


def tilted(reference: Doubles, reward: Doubles, beta: float) -> Doubles:
    """[X, S]: pi_beta(s | x) = reference(s | x) exp(R(x, s) / beta) / Z(x) (Rafailov et al. 2023, equation 4)."""
    x = reference + reward / beta
    return np.exp(x - log_sum_exp(x)[..., None])


def optimal_levels(levels: Levels, reward: Doubles, beta: float) -> Levels:
    """Probabilities of each word under the optimal policy, by backward induction over the tree of texts.

    With V_H = R:  Q = V_{t+1},  pi = reference exp((Q - V_t) / beta),  V_t = beta log E_reference exp(Q / beta); with beta
    0 the first best word, and V_t = max Q.
    """
    found, ahead = list[Doubles](), reward
    for level in levels[::-1]:
        q: Doubles = ahead.reshape(level.shape)
        if beta:
            x = level + q / beta
            top = log_sum_exp(x)
            found.append(np.exp(x - top[..., None]))
            ahead = beta * top
        else:
            found.append(np.eye(q.shape[-1])[q.argmax(-1)])
            ahead = q.max(-1)
    return found[::-1]


def best_of(reference: Doubles, reward: Doubles, n: int) -> Doubles:
    """[X, S]: probabilities of the best by reward of n texts of the reference; among equal ones the first that was drawn.

    With F(r) the probability that a text is worth at most r, the best is worth r with probability F(r)^n - F(r-)^n; among
    the texts of this worth it is distributed as the reference.
    """
    found = np.zeros_like(reference)
    for row, logp, values in zip(found, reference, reward, strict=True):
        _, place = np.unique(values.round(12), return_inverse=True)
        of_value = np.bincount(place, np.exp(logp))
        below = np.concatenate([[0.0], of_value.cumsum() / of_value.sum()])
        row[:] = (np.diff(below**n) / of_value)[place] * np.exp(logp)
    return found


def measure(policy: Doubles, reference: Doubles, proxy: Doubles, gold: Doubles) -> Point:
    """KL to the reference, proxy and gold of texts drawn from policy [X, S]."""
    log_ratio = np.log(np.where(policy > 0, policy, 1.0)) - np.where(policy > 0, reference, 0.0)
    return Point(*(float((policy * x).sum(-1).mean()) for x in (log_ratio, proxy, gold)))
