"""Low-rank adapters of a population over one frozen model (Hu et al. 2021, "LoRA", eq. 3)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class LowRank:
    """y + scale (x A_p) B_p in each adapted layer, where p is the member of a row; without gradients y is overwritten.

    down  A [P, in, r] by layer     up  B [P, r, out] by layer; 0 at the start, so that nothing is changed
    """

    def __init__(self, down: Mapping[str, Tensor], up: Mapping[str, Tensor], scale: float = 1.0) -> None:
        self.down, self.up, self.scale = down, up, scale

    def to(self, device: torch.device | str) -> LowRank:
        """The same on this device."""
        down, up = ({name: x.to(device) for name, x in part.items()} for part in (self.down, self.up))
        return LowRank(down, up, self.scale)

    def __call__(self, layer: str, x: Tensor, y: Tensor) -> Tensor:
        if layer not in self.down:
            return y
        a, b = self.down[layer], self.up[layer]
        rows = x.reshape(len(a), -1, x.shape[-1])  # [P, N K, in]
        inner, before = torch.bmm(rows, a.to(x.dtype)), y.reshape(*rows.shape[:2], -1)
        if torch.is_grad_enabled():
            return torch.baddbmm(before, inner, b.to(x.dtype), alpha=self.scale).view(y.shape)
        return before.baddbmm_(inner, b.to(x.dtype), alpha=self.scale).view(y.shape)
