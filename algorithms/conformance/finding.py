"""The result of one conformance rule."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Finding:
    """One rule, whether it holds, and what was expected and seen; `example` is the smallest batch that breaks it."""

    rule: str
    holds: bool
    detail: str
    example: str = ""

    def __str__(self) -> str:
        return f"{'ok  ' if self.holds else 'FAIL'} {self.rule}: {self.detail}"


def close_to_zero(rule: str, off: Tensor, close: float, expected: str = "no difference") -> Finding:
    """The rule holds if every entry of `off` is smaller than `close` in absolute value."""
    worst = float(off.detach().abs().max()) if off.numel() else 0.0
    return Finding(rule, worst < close, f"expected {expected}; seen a largest difference of {worst:.2g}")
