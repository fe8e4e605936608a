"""Rules of functions from rewards to advantages: how a scale behaves where rewards hardly differ.

A(s) for rewards s r: if A does not depend on s, the function divides by a deviation. An epsilon that is added to it gives
1 / A(s) = a + b / s, one that is added to the variance 1 / A(s)^2 = a + b / s^2. Two sizes determine a and b, and a third
tests them; a floor under the variance fits neither.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from algorithms.conformance.finding import Finding
from algorithms.conformance.foreign.adapters.adapter import Foreign
from algorithms.conformance.foreign.rules.changes import Pair, batches, example, numbers, same
from algorithms.conformance.foreign.texts import Texts, texts

SPREADS = (1.0, 1e-2, 1e-4)
CLOSE = 0.05  # relative, for functions in single precision
CONSTANTS = (0.35, 0.1, 0.7)  # rewards that single precision cannot hold exactly


def examine(foreign: Foreign) -> list[Finding]:
    """The findings for a function of advantages; those of scales only for functions without a critic."""
    if foreign.kind != "advantages":
        return []
    found = [_finite(foreign)]
    if "values" not in foreign.takes:
        found.append(_single(foreign))
        if (finding := _spread(foreign)) is not None:
            found.append(finding)
    return found


def _finite(foreign: Foreign) -> Finding:
    rule = "advantages are numbers"
    batch = batches(foreign)[-1]
    made = foreign(batch)
    finite = bool(made[batch.train].isfinite().all())
    text = "" if finite else example(foreign, Pair(batch, batch, same), made, made)
    return Finding(rule, finite, f"expected finite advantages; seen {'them' if finite else 'others'}", text)


def _single(foreign: Foreign) -> Finding:
    """One text of a prompt is paid, all others have one and the same reward, in single precision.

    What is left of a difference by rounding must not become a divisor: with n positions no standardised number exceeds
    sqrt(n), and no baseline gives more than the range of rewards times G / (G - 1).
    """
    rule = "an advantage is of the size of the rewards' range, or of a standard score"
    bound, worst, text = 0.0, 0.0, ""
    for constant in CONSTANTS:
        batch = texts(1, 8, 2)
        score = torch.full((8,), constant, dtype=torch.float32)
        score[0] = 0.0 if constant == CONSTANTS[0] else 1.0
        done = batch.done().float()
        single = batch.each(reward=score[:, None] * done, mask=batch.mask.float(), baseline=torch.full((8,), constant))
        made = foreign(single)
        bound = max(4.0, float(batch.mask.sum()))
        size = float(made[single.train].abs().nan_to_num(torch.inf).max())
        if size > worst:
            worst = size
            text = f"rewards of the texts {numbers(score.double())}\nadvantages {numbers(made)}"
    holds = worst <= bound
    return Finding(rule, holds, f"expected at most {bound:g}; seen {worst:.4g}", "" if holds else text)


def _spread(foreign: Foreign) -> Finding | None:
    """None for a function whose advantages follow the size of rewards."""
    rule = "a deviation is the divisor, with at most an epsilon added to it"
    batch = texts(1, 4, 1)
    made = [foreign(replace(batch, reward=s * batch.reward, baseline=s * batch.baseline)) for s in SPREADS]
    size = [_size(a, batch) for a in made]
    if min(size) == 0 or abs(size[1] / size[0] - 1) > 0.2:
        return None
    expected = [_with_epsilon(size, power) for power in (1, 2)]
    off = min(abs(size[2] / one - 1) for one in expected)
    holds = off < CLOSE
    text = f"rewards {numbers(SPREADS[2] * batch.reward[:, 0])}\nadvantages {numbers(made[2][:, 0])}"
    detail = f"expected advantages of size {expected[0]:.3g} where rewards differ by 1e-4; seen {size[2]:.3g}"
    return Finding(rule, holds, detail, "" if holds else text)


def _with_epsilon(size: list[float], power: int) -> float:
    """A at the third spread, if 1 / A^power = a + b / s^power: an epsilon beside the deviation (1) or the variance (2)."""
    y, x = [a**-power for a in size], [s**-power for s in SPREADS]
    b = max((y[1] - y[0]) / (x[1] - x[0]), 0.0)
    return float((y[0] + b * (x[2] - x[0])) ** (-1 / power))


def _size(advantage: Tensor, batch: Texts) -> float:
    return float(advantage[batch.train].abs().max())
