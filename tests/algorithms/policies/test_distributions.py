"""Distributions over actions: torch's densities, and samples with the right frequencies."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from algorithms.policies.distributions import FEW_ACTIONS, ILLEGAL, Categorical, Gaussian, log_softmax, masked, softmax
from envs.api import Box, Discrete


def test_heads_agree_with_torch_distributions() -> None:
    generator = torch.Generator().manual_seed(0)
    out = torch.randn(5, 2, 3, 4, generator=generator, dtype=torch.float64)
    action = torch.randint(4, (5, 2, 3), generator=generator)
    theirs = torch.distributions.Categorical(logits=out)
    logp, entropy = Categorical(Discrete(4)).log_prob_entropy(out, action)
    torch.testing.assert_close(logp, theirs.log_prob(action))
    torch.testing.assert_close(entropy, theirs.entropy())
    mean, log_std = out.chunk(2, -1)
    normal = torch.distributions.Independent(torch.distributions.Normal(mean, log_std.exp()), 1)
    x = torch.randn(5, 2, 3, 2, generator=generator, dtype=torch.float64)
    logp, entropy = Gaussian(Box((-1.0, -1.0), (1.0, 1.0))).log_prob_entropy(out, x)
    torch.testing.assert_close(logp, normal.log_prob(x))
    torch.testing.assert_close(entropy, normal.entropy())


def test_categorical_samples_its_probabilities_and_never_what_is_masked() -> None:
    head, n = Categorical(Discrete(4)), 40_000
    mask = torch.tensor([False, True, True, False])
    out = masked(torch.tensor([9.0, 0.0, 1.0, 9.0]).expand(n, 4), mask)
    assert out[0, 0] == ILLEGAL
    noise = head.noise(np.random.default_rng(0), (n,))
    noise[:2] = 0.0, 1 - 2**-24  # the ends of the interval
    drawn = head.sample(out.numpy(), noise)
    assert set(drawn.tolist()) == {1, 2}
    p = 1 / (1 + np.e)
    assert (drawn == 1).mean() == pytest.approx(p, abs=4 * (p * (1 - p) / n) ** 0.5)


@pytest.mark.parametrize("actions", [2, FEW_ACTIONS, FEW_ACTIONS + 1])
def test_both_ways_to_a_softmax_are_torchs(actions: int) -> None:
    out = torch.randn(3, 2, 5, actions, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(softmax(out), out.softmax(-1), rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(log_softmax(out), out.log_softmax(-1), rtol=1e-14, atol=1e-14)
