"""Low-rank adapters of a population over one frozen model (Hu et al. 2021, "LoRA", eq. 3)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class LowRank:
    """y + scale (x A_p) B_p in each adapted layer, where p is the member of a row.

    down  A [P, in, r] by layer     up  B [P, r, out] by layer; 0 at the start, so that nothing is changed
    """

    def __init__(self, down: Mapping[str, Tensor], up: Mapping[str, Tensor], scale: float = 1.0) -> None:
        self.down, self.up, self.scale = down, up, scale

    def __call__(self, layer: str, x: Tensor, y: Tensor) -> Tensor:
        if layer not in self.down:
            return y
        a, b = self.down[layer], self.up[layer]
        rows = x.reshape(len(a), -1, x.shape[-1])  # [P, N K, in]
        added = torch.bmm(torch.bmm(rows, a.to(x.dtype)), b.to(x.dtype))
        return torch.add(y, added.reshape(y.shape), alpha=self.scale)
