"""Weighted means that are exact where all values are equal: Adam makes a full step of any rounding residue."""

from __future__ import annotations

import torch
from torch import Tensor

TINY = 1e-8  # least sum of weights


def largest(x: Tensor, weight: Tensor, dims: int | tuple[int, ...]) -> Tensor:
    """max x over `dims` where weight > 0, dimensions kept; 0 where no weight is positive."""
    top = torch.where(weight > 0, x, -torch.inf).amax(dims, keepdim=True)
    return torch.where(top.isneginf(), 0.0, top)


def mean(x: Tensor, weight: Tensor, dims: int | tuple[int, ...]) -> Tensor:
    """sum w x / sum w over `dims`, dimensions kept, computed as c + sum w (x - c) / sum w with c = max x where w > 0.

    Where all x of positive weight are equal it is x itself, bit for bit, so x - mean is exactly 0. c is a maximum, not the
    first value, so that the order of the episodes does not matter. It is 0 where no weight is positive.
    """
    centre = largest(x, weight, dims)
    return centre + (weight * (x - centre)).sum(dims, keepdim=True) / weight.sum(dims, keepdim=True).clamp(min=TINY)


def mean_of_others(x: Tensor, weight: Tensor, dim: int) -> Tensor:
    """sum_{j != i} w_j x_j / sum_{j != i} w_j for each place i along `dim`, the shape of x; exact where all x are equal."""
    centre = largest(x, weight, dim)
    moved = weight * (x - centre)
    others = weight.sum(dim, keepdim=True) - weight
    return centre + (moved.sum(dim, keepdim=True) - moved) / others.clamp(min=TINY)
