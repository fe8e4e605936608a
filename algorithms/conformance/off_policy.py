"""Conformance rules for data sampled by another policy: credits and corrections that read pi / mu.

A credit that reads the ratios must follow V-trace (Espeholt et al. 2018, equations 1 and 4) in its response to one
reward at a time. With truncated ratios rho_t and c_t, and with the response on policy (ratios of 1) as the unit,

    d target_t / d r_k = rho_k prod_{t<=j<k} c_j        d q_t / d r_k = rho_t rho_k prod_{t<j<k} c_j    (k > t)

A correction is a weight. It is 1 if ratios are 1. Near 1 it is a ratio pi / mu, a product of ratios, or 0 or 1 if it
masks. It never exceeds the ratio. Only ratios above 1 are truncated.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from algorithms.conformance.credit import axes, consistent_rewards, credit_response, response, target_response
from algorithms.conformance.finding import Finding, close_to_zero
from algorithms.conformance.synthetic_rollouts import GAMMA, make_off_policy, synthetic_rollout, windows
from algorithms.estimators.estimator import Estimator, OffPolicyCredit, off_policy
from algorithms.estimators.importance_weights import Correction
from algorithms.estimators.rollout import Rollout

CLOSE = 1e-7
NUDGE = 1e-3  # of one log-probability
LEVELS = (-3.0, -1.0, -0.3, 0.1, 0.3, 1.0, 3.0)  # logarithms of the tested ratios


def examine(estimator: Estimator) -> list[Finding]:
    """The findings of all rules; empty if the estimator reads no ratios."""
    findings = []
    credit = off_policy(estimator.credit)
    if credit is not None and _reads_ratios(credit):
        for rollout, values in (windows(), synthetic_rollout(gamma=GAMMA)):
            findings += _traces(credit, make_off_policy(rollout), values)
    if estimator.correction is not None:
        findings += _correction(estimator.correction)
    return findings


def _reads_ratios(credit: OffPolicyCredit) -> bool:
    """Whether it declares bounds of ratios, responds to ratios, or has q itself as its target on policy."""
    rollout, values = windows()
    on = rollout.valid > 0
    plain, answer = credit(rollout, values)[on], credit(make_off_policy(rollout), values)[on]
    declares = any(hasattr(credit, name) for name in ("rho_max", "c_max"))
    return declares or not torch.equal(plain, answer) or torch.allclose(credit.target(rollout, values)[on], plain)


def _number(value: Any) -> float | None:
    return None if value is None else float(torch.as_tensor(value, dtype=torch.float64).reshape(-1)[0])


def _truncated(rule: str, weight: Tensor, ratio: Tensor, most: float | None) -> Finding:
    """The weight is min(ratio, most) if a bound is declared; else the ratio up to 1, and in [1, ratio] above."""
    if most is not None:
        return close_to_zero(rule, weight - ratio.clamp(max=most), CLOSE, f"min(pi / mu, {most:.3g})")
    off = torch.maximum(weight - ratio, ratio.clamp(max=1.0) - weight)
    return close_to_zero(rule, off.clamp(min=0.0), CLOSE, "pi / mu, truncated at 1 or above")


def _traces(credit: OffPolicyCredit, rollout: Rollout, values: Tensor) -> list[Finding]:
    """V-trace's weights, from the responses of q and of the target on policy and off policy."""
    on_policy, ratio, at = replace(rollout, current_logp=None), rollout.log_ratio.exp(), axes(rollout)
    q, q_on = (response(credit_response(credit, r, True), r, values) for r in (rollout, on_policy))
    v, v_on = (response(target_response(credit, r), r, values) for r in (rollout, on_policy))
    valid = rollout.valid > 0
    rho, rho_v = (x.diagonal(0, 0, 1).permute(2, 0, 1) for x in (q, v))  # [T, P, N]
    rho_max, c_max = _number(getattr(credit, "rho_max", None)), _number(getattr(credit, "c_max", None))
    findings = [
        _truncated("q weighs its own reward by rho", rho[valid], ratio[valid], rho_max),
        _truncated("the critic's target weighs its own reward by rho", rho_v[valid], ratio[valid], rho_max),
    ]
    if not all(finding.holds for finding in findings):
        return findings
    near = at.same_episode & (at.offset == 1) & (v_on.abs() > CLOSE)
    c = (torch.where(near, v, 0.0).sum(1) / torch.where(near, v_on, 0.0).sum(1).clamp(min=CLOSE)).where(
        near.any(1), 1.0
    )
    follows = torch.cat([rho[1:], torch.ones_like(rho[:1])])
    c = c / torch.where(near.any(1), follows, 1.0)
    has = near.any(1)
    findings.append(_truncated("later corrections are weighed by c", c[has], ratio[has], c_max))
    trace = _products(torch.where(has, c, 1.0))  # prod_{t<j<k} c_j
    later = at.same_episode & (at.offset > 0)
    expected_v = v_on * rho[None] * trace * torch.where(has, c, 1.0)[:, None]
    expected_q = q_on * rho[:, None] * rho[None] * trace
    findings.append(close_to_zero("the critic's target follows V-trace", (v - expected_v)[later], CLOSE, "equation 1"))
    findings.append(close_to_zero("q follows V-trace", (q - expected_q)[later], CLOSE, "equation 4"))
    still = consistent_rewards(rollout, values)
    for name, answer in (
        ("q", credit_response(credit, rollout, True)),
        ("the critic's target", target_response(credit, rollout)),
    ):
        off = (answer(still, values) - values[:-1])[valid]
        findings.append(close_to_zero(f"{name} is V off policy where all differences are 0", off, CLOSE, "V(s_t)"))
    return findings


def _products(c: Tensor) -> Tensor:
    """[T (t), T (k), P, N]: the product of c_j over t < j < k."""
    steps = len(c)
    made = torch.ones(steps, *c.shape, dtype=c.dtype)
    for t in range(steps):
        for k in range(t + 2, steps):
            made[t, k] = made[t, k - 1] * c[k - 1]
    return made


def _correction(correction: Correction) -> list[Finding]:
    """w as a function of a change in one log-probability, then in many."""
    rollout, _ = synthetic_rollout()
    valid, on = rollout.valid, rollout.valid > 0
    none = torch.zeros_like(valid)
    garbage = torch.where(on, 0.0, 3.0)
    findings = [
        close_to_zero("a correction is 1 on policy", (correction(none, valid) - 1)[on], CLOSE, "1"),
        close_to_zero(
            "a correction ignores rows that are not valid",
            (
                correction(make_off_policy(rollout).log_ratio + garbage, valid)
                - correction(make_off_policy(rollout).log_ratio, valid)
            )[on],
            CLOSE,
        ),
    ]
    kind = _kind_of_ratio(correction, valid)
    rule = "a correction weighs by pi / mu"
    if kind is None:
        detail = "expected the ratio of a step, of the steps so far, of the episode or a mask; seen another dependence"
        return [*findings, Finding(rule, False, detail)]
    return [
        *findings,
        Finding(rule, True, f"expected a ratio or a mask; seen {kind}"),
        _bounded(correction, valid, kind),
    ]


def _kind_of_ratio(correction: Correction, valid: Tensor) -> str | None:
    """The ratio that d log w_t / d x_k implies, in the longest episode of the first member; None if it is unknown."""
    steps, last = len(valid), int(valid[:, 0].sum(0).argmax())
    rows = int(valid[:, 0, last].sum())
    made = torch.zeros(steps, steps)
    for k in range(rows):
        x = torch.zeros_like(valid)
        x[k, 0, last] = NUDGE
        log_w = correction(x, valid).log() * valid
        made[:, k] = log_w[:, 0, last] / NUDGE
        log_w[:, 0, last] = 0
        if float(log_w.abs().max()) > CLOSE:
            return None
    seen, ones = made[:rows, :rows].double(), torch.ones(rows, rows).double()
    forms = {"the step": torch.eye(rows), "the steps so far": ones.tril(), "the episode": ones, "a mask": 0 * ones}
    forms["the episode, per step"] = ones / rows
    return next((name for name, form in forms.items() if float((seen - form).abs().max()) < 1e-4), None)


def _bounded(correction: Correction, valid: Tensor, kind: str) -> Finding:
    """w is min(ratio, cap) at ratios from e^-3 to e^3, 0 or 1 if it masks; w may also be 0 far from 1."""
    rule = "a correction is bounded above, never raised"
    on, cap = valid > 0, _number(getattr(correction, "cap", None))
    rows = valid.sum(0, keepdim=True).clamp(min=1)
    worst, masked = 0.0, False
    for level in LEVELS:
        x = valid * level / (rows if kind in ("the episode", "the steps so far", "a mask") else 1.0)
        w = correction(x, valid)[on]
        s = x.cumsum(0) if kind == "the steps so far" else (valid * level)
        ratio = s[on].exp()
        if kind == "a mask":
            off = torch.minimum(w.abs(), (w - 1).abs())
        else:
            kept = (w - ratio.clamp(max=cap)).abs() if cap is not None else _outside(w, ratio)
            off = torch.minimum(kept, torch.where(ratio.log().abs() > 0.2, w.abs(), torch.inf))
        worst, masked = max(worst, float(off.max())), masked or bool((w == 0).any())
    if kind == "a mask" and not masked:
        return Finding(rule, False, "expected a weight that differs from 1 for ratios of 1/20 or 20; seen 1 everywhere")
    expected = "0 or 1" if kind == "a mask" else f"min(ratio, {'a bound' if cap is None else f'{cap:.3g}'})"
    return Finding(rule, worst < CLOSE, f"expected {expected}; seen a largest difference of {worst:.2g}")


def _outside(w: Tensor, ratio: Tensor) -> Tensor:
    """Distance of w from the allowed values: the ratio up to 1, and the interval from 1 to the ratio above."""
    return torch.maximum(w - ratio, ratio.clamp(max=1.0) - w).clamp(min=0.0)
