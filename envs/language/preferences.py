"""A reward model for listed texts: Bradley-Terry with a weight for each word, fitted on noisy comparisons."""

from __future__ import annotations

import numpy as np

from envs.api import Doubles, Ints

RIDGE = 1.0  # prior precision of the weights
STEPS = 25  # of Newton's method
LARGEST = 700.0  # e to a larger power is no number of float64


def draw_pairs(reference: Doubles, pairs: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """(prompt [pairs], texts [2, pairs]): both texts of a pair are drawn from log-probabilities [X, S] of its prompt."""
    prompt = rng.integers(len(reference), size=pairs)
    cumulative = np.exp(reference).cumsum(1)
    places = rng.random((2, pairs)) * cumulative[prompt, -1]
    return prompt, np.stack([(place[:, None] >= cumulative[prompt]).sum(1) for place in places])


def label(gold: Doubles, sharpness: float, noise: float, rng: np.random.Generator) -> Doubles:
    """[pairs] 1 where the first of two texts with gold scores [2, pairs] wins, else 0.

    P(first wins) = sigmoid(sharpness (gold_1 - gold_2)); a share `noise` of the labels is turned round.
    """
    gap = np.clip(sharpness * (gold[0] - gold[1]), -LARGEST, LARGEST)
    wins = rng.random(gold.shape[1]) < 1 / (1 + np.exp(-gap))
    return (wins != (rng.random(gold.shape[1]) < noise)).astype(np.float64)


def fit_bradley_terry(features: Doubles, won: Doubles) -> Doubles:
    """Weights [F] of P(first wins) = sigmoid(w . (features_1 - features_2)), features [2, pairs, F], by Newton's method.

    Maximum likelihood with a ridge (Bradley and Terry 1952; the loss of Ouyang et al. 2022, equation 1, for a linear model).
    """
    x = features[0] - features[1]
    w = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-x @ w))
        hessian = (x * (p * (1 - p))[:, None]).T @ x + RIDGE * np.eye(len(w))
        w += np.linalg.solve(hessian, x.T @ (won - p) - RIDGE * w)
    return w
