"""Forms that a scale may have beside a line: a verdict, a gate, an exponential, or a transform whose mean is promised.

Each is recognised by what it does to the advantages of a synthetic rollout, never by its name.
"""

from __future__ import annotations

import torch
from torch import Tensor

from algorithms.conformance.coefficients import fit_line
from algorithms.estimators.estimator import AdvantageScale
from algorithms.estimators.rollout import Rollout

CLOSE = 1e-6


def form(
    scale: AdvantageScale, scaled: Tensor, advantage: Tensor, q: Tensor, rollout: Rollout, promised: bool
) -> str | None:
    """The name of the form that A' = `scaled` has; None for another. A scale whose `gates` is True has a gate for each row.

    promised  whether the mean of the estimator is promised, which tests the size of a transform
    """
    if _judges(scaled, q, rollout):
        return "a verdict"
    if getattr(scale, "gates", False) and _gates(scaled, advantage, rollout):
        return "a gate that rises with the delight"
    if _is_exponential(scaled, advantage, rollout):
        return "an exponential"
    if not promised or scale.each_minibatch:
        return None
    right = (q > q[:1].median()).to(q)  # such transforms may be of rewards of 0 or 1 only
    for made, returns in ((scaled, q), (scale(right - right.mean(), right, rollout), right)):
        if _keeps_order_of_groups(made, returns, rollout):
            return "a transform of a group's returns in their order"
    return None


def _judges(scaled: Tensor, q: Tensor, rollout: Rollout) -> bool:
    """Whether episodes with a positive return have one positive number and the others one negative number."""
    on = rollout.valid > 0
    values = sorted(set(scaled[on].tolist()))
    if len(values) != 2 or not values[0] < 0 < values[1]:
        return False
    return bool(((scaled > 0) == (q[:1] > 0))[on].all())


def _gates(scaled: Tensor, advantage: Tensor, rollout: Rollout) -> bool:
    """Whether A' = g A with one curve 0 <= g <= 1 that does not fall in A times -log pi."""
    on = (rollout.valid > 0) & (advantage.abs() > CLOSE)
    gate = (scaled / advantage)[on]
    order = (-advantage * rollout.logp)[on].argsort()
    inside = bool((gate >= 0).all()) and bool((gate <= 1).all())
    return inside and bool((gate[order].diff() >= -CLOSE).all()) and float(gate.max() - gate.min()) > 0.1


def _is_exponential(scaled: Tensor, advantage: Tensor, rollout: Rollout) -> bool:
    """Whether A' is exp(a A + b) with a > 0 in each member, up to a common cap, or 0 on its lowest rows."""
    valid = rollout.valid > 0
    if bool((scaled[valid] < 0).any()):
        return False
    steps, members, envs = advantage.shape
    label = torch.arange(members)[:, None].expand(steps, members, envs)
    top = torch.stack([scaled[:, p][valid[:, p]].amax() for p in range(members)])[:, None]
    capped = (scaled >= top * (1 - 1e-9)) & valid
    open_rows = valid & (scaled > 0) & ~capped
    for p in range(members):
        cut, kept = valid[:, p] & (scaled[:, p] == 0), valid[:, p] & (scaled[:, p] > 0)
        if bool(cut.any()) and float(advantage[:, p][cut].max()) >= float(advantage[:, p][kept].min()):
            return False
        inside = open_rows[:, p]
        least = advantage[:, p][capped[:, p]].min()
        if int(inside.sum()) < 2 or float(advantage[:, p][inside].max()) > float(least):
            return False
    fit = fit_line(advantage, scaled.clamp(min=1e-30).log(), open_rows, label)
    return fit.residual < CLOSE and bool((fit.a > 0).all())


def _keeps_order_of_groups(scaled: Tensor, q: Tensor, rollout: Rollout) -> bool:
    """Whether all rows of an episode have one number, which rises with the return within each group."""
    on = rollout.valid > 0
    if float((scaled - scaled[:1])[on].abs().max()) > CLOSE:
        return False
    returns, made = (x[0].reshape(len(x[0]), -1, rollout.group) for x in (q, scaled))
    order = returns.argsort(-1)
    rises = made.gather(-1, order).diff(dim=-1)
    return bool((rises >= -CLOSE).all()) and bool((rises > CLOSE).any())
