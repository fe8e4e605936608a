"""Conformance rules for the terms and factors of the objective: scales, the KL to a reference, the entropy bonus."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor

from algorithms.conformance.coefficients import LineFit, assess_rollout, fit_line, gradient_of, partitions
from algorithms.conformance.declared import reward_parts, scales
from algorithms.conformance.finding import Finding, close_to_zero
from algorithms.conformance.synthetic_rollouts import synthetic_rollout, with_tensors
from algorithms.estimators.estimator import AdvantageScale, EntropyBonus, Estimator
from algorithms.estimators.kl_penalty import KL, Kind
from algorithms.estimators.rollout import Rollout

CLOSE = 1e-6
LITTLE, MUCH = 2e-3, 0.1  # a scale whose distance from a common unit lies between these is a mistake
BETA = 0.3


def examine(estimator: Estimator, promised: bool) -> list[Finding]:
    """The findings of all rules.

    promised  whether the estimator's mean is promised, which tests its scale more strictly than common units do
    """
    findings = [*_entropy(estimator.entropy), *_kl(estimator.kl)]
    if estimator.scale is not None:
        findings += [*_scale(estimator, estimator.scale, promised), _even(estimator.scale)]
        findings += reward_parts.examine(estimator, estimator.scale)
    return findings


def _scale(estimator: Estimator, scale: AdvantageScale, promised: bool) -> list[Finding]:
    """A' = a A + b with a > 0 in every group or member, or a selection of the best, or ranks.

    b is 0, the same for all, or the number that centres A'.
    """
    rollout, values = synthetic_rollout()
    rollout = replace(rollout, parts=None, part_weights=None)  # rewards of several parts have rules of their own
    made, _ = assess_rollout(replace(estimator, scale=None, correction=None), rollout, values)
    with torch.no_grad():
        q = estimator.credit(rollout, values if estimator.baseline.critic else None)
        each = scale.each_minibatch
        scaled = scale.rows(made.advantage, rollout.valid) if each else scale(made.advantage, q, rollout)
        cubes = (made.advantage**3, q**3)
        ranked = scale.rows(cubes[0], rollout.valid) if each else scale(*cubes, rollout)
    rule = "a scale keeps the order of advantages"
    expected = "expected a A + b with a > 0 and b = 0, common or centring, or a selection of the best, or ranks"
    if _selects(scaled, q, rollout):
        return [Finding(rule, True, f"{expected}; seen a selection")]
    several = len(set(scaled[rollout.valid > 0].tolist())) > 2
    if several and torch.allclose(scaled, ranked) and _ordered(scaled[0], made.advantage[0], rollout.group):
        return [Finding(rule, True, f"{expected}; seen ranks")]
    on = rollout.valid > 0
    if name := scales.form(scale, scaled, made.advantage, q, rollout, promised):
        return [Finding(rule, True, f"{expected}; seen {name}")]
    for name, label in partitions(rollout).items():
        fit = fit_line(made.advantage, scaled, on, label)
        if fit.residual > CLOSE or not bool((fit.a[fit.spread] > 0).all()) or not bool(fit.spread.any()):
            continue
        if not _centred(fit, scaled, rollout, label, name):
            continue
        findings = [Finding(rule, True, f"{expected}; seen that in every {name}")]
        if not promised and name in ("member", "group"):
            findings.append(_unit(fit, made.advantage, q, rollout, name))
        return findings
    return [Finding(rule, False, f"{expected}; seen neither in any member, group or step")]


def _even(scale: AdvantageScale) -> Finding:
    """Rows that differ only in their position are scaled alike; in the test every row equals the first."""
    rollout, _ = synthetic_rollout()
    first = {name: x[:1].expand_as(x) for name, x in rollout.tensors().items()}
    going_on = dict.fromkeys(("valid", "discount", "continues"), torch.ones_like(rollout.valid))
    same = with_tensors(rollout, first | going_on)
    q = same.reward.clone()
    advantage = q - q.mean() / 3
    with torch.no_grad():
        made = scale.rows(advantage, same.valid) if scale.each_minibatch else scale(advantage, q, same)
    rule = "a scale does not depend on the number of a row"
    return close_to_zero(rule, made - made[:1], CLOSE, "equal rows scaled alike")


def _selects(scaled: Tensor, q: Tensor, rollout: Rollout) -> bool:
    """Whether some episodes have one positive number and the others of their group, with no larger return, have 0."""
    on = rollout.valid > 0
    values = sorted(set(scaled[on].tolist()))
    size = values[-1]
    if len(values) != 2 or values[0] != 0 or size <= 0 or CLOSE < abs(size - 1) < MUCH:
        return False
    taken = (scaled[0] > 0).reshape(len(scaled[0]), -1, rollout.group)
    whole = bool(((scaled > 0) == (scaled[:1] > 0))[on].all())
    returns = q[0].reshape(taken.shape)
    least, most = returns.where(taken, torch.inf).amin(-1), returns.where(~taken, -torch.inf).amax(-1)
    return whole and bool((least >= most).all())


def _ordered(scaled: Tensor, advantage: Tensor, group: int) -> bool:
    """Whether the first rows [P, N] of a group have the order of their advantages, and differ."""
    order = advantage.reshape(len(advantage), -1, group).argsort(-1)
    made = scaled.reshape(order.shape).gather(-1, order).diff(dim=-1)
    return bool((made >= -CLOSE).all()) and bool((made > CLOSE).any())


def _centred(fit: LineFit, scaled: Tensor, rollout: Rollout, label: Tensor, name: str) -> bool:
    """Whether b is 0, the same in the whole member, or makes the mean of A' (over rows or over episodes) 0."""
    if float(fit.b.abs().max()) < CLOSE or name == "member":
        return True

    def means(on: Tensor) -> Tensor:
        total = torch.zeros(len(fit.b), dtype=scaled.dtype).index_add(0, label[on], scaled[on])
        return total / torch.bincount(label[on], minlength=len(fit.b)).clamp(min=1)

    first = torch.zeros_like(rollout.valid)
    first[0] = 1
    return any(float(means(on).abs().max()) < CLOSE for on in (rollout.valid > 0, first > 0))


def _unit(fit: LineFit, advantage: Tensor, q: Tensor, rollout: Rollout, name: str) -> Finding:
    """a times the standard deviation or another common unit is 1 for one of these units, or far from 1 for all."""
    rule, a = "a scale divides by what it says", fit.a
    seen = []
    for unit in _units(advantage, q, rollout, name):
        kept = fit.spread & (unit > CLOSE)
        size = (a * unit)[kept]
        mean = float(size.mean())
        if float((size / mean - 1).abs().max()) < LITTLE:
            seen.append(mean)
    near = [x for x in seen if abs(x - 1) < MUCH]
    exact = [x for x in near if abs(x - 1) < LITTLE]
    holds = bool(exact) or not near
    times = f"times {(exact or near)[0]:.4g}" if near else "a unit of its own"
    return Finding(rule, holds, f"expected a common unit times 1; seen {times}")


def _units(advantage: Tensor, q: Tensor, rollout: Rollout, name: str) -> list[Tensor]:
    """Common units of each member or group [K]: 1, standard deviations (ddof 0 and 1) of returns and of advantages, and
    their root mean squares, mean absolute values and largest absolute values."""
    members, group = rollout.valid.shape[1], rollout.group
    groups = rollout.valid.shape[2] // group
    units = []

    def per_part(x: Tensor, each_group: bool) -> Tensor:
        made = x if each_group else x[:, None].expand(members, groups)
        return made.reshape(-1) if name == "group" else made[:, 0]

    for each_group in (True, False) if name == "group" else (False,):
        for x, on in ((q[:1], rollout.valid[:1]), (advantage, rollout.valid)):
            shape = (len(x), members, groups, group) if each_group else (len(x), members, -1)
            x, on, axes = x.reshape(shape), on.reshape(shape), (0, -1)
            count = on.sum(axes)
            mean = (x * on).sum(axes) / count
            centre = mean[None, ..., None]
            square, about = (x * x * on).sum(axes), (((x - centre) ** 2) * on).sum(axes)
            absolute, largest = (x.abs() * on).sum(axes) / count, (x.abs() * on).amax(axes)
            made = [(about / count).sqrt(), (about / (count - 1)).sqrt(), (square / count).sqrt(), absolute, largest]
            units += [per_part(unit, each_group) for unit in made]
    return [torch.ones_like(units[0]), *units]


def _kl(kl: KL) -> list[Finding]:
    """Value and derivative of the estimate, at x of both signs, equal those of the declared kind."""
    rollout, _ = synthetic_rollout()
    valid, rng = rollout.valid, np.random.default_rng(7)
    x = torch.from_numpy(rng.uniform(-1.5, 1.5, tuple(valid.shape))) + (1 - valid) * 5
    at = x.clone().requires_grad_()
    made = kl.estimate(at, valid)
    slope = gradient_of(made * valid, at)
    if getattr(kl, "kind", None) not in get_args(Kind):
        return [_any_kl(made.detach(), x, valid)]
    value, derivative = _closed_form(kl, x * valid, valid)
    kind = f"{kl.kind} of each {kl.over}"
    share = valid.sum(0, keepdim=True).clamp(min=1) if kl.over == "sequence" else 1.0
    beta = kl.coefficient(BETA)
    expected = BETA if kl.beta is None else kl.beta
    return [
        close_to_zero("the KL's estimate is of the kind declared", ((made - value / share) * valid), CLOSE, kind),
        close_to_zero("the KL's gradient is that of the kind declared", (slope - derivative) * valid, CLOSE, kind),
        Finding(
            "the KL is charged and not paid", beta == expected >= 0, f"expected beta {expected:.3g}; seen {beta:.3g}"
        ),
    ]


def _any_kl(made: Tensor, x: Tensor, valid: Tensor) -> Finding:
    """An estimate of another kind must be positive where the policy has a higher probability than the reference."""
    least = float(made[(valid > 0) & (x > 0)].min())
    return Finding(
        "the KL is charged and not paid", least > 0, f"expected k > 0 where pi > ref; seen {least:.3g} at least"
    )


def _closed_form(kl: KL, x: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """(k, dk/dx): k1 = x, k2 = x^2/2, k3 = exp(-x) - 1 + x, of a row or of the sum over the episode's rows."""
    x = x.sum(0, keepdim=True) * valid if kl.over == "sequence" else x
    forms = {
        "k1": (x, torch.ones_like(x)),
        "k2": (0.5 * x * x, x),
        "k3": ((-x).exp() - 1 + x, 1 - (-x).exp()),
    }
    return forms[kl.kind]


def _entropy(bonus: EntropyBonus) -> list[Finding]:
    """alpha is never negative, is 0 if the bonus is not active, and moves towards its target."""
    progress = torch.linspace(0, 1, 11, dtype=torch.float64)
    state = {name: value.double() for name, value in bonus.initial(len(progress)).items()}
    alpha = bonus(progress, state)
    least, most = float(alpha.min()), float(alpha.max())
    holds = least >= 0 and (most > 0) == bool(bonus.active)
    says = "above 0" if bonus.active else "0"
    seen = f"expected alpha {says}, never below 0; seen {least:.3g} to {most:.3g}"
    findings = [Finding("an entropy bonus rewards entropy", holds, seen)]
    start, end = (getattr(bonus, name, None) for name in ("start", "end"))
    if end is not None and start is not None:
        findings.append(_annealed(alpha, start, end))
    if getattr(bonus, "fraction", None) is not None:
        findings += _targeted(bonus)
    return findings


def _annealed(alpha: Tensor, start: Any, end: Any) -> Finding:
    first, last = (float(torch.as_tensor(x, dtype=torch.float64).reshape(-1)[0]) for x in (start, end))
    falls = all((b - a) * (last - first) >= 0 for a, b in pairwise(alpha.tolist()))
    holds = falls and abs(float(alpha[0]) - first) < CLOSE and abs(float(alpha[-1]) - last) < CLOSE
    detail = f"expected from {first:.3g} to {last:.3g}; seen from {float(alpha[0]):.3g} to {float(alpha[-1]):.3g}"
    return Finding("an annealed bonus runs from its start to its end", holds, detail)


def _targeted(bonus: Any) -> list[Finding]:
    """alpha rises below the target, falls above it and stays on it; members do not influence each other."""
    target = float(torch.as_tensor(bonus.fraction, dtype=torch.float64).reshape(-1)[0])
    fraction = torch.tensor([0.5 * target, target, 0.5 + 0.5 * target], dtype=torch.float64)
    state = {name: value.double() for name, value in bonus.initial(3).items()}
    none = torch.zeros(3, dtype=torch.float64)
    moved = bonus(none, bonus.update(fraction, state)) - bonus(none, state)
    holds = float(moved[0]) > 0 and abs(float(moved[1])) < CLOSE and float(moved[2]) < 0
    detail = f"expected alpha to rise, stay and fall; seen changes of {', '.join(f'{x:.2g}' for x in moved.tolist())}"
    louder = bonus(none, bonus.update(torch.tensor([0.5 * target, target, 0.0], dtype=torch.float64), state))
    same = louder[:2] - bonus(none, bonus.update(fraction, state))[:2]
    return [
        Finding("a bonus with a target moves towards it", holds, detail),
        close_to_zero("a member's bonus does not see the others", same, CLOSE),
    ]
