"""The conformance kit: what any estimator must satisfy, callable on anybody's.

    for finding in conformance.examine(my_variant.estimator):
        print(finding)

Everything is read from the coefficients c_t of the gradient sum_t c_t grad log pi(a_t | s_t) that the estimator makes of a
rollout. The rollout is made up: episodes of unequal length in groups, rewards without symmetry, two members.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from algorithms.learner import assess, row_weights
from algorithms.types import Estimator, Rollout, Signals

STEPS, MEMBERS, ENVS, GROUP = 5, 2, 12, 4
CLOSE = 1e-7


@dataclass(frozen=True)
class Promises:
    """What an estimator claims beside the rules for all.

    shift_invariant  a constant added to every final reward leaves each coefficient as it was
    scale_free       rewards times a positive constant leave each coefficient as it was (else they are multiplied by it)
    """

    shift_invariant: bool = False
    scale_free: bool = False


@dataclass(frozen=True)
class Finding:
    """One rule, whether it holds, and by how much it is missed."""

    rule: str
    holds: bool
    detail: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.holds else 'FAIL'} {self.rule}: {self.detail}"


def made_up(seed: int = 0, group: int = GROUP) -> tuple[Rollout, Tensor]:
    """(a rollout in float64 and critic values [T+1, P, N]); episodes end after 1 to T rows, the last reward is largest."""
    rng = np.random.default_rng(seed)
    shape = (STEPS, MEMBERS, ENVS)
    length = 1 + rng.permuted(np.tile(np.arange(ENVS) % STEPS, (MEMBERS, 1)), axis=1)  # [P, N]
    t = np.arange(STEPS)[:, None, None]
    valid, last = (t < length).astype(np.float64), (t == length - 1).astype(np.float64)
    reward = rng.uniform(-1, 1, shape) * valid + 3 * last * rng.random(shape)

    def tensor(x: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(x, np.float64))

    on = valid * (1 - last)
    rollout = Rollout(
        obs=torch.zeros(STEPS + 1, MEMBERS, ENVS, 1, dtype=torch.float64),
        action=torch.zeros(shape, dtype=torch.long),
        logp=tensor(-rng.random(shape)),
        reward=tensor(reward),
        discount=tensor(on),
        continues=tensor(on),
        valid=tensor(valid),
        action_mask=None,
        group=group,
    )
    return rollout, tensor(rng.uniform(-1, 1, (STEPS + 1, MEMBERS, ENVS)))


def coefficients(estimator: Estimator, rollout: Rollout, values: Tensor) -> Tensor:
    """c [T, P, N]: weight times d L / d log pi at pi = mu, so that the gradient is sum c grad log pi."""
    state = {k: v.double() for k, v in estimator.baseline.initial(rollout.valid.shape[1], len(rollout.valid)).items()}
    signals = Signals(values if estimator.baseline.critic else None)
    with torch.no_grad():
        assessment, _ = assess(estimator, rollout, signals, state)
    logp = rollout.logp.clone().requires_grad_()
    objective = (estimator.surrogate(logp, rollout.logp, assessment.advantage) * row_weights(estimator, rollout)).sum()
    (made,) = torch.autograd.grad(objective, logp)
    return made


def examine(estimator: Estimator, promises: Promises | None = None) -> list[Finding]:
    """Every rule, in order. An estimator that cannot be computed at all raises its own error."""
    promises = promises or Promises()
    rollout, values = made_up()
    base = coefficients(estimator, rollout, values)
    dead = rollout.valid == 0
    last = rollout.valid * (1 - rollout.continues)

    def rule(
        name: str, change: Rollout, expected: Tensor, seen: Tensor = values, where: Tensor | None = None
    ) -> Finding:
        return _close(name, (coefficients(estimator, change, seen) - expected)[~dead if where is None else where])

    garbage = {k: torch.where(dead, 7.0, getattr(rollout, k)) for k in ("reward", "logp", "discount", "continues")}
    poked = rollout.reward.clone()
    poked[:, 1] *= 3.0
    mine = ~dead
    mine[:, 1] = False
    factor = 1.0 if promises.scale_free else 2.0
    findings = [
        _close("rows that are not valid weigh nothing", base[dead]),
        rule("what stands in rows that are not valid has no influence", _with(rollout, garbage), base),
        rule("a member does not see the others", replace(rollout, reward=poked), base, where=mine),
        _permuted(estimator, rollout, values, base),
        _padded(estimator, rollout, values, base),
        rule("rewards and values times 2", replace(rollout, reward=2 * rollout.reward), factor * base, 2 * values),
        _singleton(estimator),
    ]
    if promises.shift_invariant:
        shifted = replace(rollout, reward=rollout.reward + 10 * last)
        findings.append(rule("a constant on every final reward changes nothing", shifted, base))
    return findings


def _with(rollout: Rollout, tensors: dict[str, Tensor]) -> Rollout:
    return replace(rollout, **tensors)  # type: ignore[arg-type]


def _close(name: str, off: Tensor) -> Finding:
    worst = float(off.abs().max())
    return Finding(name, worst < CLOSE, f"largest difference {worst:.2g}")


def _permuted(estimator: Estimator, rollout: Rollout, values: Tensor, base: Tensor) -> Finding:
    """Groups in another order, and episodes in another order within them."""
    rng = np.random.default_rng(3)
    groups = np.arange(ENVS).reshape(-1, rollout.group)
    order = torch.from_numpy(np.concatenate([rng.permutation(g) for g in rng.permutation(groups)]))
    moved = _with(rollout, {k: v[:, :, order] for k, v in rollout.tensors().items()})
    off = coefficients(estimator, moved, values[:, :, order]) - base[:, :, order]
    return _close("the order of episodes does not matter", off)


def _padded(estimator: Estimator, rollout: Rollout, values: Tensor, base: Tensor) -> Finding:
    """Two more rows after every episode's end."""
    more = {k: torch.cat([v, torch.zeros_like(v[:2])]) for k, v in rollout.tensors().items()}
    longer = coefficients(estimator, _with(rollout, more), torch.cat([values, values[:2]]))
    return _close("padding does not matter", longer - torch.cat([base, torch.zeros_like(base[:2])]))


def _singleton(estimator: Estimator) -> Finding:
    """A group of one either changes nothing for the estimator, or is refused: its gradient is never silently 0."""
    rollout, values = made_up(group=1)
    try:
        made = coefficients(estimator, rollout, values)
    except ValueError as error:
        return Finding("a group of one", True, f"refused: {error}")
    silent = float(made.abs().max()) < CLOSE
    return Finding("a group of one", not silent, "its gradient is silently 0" if silent else "has a gradient")
