"""Weighted means that are exact if all values are equal, because Adam turns any rounding error into a full step."""

from __future__ import annotations

import torch
from torch import Tensor

TINY = 1e-8  # smallest sum of weights


def largest(x: Tensor, weight: Tensor, dims: int | tuple[int, ...]) -> Tensor:
    """max x over `dims` where weight > 0, dimensions kept; 0 where no weight is positive."""
    top = torch.where(weight > 0, x, -torch.inf).amax(dims, keepdim=True)
    return torch.where(top.isneginf(), 0.0, top)


def mean(x: Tensor, weight: Tensor, dims: int | tuple[int, ...]) -> Tensor:
    """sum w x / sum w over `dims`, dimensions kept, computed as c + sum w (x - c) / sum w with c = max x where w > 0.

    If all x of positive weight are equal, the mean is x bit for bit, so x - mean is exactly 0. c is the maximum and not
    the first value, so the order of the episodes does not matter. The mean is 0 if no weight is positive.
    """
    centre = largest(x, weight, dims)
    return centre + (weight * (x - centre)).sum(dims, keepdim=True) / weight.sum(dims, keepdim=True).clamp(min=TINY)


def mean_of_others(x: Tensor, weight: Tensor, dim: int) -> Tensor:
    """sum_{j != i} w_j x_j / sum_{j != i} w_j for each index i along `dim`, in the shape of x; exact if all x are equal."""
    centre = largest(x, weight, dim)
    moved = weight * (x - centre)
    others = weight.sum(dim, keepdim=True) - weight
    return centre + (moved.sum(dim, keepdim=True) - moved) / others.clamp(min=TINY)
