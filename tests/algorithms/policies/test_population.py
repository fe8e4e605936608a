"""The flat matrix of a population's parameters and gradients."""

from __future__ import annotations

import torch
from torch import nn

from algorithms.policies.population import Flat


def test_a_gradient_is_written_as_a_whole_and_a_missing_one_is_zero() -> None:
    """Two members; parameters of 2 and of 1 numbers. What stood there before goes."""
    module = nn.ParameterDict({"a": torch.zeros(2, 1, 2), "b": torch.zeros(2, 1)})
    flat = Flat(module)
    flat.gradient.fill_(9.0)
    flat.set_gradient([torch.tensor([[[1.0, 2.0]], [[3.0, 4.0]]]), None])
    assert flat.gradient.tolist() == [[1.0, 2.0, 0.0], [3.0, 4.0, 0.0]]
