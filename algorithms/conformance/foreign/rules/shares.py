"""Losses of a part of a batch that take counts of the whole: the gradients of the parts must add up to its gradient.

    ranks          mean over K ranks of the gradient on a rank's texts, with dp_size = K
    the whole      sum over parts of the gradient on a part, with the counts of the whole batch
    micro-batches  the number of parts in which the function itself takes the batch has no influence

Texts have unequal lengths, so a mean of the parts' means is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from algorithms.conformance.finding import Finding
from algorithms.conformance.foreign.adapters.adapter import Foreign
from algorithms.conformance.foreign.rules.changes import Pair, batches, difference, example, same
from algorithms.conformance.foreign.texts import Texts, part

CLOSE = 2e-5


def examine(foreign: Foreign) -> list[Finding]:
    """The rules that the function's parameters promise."""
    if foreign.kind == "advantages":
        return []
    found = []
    if foreign.takes & {"batch_tokens", "batch_rows"}:
        found.append(_finding(foreign, "the gradients of parts add up to that of the batch", _summed))
    if "ranks" in foreign.takes:
        found.append(_finding(foreign, "the mean gradient of ranks is that of the batch", _averaged))
    if "micro_batches" in foreign.takes:
        found.append(_finding(foreign, "the number of micro-batches has no influence", _split))
    return found


def _finding(foreign: Foreign, rule: str, combined: Callable[[Foreign, Texts], Tensor]) -> Finding:
    worst = 0.0
    for batch in batches(foreign):
        if len(batch.mask) < 2:
            continue
        with_counts = replace(batch, shares=batch.whole)
        whole, parts = foreign(with_counts), combined(foreign, with_counts)
        pair = Pair(batch, batch, same)
        off = difference(whole, parts, pair)
        worst = max(worst, torch.inf if off is None else off)
        if worst > CLOSE:
            text = example(foreign, pair, whole, parts).replace("after the change", "of the parts")
            return Finding(rule, False, f"expected no difference; seen {worst:.3g}", text)
    return Finding(rule, True, f"expected no difference; seen {worst:.2g}")


def _halves(batch: Texts) -> tuple[list[int], list[int]]:
    """Two parts, of which the first has one text."""
    rows = list(range(len(batch.mask)))
    return rows[:1], rows[1:]


def _summed(foreign: Foreign, batch: Texts) -> Tensor:
    return torch.cat([foreign(part(batch, rows)) for rows in _halves(batch)])


def _averaged(foreign: Foreign, batch: Texts) -> Tensor:
    with_counts = replace(batch, shares=batch.whole._replace(ranks=2))
    return torch.cat([foreign(part(with_counts, rows)) for rows in _halves(batch)]) / 2


def _split(foreign: Foreign, batch: Texts) -> Tensor:
    return foreign(replace(batch, shares=batch.whole._replace(micro_batches=len(batch.mask))))
