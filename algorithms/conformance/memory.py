"""Conformance rules for baselines and for the state of estimators: members over time, caches, equal returns."""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import Tensor

from algorithms.conformance.coefficients import assess_rollout, coefficients, initial_state
from algorithms.conformance.finding import Finding, close_to_zero
from algorithms.conformance.synthetic_rollouts import corrupted, equal_returns, synthetic_rollout
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.rollout import PartState, Rollout

CLOSE = 1e-7
NEAR = 1e-3  # tolerance for a baseline that is learned
PATIENCE = 3_000  # rollouts until a moving average has converged


def examine(estimator: Estimator, fresh: Estimator) -> list[Finding]:
    """The findings of all rules. `fresh` is a copy of the estimator that has seen no rollout."""
    return [
        _equal_returns(estimator),
        _past_alone(estimator),
        _past_of_others(estimator),
        _past_rows(estimator),
        _untouched(estimator),
        _no_cache(estimator, fresh),
    ]


def _equal_returns(estimator: Estimator) -> Finding:
    """If all past returns, V and the greedy return are equal, b equals them or is always 0.

    Where b is meant to be a share of them, that is declared as its field `shrink`.

    First q is the same at every step. Then it differs, and b may follow the steps or be one number for all.
    """
    rollout, values = equal_returns()
    amount, falling = values[:-1].clone(), torch.tensor([3.0, 1.0, 2.0], dtype=torch.float64)[:, None, None]
    share = float(getattr(estimator.baseline, "shrink", 1.0))
    flat = _converged_baseline(estimator, amount, rollout, values)
    uneven = amount * falling
    stepwise = _converged_baseline(estimator, uneven, rollout, torch.cat([uneven, uneven[-1:]]))
    offset = getattr(estimator.baseline, "offset", 0.0)  # a baseline that is meant to lie off the mean says so
    worst = min(float((flat - share * amount - offset).abs().max()), float(flat.abs().max()))
    off = min(float((stepwise - share * uneven - offset).abs().max()), float((stepwise - stepwise[:1]).abs().max()))
    level = share * float(amount[0, 0, 0])
    expected = f"expected a baseline of {level:.3g} everywhere, or none, that follows the steps or does not"
    if share == 1.0:
        expected += "; where a share of it is meant, declare that as the field shrink"
    detail = f"{expected}; seen {float(flat.min()):.4g} to {float(flat.max()):.4g}, off the steps by {off:.2g}"
    return Finding("where all returns are equal the baseline is that return", max(worst, off) < NEAR, detail)


def _converged_baseline(estimator: Estimator, q: Tensor, rollout: Rollout, values: Tensor) -> Tensor:
    """b after enough rollouts with these q to converge."""
    state = initial_state(estimator, q.shape[1], len(q))
    before, b = torch.full_like(q, torch.inf), q
    with torch.no_grad():
        for _ in range(PATIENCE):
            b, state = estimator.baseline(q, rollout, values if estimator.baseline.critic else None, state)
            if float((b - before).abs().max()) < 1e-9:
                break
            before = b.clone()
    return b


def _warmed(estimator: Estimator, rollouts: list[tuple[Rollout, Tensor]]) -> PartState:
    """The baseline's state after these rollouts."""
    state = initial_state(estimator, rollouts[0][0].valid.shape[1], len(rollouts[0][0].valid))
    for rollout, values in rollouts:
        _, state = assess_rollout(estimator, rollout, values, state)
    return state


def _past_alone(estimator: Estimator) -> Finding:
    """A baseline with a memory does not read the episode that it is subtracted from: it is updated after its use."""
    rule = "a baseline that remembers does not see the episode that it judges"
    rollout, values = synthetic_rollout(16)
    state = _warmed(estimator, [synthetic_rollout(11), synthetic_rollout(12)])
    if not state:
        return Finding(rule, True, "expected and seen no memory")
    critic = values if estimator.baseline.critic else None
    off = []
    with torch.no_grad():
        q = estimator.credit(rollout, critic) * rollout.valid
        plain, _ = estimator.baseline(q, rollout, critic, state)
        for episode in (0, rollout.valid.shape[2] - 1):
            changed = q.clone()
            changed[:, :, episode] += 5 * rollout.valid[:, :, episode]
            b, _ = estimator.baseline(changed, rollout, critic, state)
            off.append((b - plain)[:, :, episode].flatten())
    return close_to_zero(rule, torch.cat(off), CLOSE)


def _past_of_others(estimator: Estimator) -> Finding:
    """Triple rewards of one member in two rollouts do not change the other member's coefficients in a third."""
    past = [synthetic_rollout(seed) for seed in (11, 12)]
    now, values = synthetic_rollout(13)
    plain = coefficients(estimator, now, values, _warmed(estimator, past))
    off = []
    for member in (0, 1):
        louder = []
        for rollout, v in past:
            reward = rollout.reward.clone()
            reward[:, member] = 3 * reward[:, member] + rollout.valid[:, member]
            louder.append((replace(rollout, reward=reward), v))
        changed = coefficients(estimator, now, values, _warmed(estimator, louder))
        off.append((changed - plain)[:, 1 - member].flatten())
    return close_to_zero("a member does not see what others earned before", torch.cat(off), CLOSE)


def _past_rows(estimator: Estimator) -> Finding:
    """Invalid rows of earlier rollouts have no influence."""
    past = [synthetic_rollout(seed) for seed in (11, 12)]
    now, values = synthetic_rollout(13)
    altered = [
        (corrupted(rollout, "reward", "logp", "discount", "continues", "score_norm_sq"), v) for rollout, v in past
    ]
    made = [coefficients(estimator, now, values, _warmed(estimator, rollouts)) for rollouts in (past, altered)]
    return close_to_zero("rows that were not valid are not remembered", made[1] - made[0], CLOSE)


def _untouched(estimator: Estimator) -> Finding:
    """The estimator changes neither the rollout nor the values."""
    rollout, values = synthetic_rollout(14)
    before = {name: value.clone() for name, value in rollout.tensors().items()} | {"values": values.clone()}
    coefficients(estimator, rollout, values)
    after = rollout.tensors() | {"values": values}
    changed = sorted(name for name, value in before.items() if not torch.equal(value, after[name]))
    rule = "the rollout is left as it was"
    return Finding(rule, not changed, f"expected no field changed; seen {', '.join(changed) or 'none'}")


def _no_cache(estimator: Estimator, fresh: Estimator) -> Finding:
    """The coefficients of a rollout do not depend on whether the estimator has assessed other rollouts before."""
    rollout, values = synthetic_rollout(15)
    first = coefficients(copy.deepcopy(fresh), rollout, values)
    again = coefficients(estimator, rollout, values)
    return close_to_zero("nothing is kept from earlier rollouts but the baseline's state", again - first, CLOSE)
