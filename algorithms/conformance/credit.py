"""Conformance rules for credit: q_t and the critic's target as functions of rewards and values.

Both are linear in rewards and values, so they are measured by their response to one reward at a time, d q_t / d r_k.
Two properties hold for every return that estimates Q(s_t, a_t), for any lambda and any n:

    consistency   if r_t = V(s_t) - gamma_t V(s_{t+1}) everywhere, all temporal differences are 0 and q_t = V(s_t)
    response      d q_t / d r_t = 1; d q_t / d r_k = gamma^(k-t) w, 1 >= w, falling in k; 0 for k < t and other episodes

The whole return (q_t = R for every t) and gamma^t G_t have the same properties up to powers of gamma.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from algorithms.conformance.coefficients import is_affine
from algorithms.conformance.finding import Finding, close_to_zero
from algorithms.conformance.synthetic_rollouts import GAMMA, corrupted, synthetic_rollout, windows, with_truncations
from algorithms.estimators.credit import EpisodeReturn, RewardToGo
from algorithms.estimators.estimator import Credit, Estimator, off_policy
from algorithms.estimators.rollout import Rollout

CLOSE = 1e-8
LAMBDAS = ("lam", "lambda_", "gae_lambda", "trace_decay")  # names under which a credit may declare its lambda
LARGE = 100.0  # a multiple of the size of a reward
SHORTEST = 0.5  # a lambda below this must be declared: it is often 1 - lambda by mistake

ResponseFunction = Callable[
    [Tensor, Tensor], Tensor
]  # (rewards [T, P, N], values [T+1, P, N]) -> q or target [T, P, N]


@dataclass(frozen=True)
class Axes:
    """How rows t (first axis) and k (second axis) are related.

    same_episode     [T, T, P, N] whether both rows are valid and belong to one episode
    offset           [T, T, 1, 1] k - t
    step_in_episode  [T, P, N] the step number of row t in its episode
    """

    same_episode: Tensor
    offset: Tensor
    step_in_episode: Tensor


def axes(rollout: Rollout) -> Axes:
    """The axes of a rollout in which a row that is not valid separates the episodes of a column."""
    valid = rollout.valid > 0
    number = (~valid).long().cumsum(0)
    same = valid[:, None] & valid[None] & (number[:, None] == number[None])
    t = torch.arange(len(valid))
    ahead = (t[None] - t[:, None])[..., None, None]
    return Axes(same, ahead.double(), (same & (ahead < 0)).sum(1).double())


def response(answer: ResponseFunction, rollout: Rollout, values: Tensor) -> Tensor:
    """d q_t / d r_k [T (t), T (k), P, N] of a linear answer."""
    columns = []
    for k in range(len(rollout.valid)):
        one = torch.zeros_like(rollout.valid)
        one[k] = rollout.valid[k]
        columns.append(answer(one, torch.zeros_like(values)))
    return torch.stack(columns, 1)


def consistent_rewards(rollout: Rollout, values: Tensor) -> Tensor:
    """r_t = V(s_t) - gamma_t V(s_{t+1}): every temporal difference is 0."""
    return (values[:-1] - rollout.discount * values[1:]) * rollout.valid


def credit_response(credit: Credit, rollout: Rollout, critic: bool) -> ResponseFunction:
    """q as a function of rewards and values."""
    return lambda reward, values: credit(_paying(rollout, reward), values if critic else None)


def target_response(credit: Credit, rollout: Rollout) -> ResponseFunction:
    """The critic's regression target as a function of rewards and values (algorithms.estimators.loss.assess)."""
    own = off_policy(credit)

    def answer(reward: Tensor, values: Tensor) -> Tensor:
        paid = _paying(rollout, reward)
        return credit(paid, values) if own is None else own.target(paid, values)

    return answer


def _paying(rollout: Rollout, reward: Tensor) -> Rollout:
    """The rollout with these rewards on valid rows, and arbitrary numbers on the others."""
    return corrupted(replace(rollout, reward=reward), "reward", "discount", "continues")


def examine(estimator: Estimator, scale_free: bool) -> list[Finding]:
    """Every rule of the credit, and of the target if there is a critic."""
    credit, critic = estimator.credit, estimator.baseline.critic
    whole, values = synthetic_rollout(gamma=GAMMA)
    whole = with_truncations(whole, GAMMA)
    if not credit.bootstraps:  # it gives no value to what follows a truncation
        values[1:] *= 1 - whole.valid * (1 - whole.continues)
    rollouts = [windows(), (whole, values)] if credit.bootstraps else [(whole, values)]
    findings = []
    for rollout, values in rollouts:
        kind = "windows" if rollout.group == 1 else "episodes"
        answer = credit_response(credit, rollout, critic)
        if scale_free and _scale_free(answer, rollout, values):
            return [_standardised(credit, rollout, answer(rollout.reward, values), values)]
        findings += _return("credit", kind, credit, answer, rollout, values, target=False)
        if critic:
            findings += _return(
                "critic's target", kind, credit, target_response(credit, rollout), rollout, values, target=True
            )
    return findings


def _return(
    name: str, kind: str, credit: Credit, answer: ResponseFunction, rollout: Rollout, values: Tensor, target: bool
) -> list[Finding]:
    linear = _linear(f"the {name} is linear in rewards and values ({kind})", answer, rollout, values)
    if not linear.holds:
        return [linear]
    made, at = response(answer, rollout, values), axes(rollout)
    shape, found = _shape(
        f"the {name} counts each reward of its own episode once, discounted ({kind})", made, at, target
    )
    consistent = answer(consistent_rewards(rollout, values), values)
    first = torch.where(at.step_in_episode == 0, values[:-1], 0.0)
    start = torch.einsum("tkpn,kpn->tpn", at.same_episode.double(), first)  # V of the first row of its episode
    expected = {"whole": start, "weighted": GAMMA**at.step_in_episode * values[:-1]}.get(found, values[:-1])
    off = ((consistent - expected) * rollout.valid)[rollout.valid > 0]
    rule = f"the {name} is V where all temporal differences are 0 ({kind})"
    findings = [linear, shape, close_to_zero(rule, off, CLOSE, "V(s_t)")]
    if shape.holds and found == "forward":
        findings.append(_declared(f"the {name} looks ahead as far as declared ({kind})", credit, made, at, target))
    return findings


def _linear(rule: str, answer: ResponseFunction, rollout: Rollout, values: Tensor) -> Finding:
    """q(r + 2 r', v + 2 v') = q(r, v) + 2 q(r', v'), and q(0, 0) = 0, on valid rows; r' is large, to reveal clips."""
    reward, on = rollout.reward, rollout.valid > 0
    other, later = LARGE * reward.flip(2) * rollout.valid, LARGE * values.flip(2)
    sum_of = answer(reward, values) + 2 * answer(other, later)
    off = (answer(reward + 2 * other, values + 2 * later) - sum_of)[on] / LARGE
    zero = answer(torch.zeros_like(reward), torch.zeros_like(values))[on]
    return close_to_zero(rule, torch.cat([off, zero]), CLOSE, "q(r + 2 r') = q(r) + 2 q(r') and q(0) = 0")


def _shape(rule: str, made: Tensor, at: Axes, target: bool) -> tuple[Finding, str]:
    """(the finding, the form of the return: forward, whole or weighted)."""
    power = GAMMA ** at.step_in_episode[None]  # gamma^k from the episode's start
    behind, ahead = at.same_episode & (at.offset < 0), at.same_episode & (at.offset >= 0)
    acted = at.same_episode.any(1, keepdim=True)  # rows t that are valid
    outside = float((made * (acted & ~at.same_episode)).abs().max())
    forms = {"whole": at.same_episode * power, "weighted": ahead * power}
    for name, form in forms.items():
        if not target and float(((made - form) * at.same_episode).abs().max()) < CLOSE and outside < CLOSE:
            return Finding(rule, True, f"expected powers of {GAMMA}; seen those of the {name} return"), name
    share = torch.where(ahead, made * GAMMA**-at.offset, 0.0)  # w: 1 at k = t, falling
    rise = (share[:, 1:] - share[:, :-1])[(at.same_episode & (at.offset > 0))[:, 1:]]
    own = (made - 1)[at.same_episode & (at.offset == 0)]
    worst = {
        "a reward of another episode, or none, counts": outside,
        "an earlier reward counts": float((made * behind).abs().max()),
        "the reward of the step itself counts 1 plus": float(own.abs().max()),
        "later rewards count more than the discount allows, by": max(0.0, float(rise.max())),
        "a later reward counts negatively": max(0.0, float((-share).max())),
    }
    broken = [f"{what} {size:.3g}" for what, size in worst.items() if not size < CLOSE]
    detail = f"expected 1 now, at most gamma^k after k steps, 0 before; seen {'; '.join(broken) or 'the same'}"
    return Finding(rule, not broken, detail), "forward"


def declared_lambda(credit: Any) -> float | None:
    """The credit's lambda, if it has a field for it."""
    for name in LAMBDAS:
        if (value := getattr(credit, name, None)) is not None:
            return float(torch.as_tensor(value, dtype=torch.float64).reshape(-1)[0])
    return None


def _declared(rule: str, credit: Credit, made: Tensor, at: Axes, target: bool) -> Finding:
    """w = lambda^k if the credit has a lambda; n ones in a row if it has an n.

    If it has neither, w depends on k alone, and w_1 is 0 or at least 1/2.
    """
    later = at.same_episode & (at.offset > 0)
    share = made * GAMMA**-at.offset
    next_one = share[at.same_episode & (at.offset == 1)]
    monte_carlo = float((share - 1)[later].abs().max()) < CLOSE
    lam, n = declared_lambda(credit), getattr(credit, "n", None)
    if monte_carlo and (target or not credit.bootstraps):
        return Finding(rule, True, "expected and seen the whole return to go")
    own_aim = target and off_policy(credit) is not None and not hasattr(credit, "rho_max")
    if lam is not None and not own_aim:
        off = (share - lam ** at.offset.clamp(min=0))[later]
        return close_to_zero(rule, off, CLOSE, f"weights {lam:.4g}^k, lambda being {lam:.4g}")
    if n is not None:
        steps = int(torch.as_tensor(n).reshape(-1)[0])
        counted = torch.where(at.same_episode & (at.offset >= 0), share, 0.0)
        longest, room = int((counted > CLOSE).sum(1).max()), int(at.same_episode.sum(1).max())
        expected = min(steps, room)
        full = longest == expected or (longest < expected and room < len(made))  # a window may cut every run
        holds = full and float((counted * (counted - 1)).abs().max()) < CLOSE
        return Finding(rule, holds, f"expected {expected} rewards that count fully, n being {steps}; seen {longest}")
    uneven = _uneven(share, at)
    if not uneven < CLOSE:
        return Finding(
            rule, False, f"expected weights of k alone, without a field `n`; seen them differ by {uneven:.3g}"
        )
    odd = next_one[(next_one > CLOSE) & (next_one < SHORTEST)]
    seen = f"{float(odd.min()):.3g}" if len(odd) else "none"
    return Finding(rule, not len(odd), f"expected no lambda in (0, {SHORTEST}) without a field `lam`; seen {seen}")


def _uneven(share: Tensor, at: Axes) -> float:
    """The largest difference between rows of the weights k steps ahead."""
    ahead = at.offset.expand(at.same_episode.shape)
    weights = [share[at.same_episode & (ahead == k)] for k in range(1, len(share))]
    return max((float(w.max() - w.min()) for w in weights if len(w)), default=0.0)


def _scale_free(answer: ResponseFunction, rollout: Rollout, values: Tensor) -> bool:
    off = answer(2 * rollout.reward, 2 * values) - answer(rollout.reward, values)
    return float((off * rollout.valid).abs().max()) < 1e-6


def _standardised(credit: Credit, rollout: Rollout, made: Tensor, values: Tensor) -> Finding:
    """A standardised credit is a return times a positive number plus a number, in each member or part."""
    rule = "the credit is a standardised return"
    plain = [EpisodeReturn()(rollout, None), RewardToGo()(rollout, None)]
    if credit.bootstraps:
        return Finding(rule, False, "expected a return without V: one that bootstraps is scaled by the part `scale`")
    holds = any(is_affine(q, made, rollout) for q in plain)
    return Finding(rule, holds, f"expected a G + b or a R + b with a > 0; seen {'one' if holds else 'neither'}")
