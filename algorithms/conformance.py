"""The conformance kit: what any estimator must satisfy, callable on anybody's.

    for finding in conformance.examine(my_estimator, Promises(factor="one")):
        print(finding)

Rules without chance are read from the coefficients c_t of the gradient sum_t c_t grad log pi(a_t | s_t) that the estimator
makes of a made-up rollout: episodes of unequal length in groups, rewards without symmetry, two members. What it promises
about its mean is measured in the laboratory, against the exact gradient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from algorithms import enumerated, laboratory
from algorithms.learner import assess, penalised, row_weights
from algorithms.policies.gru import GRU
from algorithms.scale import Deviation
from algorithms.setting import Episodes, Training
from algorithms.types import Assessment, Estimator, Promises, Rollout, Signals, Variant
from algorithms.update import FirstOrder
from envs.text.bandit import Bandit
from envs.text.lock import Lock
from envs.transcript import TextMDP, text_task

STEPS, MEMBERS, ENVS, GROUP = 5, 2, 12, 4
CLOSE = 1e-7
LARGEST_Z, LARGEST_SCALE_Z = 5.0, 4.0  # of some hundred coordinates, and of one number
REPLICATES = 3_000
SPREAD = 0.15  # about four standard errors of a variance from so many replicates
MDPS: tuple[TextMDP, ...] = (Lock(length=2, vocabulary=4, locks=2), Bandit(arms=4, contexts=1))


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
    values = rng.uniform(-1, 1, (STEPS + 1, MEMBERS, ENVS))

    def tensor(x: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(x, np.float64))

    on = valid * (1 - last)
    greedy = rng.uniform(-1, 1, (1, MEMBERS, ENVS // group)).repeat(group, 2)
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
        square=tensor(rng.random(shape)),
        greedy=tensor(greedy.repeat(STEPS, 0)),
    )
    return rollout, tensor(values)


def coefficients(estimator: Estimator, rollout: Rollout, values: Tensor) -> Tensor:
    """c [T, P, N]: weight times d L / d log pi at pi = mu, so that the gradient is sum c grad log pi."""
    return _differentiated(
        estimator, rollout, _assessed(estimator, rollout, values), row_weights(estimator, rollout, STEPS)
    )


def _assessed(estimator: Estimator, rollout: Rollout, values: Tensor) -> Assessment:
    state = {k: v.double() for k, v in estimator.baseline.initial(rollout.valid.shape[1], len(rollout.valid)).items()}
    with torch.no_grad():
        assessment, _ = assess(estimator, rollout, Signals(values if estimator.baseline.critic else None), state)
        scale = estimator.scale
        if scale is not None and scale.each_minibatch:  # the rollout is its own only minibatch
            return assessment._replace(advantage=scale.rows(assessment.advantage, rollout.valid))
    return assessment


def _differentiated(estimator: Estimator, rollout: Rollout, made: Assessment, weights: Tensor) -> Tensor:
    logp = rollout.logp.clone().requires_grad_()
    objective = (estimator.surrogate(logp, rollout.logp, made.advantage, rollout.valid) * weights).sum()
    (gradient,) = torch.autograd.grad(objective, logp)
    return gradient


def examine(estimator: Estimator, promises: Promises | None = None, replicates: int = REPLICATES) -> list[Finding]:
    """Every rule, in order. An estimator that cannot be computed at all raises its own error."""
    promises = promises or Promises()
    rollout, values = made_up()
    base = coefficients(estimator, rollout, values)
    dead = rollout.valid == 0
    last = rollout.valid * (1 - rollout.continues)
    assert rollout.greedy is not None

    def rule(
        name: str,
        change: Rollout,
        expected: Tensor,
        seen: Tensor = values,
        where: Tensor | None = None,
        close: float = CLOSE,
    ) -> Finding:
        return _close(
            name, (coefficients(estimator, change, seen) - expected)[~dead if where is None else where], close
        )

    spoilt = ("reward", "logp", "discount", "continues", "square")
    garbage = {k: torch.where(dead, 7.0, getattr(rollout, k)) for k in spoilt}
    poked = rollout.reward.clone()
    poked[:, 1] *= 3.0
    mine = ~dead
    mine[:, 1] = False
    # an epsilon beside the deviation is a scale of its own: free up to it
    close = CLOSE + (estimator.scale.eps if promises.scale_free and isinstance(estimator.scale, Deviation) else 0.0)
    factor = 1.0 if promises.scale_free else 2.0
    doubled = replace(rollout, reward=2 * rollout.reward, greedy=2 * rollout.greedy)
    referred = replace(rollout, reference=rollout.logp - 1)
    findings = [
        _close("rows that are not valid weigh nothing", base[dead]),
        rule("what stands in rows that are not valid has no influence", _with(rollout, garbage), base),
        rule("a member does not see the others", replace(rollout, reward=poked), base, where=mine),
        _permuted(estimator, rollout, values, base),
        _padded(estimator, rollout, values, base),
        rule("rewards and values times 2", doubled, factor * base, 2 * values, close=close),
        rule("a reference that costs nothing changes nothing", penalised(estimator.kl, referred, 0.0), base),
        _singleton(estimator),
    ]
    if estimator.credit.bootstraps:
        findings.append(_cut_and_ended(estimator, rollout, values, base))
    if promises.separable:
        findings.append(_in_parts(estimator, rollout, values, base))
    if promises.shift_invariant:
        shifted = replace(rollout, reward=rollout.reward + 10 * last, greedy=rollout.greedy + 10)
        findings.append(rule("a constant on every final reward changes nothing", shifted, base))
    if promises.factor is not None:
        findings += [_measured(estimator, promises, mdp, replicates) for mdp in _listed(promises)]
    if promises.rloo_variance:
        findings.append(_spread(estimator, replicates))
    return findings


def _with(rollout: Rollout, tensors: dict[str, Tensor]) -> Rollout:
    return replace(rollout, **tensors)  # type: ignore[arg-type]


def _close(name: str, off: Tensor, close: float = CLOSE) -> Finding:
    worst = float(off.abs().max())
    return Finding(name, worst < close, f"largest difference {worst:.2g}")


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


def _cut_and_ended(estimator: Estimator, rollout: Rollout, values: Tensor, base: Tensor) -> Finding:
    """V of what an episode ended on counts where it was cut (truncated), and does not where it was over (terminated)."""
    last = rollout.valid * (1 - rollout.continues)
    other = values.clone()
    other[1:][last > 0] += 5.0  # the observation that an episode ended on; no valid row acts on it
    ended = (coefficients(estimator, rollout, other) - base).abs().max()
    cut = replace(rollout, discount=rollout.discount + last)
    moved = (coefficients(estimator, cut, other) - coefficients(estimator, cut, values))[last > 0].abs().min()
    holds = float(ended) < CLOSE and float(moved) > 100 * CLOSE
    return Finding(
        "a cut episode bootstraps, one that is over does not", holds, f"moved {ended:.2g}, and {moved:.2g} if cut"
    )


def _in_parts(estimator: Estimator, rollout: Rollout, values: Tensor, base: Tensor) -> Finding:
    """Advantages and weights of the whole batch, the surrogate on halves of it that cut through groups."""
    made, weights = _assessed(estimator, rollout, values), row_weights(estimator, rollout, STEPS)
    parts = torch.zeros_like(base)
    for index in (torch.arange(0, ENVS, 2), torch.arange(1, ENVS, 2)):
        part = _with(rollout, {k: v[:, :, index] for k, v in rollout.tensors().items()})
        mine = Assessment(made.advantage[:, :, index], None)
        parts[:, :, index] = _differentiated(estimator, part, mine, weights[:, :, index])
    return _close("the gradients of micro-batches add up", parts - base)


def _singleton(estimator: Estimator) -> Finding:
    """A group of one either changes nothing for the estimator, or is refused: its gradient is never silently 0."""
    rollout, values = made_up(group=1)
    try:
        made = coefficients(estimator, rollout, values)
    except ValueError as error:
        return Finding("a group of one", True, f"refused: {error}")
    silent = float(made.abs().max()) < CLOSE
    return Finding("a group of one", not silent, "its gradient is silently 0" if silent else "has a gradient")


def _listed(promises: Promises) -> tuple[TextMDP, ...]:
    """Tasks to measure on; the factor of a success rate is known where there is one prompt and a reward of 0 or 1."""
    return MDPS[1:] if promises.factor == "success" else MDPS


def success_factor(group: int, p: float, ddof: int = 0) -> float:
    """w_G(p) = E[sqrt(k (G - k))] / (G p (1 - p)), k ~ Bin(G, p): what division by the group's deviation does to grad J.

    Groups without variance give nothing. With ddof 1 the deviation is larger by sqrt(G / (G - 1)).
    """
    k = np.arange(group + 1)
    logs = np.concatenate([[0.0], np.log(np.arange(1, group + 1)).cumsum()])
    chance = np.exp(logs[group] - logs[k] - logs[group - k] + k * np.log(p) + (group - k) * np.log1p(-p))
    factor = float((chance * np.sqrt(k * (group - k))).sum() / (group * p * (1 - p)))
    return factor * ((group - ddof) / group) ** 0.5


def _measured(estimator: Estimator, promises: Promises, mdp: TextMDP, replicates: int) -> Finding:
    """The z-scores of the mean of many estimates about the promised multiple of grad J."""
    task = text_task(type(mdp).__name__.lower(), mdp)
    variant = Variant("examined", "", estimator, FirstOrder())
    training = Training(network=GRU(4), collection=Episodes(8, GROUP))
    actor = laboratory.tilted(task, training, 0.7)
    truth = laboratory.exact_gradient(task, training, actor)
    known = 1.0
    if promises.factor == "group":
        known = (GROUP - 1) / GROUP
    elif promises.factor == "batch":
        known = 7 / 8
    elif promises.factor == "success":
        ddof = estimator.scale.ddof if isinstance(estimator.scale, Deviation) else 0
        known = success_factor(GROUP, laboratory.exact_return(task, training, actor), ddof)
    if estimator.aggregation == "constant":
        known /= mdp.horizon
    samples = laboratory.replicates(task, variant, training, actor, replicates)
    made = laboratory.quality(samples, known * truth)
    holds = made.max_z < LARGEST_Z and abs(made.scale_z) < LARGEST_SCALE_Z
    detail = f"length {made.scale:.3f} of what is promised (z {made.scale_z:.1f}), largest z of all {made.max_z:.1f}"
    return Finding(f"its mean is {known:.3g} grad J on {task.name}", holds, detail)


def _spread(estimator: Estimator, replicates: int) -> Finding:
    """The variance of one group's gradient against 4 (K-2) / (K (K-1)) z1 + 2 / (K (K-1)) z2, from all episodes."""
    task = text_task("lock", MDPS[0])  # whose rewards are certain, so that its episodes tell the second moment too
    training = Training(network=GRU(4), collection=Episodes(GROUP, GROUP))
    actor = laboratory.tilted(task, training, 0.7)
    known = enumerated.rloo_variance(enumerated.listed(task, training, actor), GROUP)
    samples = laboratory.replicates(task, Variant("examined", "", estimator, FirstOrder()), training, actor, replicates)
    ratio = float(samples.var(0).sum()) / known
    return Finding("its variance is RLOO's closed form", abs(ratio - 1) < SPREAD, f"{ratio:.3f} times it")
