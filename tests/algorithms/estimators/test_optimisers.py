"""Optimisers step as torch's do, and clipping is each member's own."""

from __future__ import annotations

import pytest
import torch

from algorithms.estimators.optimisers import Adam, Optimiser, RMSprop
from algorithms.policies.population import clip


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(Adam(), torch.optim.Adam), (RMSprop(), lambda p, lr: torch.optim.RMSprop(p, lr, alpha=0.99, eps=1e-5))],
)
def test_optimisers_step_as_torchs_each_member_at_its_own_rate(ours: Optimiser, theirs: object) -> None:
    generator = torch.Generator().manual_seed(1)
    values = torch.randn(2, 5, generator=generator)
    rates = torch.tensor([[1e-2], [3e-1]])
    rows = [values[p].clone().requires_grad_() for p in range(2)]
    theirs_by_member = [theirs([row], lr=float(rate)) for row, rate in zip(rows, rates, strict=True)]  # type: ignore[operator]
    state = ours.initial(values)
    for _ in range(4):
        gradient = torch.randn(2, 5, generator=generator)
        ours.step(values, gradient.clone(), rates.expand(2, 5), state)
        for row, their_optimiser, g in zip(rows, theirs_by_member, gradient, strict=True):
            row.grad = g
            their_optimiser.step()
    torch.testing.assert_close(values, torch.stack([r.detach() for r in rows]), rtol=1e-5, atol=1e-6)


def test_clipping_is_each_members_own() -> None:
    gradient = torch.tensor([[3.0, 4.0], [0.3, 0.4], [float("nan"), 1.0]])
    norms = clip(gradient, 1.0)
    torch.testing.assert_close(gradient[:2], torch.tensor([[0.6, 0.8], [0.3, 0.4]]), rtol=1e-5, atol=1e-6)
    assert norms[:2].tolist() == pytest.approx([5.0, 0.5])
    assert norms[2].isnan()
