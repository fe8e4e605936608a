"""How a loss weighs positions: w_it in -d loss / d log pi_it = w_it A_it at ratio 1, with n_i positions that train.

sum        1                      episode   1 / B            token  1 / sum_j n_j
sequence   1 / (B n_i)            constant  1 / (B H)        H: the longest text allowed, or the width of the batch
"""

from __future__ import annotations

import torch
from torch import Tensor

from algorithms.conformance.foreign.adapters.adapter import Foreign
from algorithms.conformance.foreign.adapters.parameters import NAMES
from algorithms.conformance.foreign.rules.changes import batches
from algorithms.conformance.foreign.texts import Texts

SAYS = {
    "sum": "positions are summed",
    "episode": "texts are averaged, positions summed",
    "token": "all positions of the batch are averaged",
    "sequence": "positions of a text are averaged, then texts",
    "constant": "texts are averaged, positions summed and divided by the longest length allowed",
}
CLOSE = 1e-4
FEW = 0.1  # share of positions that a loss may select and treat differently


def slope(foreign: Foreign, batch: Texts) -> Tensor:
    """-d loss / d log pi over the advantage [B, L], or -d loss / d V over V's error; 0 where nothing trains."""
    error = batch.target - batch.new_value if foreign.kind == "value loss" else batch.advantage
    return torch.where(batch.train, foreign(batch) / torch.where(batch.train, error, 1.0), 0.0)


def forms(batch: Texts) -> dict[str, list[Tensor]]:
    """The weights [B, 1] of each name; several where conventions differ."""
    length, rows = batch.mask.sum(1, keepdim=True).clamp(min=1), len(batch.mask)
    one = torch.ones_like(length)
    longest = (NAMES["max_length"].make(batch), batch.mask.shape[1])
    return {
        "sum": [one],
        "episode": [one / rows],
        "token": [one / batch.mask.sum()],
        "sequence": [one / (rows * length)],
        "constant": [one / (rows * limit) for limit in longest],
    }


def means(foreign: Foreign) -> list[str]:
    """The names of the weights of a loss, read off a batch of texts of unequal lengths; empty: none of those known."""
    batch = batches(foreign)[-1]
    seen = slope(foreign, batch)
    return [name for name, those in forms(batch).items() if any(_equal(seen, w, batch) for w in those)]


def _equal(seen: Tensor, expected: Tensor, batch: Texts) -> bool:
    """Equal but for a few selected positions; a factor of 2 is that of a squared error."""
    off = [typical(((seen / (k * expected)) - 1).abs()[batch.train], FEW) for k in (1.0, 2.0)]
    return min(off) < CLOSE


def typical(off: Tensor, few: float) -> float:
    """The largest of these differences, but for this share of them."""
    ordered = off.nan_to_num(torch.inf).sort().values
    return float(ordered[: max(1, len(ordered) - int(few * len(ordered)))][-1])
