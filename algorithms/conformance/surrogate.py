"""Conformance rules for surrogates: f = (d L / d log pi) / A, as a function of rho = pi / mu.

Every correct surrogate has f = 1 at rho = 1, where its gradient is the policy gradient. Near 1, f = rho, or f = 1 if no
ratio is used (algorithms.estimators.surrogate.Score). Further away it may clip, but only a step that moves away from 1:

    A > 0, rho above: 0 (clipped) or the bound (a capped weight)         A < 0, rho below: the same
    A > 0, rho below: rho, the step goes back                            A < 0, rho above: the same

For a surrogate of whole episodes, rho is the product or the geometric mean of the episode's ratios. Surrogates that
declare a mask, a weight or a penalty are held to it (declared.trust_regions).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from algorithms.conformance.coefficients import gradient_of
from algorithms.conformance.declared import trust_regions
from algorithms.conformance.finding import Finding
from algorithms.conformance.synthetic_rollouts import synthetic_rollout
from algorithms.estimators.estimator import Surrogate

CLOSE = 1e-6
NUDGE = 1e-4  # of log rho
FAR = 10.0  # the largest ratio that is tested inside bounds
FEW = 0.1  # share of rows that a surrogate may treat differently if it selects rows (not separable)


@dataclass(frozen=True)
class Probe:
    """A surrogate on the rows of a synthetic rollout, with advantages of both signs."""

    surrogate: Surrogate
    logp: Tensor  # [T, P, N] of the learning policy
    valid: Tensor
    advantage: Tensor
    few: float

    def slope(self, log_ratio: Tensor) -> Tensor:
        """f [T, P, N] at this log pi - log mu; 0 on rows that are not valid."""
        logp = self.logp.clone().requires_grad_()
        objective = self.surrogate(logp, self.logp - log_ratio, self.advantage, self.valid) * self.valid
        return gradient_of(objective, logp) / self.advantage * self.valid

    def spread(self, log_ratio: float, kind: str) -> Tensor:
        """The change of each row's log-probability that gives its ratio this logarithm."""
        rows = self.valid.sum(0, keepdim=True).clamp(min=1)
        return self.valid * log_ratio / (rows if kind == "the episode's product" else 1.0)

    def off(self, seen: Tensor, expected: float, sign: int = 0) -> float:
        """The largest difference over rows with advantages of this sign, except the few that may be selected."""
        on = (self.valid > 0) & ((self.advantage * sign > 0) if sign else True)
        off = (seen[on] - expected).abs().nan_to_num(torch.inf).sort().values
        return float(off[: max(1, len(off) - int(self.few * len(off)))][-1])


def probe(surrogate: Surrogate, separable: bool) -> Probe:
    """A probe whose advantages differ between rows, or between episodes for a surrogate of whole episodes."""
    rollout, _ = synthetic_rollout()
    rng = np.random.default_rng(6)
    size = torch.from_numpy(rng.uniform(0.5, 1.5, tuple(rollout.valid.shape)))
    sign = torch.from_numpy(rng.permuted(np.tile([1.0, -1.0], (2, 6)), axis=1))  # [P, N]
    advantage = (size[:1].expand_as(size) if surrogate.per_sequence else size) * sign
    if not surrogate.per_sequence:
        advantage = advantage * torch.from_numpy(rng.choice([1.0, -1.0], tuple(size.shape)))
    return Probe(surrogate, rollout.logp, rollout.valid, advantage, 0.0 if separable else FEW)


def examine(surrogate: Surrogate, separable: bool) -> list[Finding]:
    """The findings of the rules, in order; a rule on ratios is tested only if the rules before it hold."""
    findings, rest = trust_regions.examine(surrogate)
    return findings if rest is None else findings + _ratio_rules(rest, separable)


def _ratio_rules(surrogate: Surrogate, separable: bool) -> list[Finding]:
    made = probe(surrogate, separable)
    worst = made.off(made.slope(torch.zeros_like(made.logp)), 1.0)
    rule = "on policy a surrogate's gradient is the policy gradient"
    seen = f"expected A, times 1; seen a largest relative difference of {worst:.2g}"
    findings = [Finding(rule, worst < CLOSE, seen)]
    if not findings[0].holds:
        return findings
    kind = _kind(made)
    bounded = surrogate.bounds is not None
    holds = kind is not None and not (bounded and kind == "no ratio")
    expected = "a ratio pi / mu to the power 1" + ("" if bounded else ", or none")
    findings.append(
        Finding("a surrogate's ratio is pi / mu", holds, f"expected {expected}; seen {kind or 'another power'}")
    )
    if holds and kind is not None:
        findings.append(_clipped(made, kind) if bounded else _unbounded(made, kind))
    return findings


def _kind(made: Probe) -> str | None:
    """The power of pi / mu in the gradient near 1: of the row, of the episode, or none."""
    rows = made.valid.sum(0, keepdim=True).clamp(min=1)
    alone = torch.zeros_like(made.valid)
    alone[0] = made.valid[0] * NUDGE  # the first row of every episode moves, the others stay

    def power(x: Tensor) -> Tensor:
        return (made.slope(x) / made.slope(-x).where(made.valid > 0, 1.0)).where(made.valid > 0, 1.0).log() / (
            2 * NUDGE
        )

    seen = power(alone)
    first = torch.zeros_like(made.valid)
    first[0] = 1.0
    forms = {"the step's": first, "no ratio": torch.zeros_like(first)}
    if made.surrogate.per_sequence:
        forms |= {"the episode's product": torch.ones_like(first), "the episode's mean": torch.ones_like(first) / rows}
    for name, form in forms.items():
        if made.off(1 + (seen - form) * made.valid, 1.0) < 1e-4:
            return name
    return None


def _clipped(made: Probe, kind: str) -> Finding:
    """Inside the bounds f = rho. Outside, for both signs of A on both sides, f is clipped or is a capped weight."""
    bounds = made.surrogate.bounds
    assert bounds is not None
    low, high = (float(torch.as_tensor(b, dtype=torch.float64).reshape(-1)[0]) for b in bounds)
    inside = [r for r in (1 - 0.95 * (1 - low) if low > 0 else 0.7, 1 + 0.95 * (min(high, FAR) - 1)) if low < r < high]
    off = {f"inside, at {r:.4g}": made.off(made.slope(made.spread(np.log(r), kind)), r) for r in inside}
    above = 1 + 1.05 * (high - 1)
    below = max(1 - 1.05 * (1 - low), 0.5 * low) if low > 0 else None
    if (dual := getattr(made.surrogate, "dual", None)) is not None:
        off[f"A < 0, rho above {dual:.4g}"] = made.off(made.slope(made.spread(np.log(1.3 * dual), kind)), 0.0, -1)
    forms = [_form(made, kind, (low, high), above, below, capped) for capped in (False, True)]
    best = min(forms, key=lambda form: max(form.values()))
    worst = off | best
    broken = [f"{where}, off by {size:.3g}" for where, size in worst.items() if not size < CLOSE]
    detail = (
        f"expected no gradient, or a capped one, only where A and rho - 1 agree; seen {'; '.join(broken) or 'the same'}"
    )
    return Finding("a clip stops only steps that went far enough", not broken, detail)


def _form(
    made: Probe, kind: str, bounds: tuple[float, float], above: float, below: float | None, capped: bool
) -> dict[str, float]:
    """Distance of f outside the bounds from the pessimistic minimum, or from a capped weight."""
    low, high = bounds
    off = {}
    if np.isfinite(above):
        slope = made.slope(made.spread(np.log(above), kind))
        off[f"A > 0, rho {above:.4g}"] = made.off(slope, high if capped else 0.0, 1)
        off[f"A < 0, rho {above:.4g}"] = made.off(slope, high if capped else above, -1)
    if below is not None:
        slope = made.slope(made.spread(np.log(below), kind))
        off[f"A > 0, rho {below:.4g}"] = made.off(slope, low if capped else below, 1)
        off[f"A < 0, rho {below:.4g}"] = made.off(slope, low if capped else 0.0, -1)
    return off


def _unbounded(made: Probe, kind: str) -> Finding:
    """Without bounds, f lies in [0, max(rho, 1)], and steps back towards 1 keep their gradient."""
    broken = []
    for ratio in (0.3, 0.7, 0.9, 1.1, 1.4, 3.0):
        slope = made.slope(made.spread(float(np.log(ratio)), kind))
        for sign in (1, -1):
            on = (made.valid > 0) & (made.advantage * sign > 0)
            f = slope[on].sort().values
            drop = int(made.few * len(f))
            f = f[drop : len(f) - drop] if drop else f
            back = (ratio - 1) * sign < 0 and ratio < 2
            if float(f.max()) > max(ratio, 1.0) + CLOSE or float(f.min()) < (1e-3 if back else -CLOSE):
                broken.append(
                    f"f in [{float(f.min()):.3g}, {float(f.max()):.3g}] at A {'>' if sign > 0 else '<'} 0, rho {ratio}"
                )
    detail = f"expected f in [0, max(rho, 1)], above 0 where the step goes back; seen {'; '.join(broken) or 'that'}"
    return Finding("a clip stops only steps that went far enough", not broken, detail)
