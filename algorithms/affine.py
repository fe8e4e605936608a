"""Whether one array is another, times a positive number plus a number, in parts of a rollout."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from algorithms.estimators.rollout import Rollout

CLOSE = 1e-6


class Line(NamedTuple):
    """y = a x + b in each part [K], and the largest residual; `spread`: whether x differs within the part."""

    a: Tensor
    b: Tensor
    spread: Tensor
    residual: float


def parts(rollout: Rollout) -> dict[str, Tensor]:
    """Ways to divide the rows of a rollout: labels [T, P, N] of the parts."""
    steps, members, envs = rollout.valid.shape
    t, p = torch.arange(steps)[:, None, None], torch.arange(members)[:, None]
    group = (torch.arange(envs) // rollout.group).expand(steps, members, envs)
    groups = envs // rollout.group
    shape = (steps, members, envs)
    member = p.expand(shape)
    return {
        "member": member,
        "group": member * groups + group,
        "step": member * steps + t.expand(shape),
        "step of a group": (member * groups + group) * steps + t.expand(shape),
    }


def line(x: Tensor, y: Tensor, on: Tensor, label: Tensor) -> Line:
    """The least-squares line in each part, over rows that are `on`."""
    x, y, label = x[on], y[on], label[on]
    size = int(label.max()) + 1

    def mean(z: Tensor) -> Tensor:
        total = torch.zeros(size, dtype=z.dtype).index_add(0, label, z)
        return total / torch.bincount(label, minlength=size).clamp(min=1)

    mx, my = mean(x), mean(y)
    variance, covariance = mean((x - mx[label]) ** 2), mean((x - mx[label]) * (y - my[label]))
    spread = variance > 1e-12
    a = torch.where(spread, covariance / variance.clamp(min=1e-12), 0.0)
    b = my - a * mx
    return Line(a, b, spread, float((y - a[label] * x - b[label]).abs().max()))


def is_affine(x: Tensor, y: Tensor, rollout: Rollout) -> bool:
    """Whether y = a x + b on valid rows with a > 0, in every part of one of the divisions."""
    for label in parts(rollout).values():
        made = line(x, y, rollout.valid > 0, label)
        if made.residual < CLOSE and bool((made.a[made.spread] > 0).all()) and bool(made.spread.any()):
            return True
    return False
