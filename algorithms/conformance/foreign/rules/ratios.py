"""Rules of losses: at ratio 1 the gradient is a weight times the advantage; off policy a ratio weighs it, or a clip.

f_it = (-d loss / d log pi_it) / (w_it A_it), with w_it from ratio 1, as conformance/surrogate.py has it for our surrogates.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from algorithms.conformance.finding import Finding
from algorithms.conformance.foreign.adapters.adapter import Foreign
from algorithms.conformance.foreign.rules.changes import Pair, batches, example, same
from algorithms.conformance.foreign.rules.weights import FEW, slope, typical
from algorithms.conformance.foreign.texts import Texts

CLOSE = 1e-4
NUDGE = 1e-3
BACK = (0.7, 0.9, 1.1, 1.4)  # ratios at which a step that goes back keeps its gradient
SMALL = 1e-3


def examine(foreign: Foreign) -> list[Finding]:
    """The findings for a loss; later rules only if the gradient at ratio 1 is right."""
    if foreign.kind == "advantages" or not foreign.takes & {"advantages", "new_values"}:
        return []  # a loss that scores texts itself has no advantages to be held against
    batch = batches(foreign)[-1]
    at_one = slope(foreign, batch)
    found = [_downhill(foreign, batch, at_one)]
    if foreign.kind == "loss" and found[0].holds:
        found.append(_proportional(foreign, batch, at_one))
        if {"old_logp", "logp"} <= foreign.takes and found[-1].holds:
            found += [_direction(foreign, batch, at_one), _steps_back(foreign, batch, at_one)]
    return found


def moved(batch: Texts, log_ratio: float) -> Texts:
    """The batch with this log pi - log mu on every position that trains."""
    return batch.each(old_logp=batch.logp - log_ratio * batch.mask)


def _downhill(foreign: Foreign, batch: Texts, at_one: Tensor) -> Finding:
    """A step down the loss raises log pi where A > 0 and lowers it where A < 0; it moves V towards its target."""
    toward = "V moves towards its target" if foreign.kind == "value loss" else "log pi moves with the advantage"
    on = at_one[batch.train]
    wrong = float((on <= 0).double().mean()) if bool(on.isfinite().all()) else 1.0
    holds = wrong <= FEW
    seen = f"expected that of every position; seen the opposite, or nothing, at {100 * wrong:.0f} % of them"
    text = "" if holds else _smallest(foreign)
    return Finding(f"a step down the loss is a step up: {toward}", holds, seen, text)


def _smallest(foreign: Foreign) -> str:
    batch = batches(foreign)[1]
    made = foreign(batch)
    return example(foreign, Pair(batch, batch, same), made, made).replace(", after the change", ", again")


def _proportional(foreign: Foreign, batch: Texts, at_one: Tensor) -> Finding:
    """Other advantages, of other signs, have the same weights."""
    flip = torch.where(torch.arange(len(batch.mask)) % 3 == 0, -1.7, 0.6).double()[:, None]
    other = slope(foreign, batch.each(advantage=batch.advantage * flip))
    off = typical((other / at_one - 1).abs()[batch.train], 2 * FEW)
    detail = f"expected weights that do not depend on advantages; seen a largest relative difference of {off:.2g}"
    return Finding("at ratio 1 the gradient is the advantage times a weight", off < CLOSE, detail)


def relative(foreign: Foreign, batch: Texts, at_one: Tensor, log_ratio: float) -> Tensor:
    """f [B, L] at this log ratio; 0 where nothing trains, and on positions that were selected at ratio 1."""
    off_policy = slope(foreign, moved(batch, log_ratio))
    return torch.where(at_one > 0, off_policy / torch.where(at_one > 0, at_one, 1.0), 0.0) * batch.mask


def _direction(foreign: Foreign, batch: Texts, at_one: Tensor) -> Finding:
    """The power of pi / mu in f near 1, as a median over texts of either sign: -1 for both is the inverse ratio."""
    up, down = (relative(foreign, batch, at_one, x) for x in (NUDGE, -NUDGE))
    powers = []
    for sign in (1, -1):
        on = batch.train & (batch.advantage * sign > 0) & (up > 0) & (down > 0)
        powers.append(float(((up[on] / down[on]).log() / (2 * NUDGE)).median()) if bool(on.any()) else 0.0)
    holds = max(powers) > -0.5
    seen = f"expected a power of pi / mu of 0 or more; seen {powers[0]:.2f} where A > 0, {powers[1]:.2f} where A < 0"
    return Finding("the ratio is pi / mu", holds, seen)


def _steps_back(foreign: Foreign, batch: Texts, at_one: Tensor) -> Finding:
    """Where A and rho - 1 disagree, the step goes back towards ratio 1: it is not stopped, and not turned round."""
    broken = []
    for ratio in BACK:
        f = relative(foreign, batch, at_one, math.log(ratio))
        on = batch.train & ((ratio - 1) * batch.advantage < 0) & (at_one > 0)
        if bool(on.any()) and float((f[on] < SMALL).double().mean()) > FEW:
            broken.append(f"f = {float(f[on].min()):.3g} at A {'>' if ratio < 1 else '<'} 0, ratio {ratio}")
    detail = f"expected a gradient that stays; seen {'; '.join(broken) or 'that'}"
    return Finding("a clip stops only steps that went far enough", not broken, detail)
