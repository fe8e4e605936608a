"""What a rule of a conformance kit found."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Finding:
    """One rule, whether it holds, and by how much it is missed."""

    rule: str
    holds: bool
    detail: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.holds else 'FAIL'} {self.rule}: {self.detail}"


def close_to_zero(rule: str, off: Tensor, close: float) -> Finding:
    """The rule holds where no entry of `off` is as large as `close`."""
    worst = float(off.abs().max())
    return Finding(rule, worst < close, f"largest difference {worst:.2g}")
