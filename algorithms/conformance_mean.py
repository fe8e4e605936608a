"""The part of the conformance kit that is measured: an estimator's mean and variance, in the laboratory.

Each is held against what its promise says, with the exact gradient or all episodes of a small task as the truth.
"""

from __future__ import annotations

import numpy as np

from algorithms import enumerated, laboratory
from algorithms.finding import Finding
from algorithms.made_up import GROUP
from algorithms.policies.gru import GRU
from algorithms.scale import Deviation
from algorithms.setting import Episodes, Training
from algorithms.types import Estimator, Promises, Variant
from algorithms.update import FirstOrder
from envs.text.bandit import Bandit
from envs.text.lock import Lock
from envs.transcript import TextMDP, text_task

LARGEST_Z, LARGEST_SCALE_Z = 5.0, 4.0  # of some hundred coordinates, and of one number
REPLICATES = 3_000
SPREAD = 0.15  # about four standard errors of a variance from so many replicates
MDPS: tuple[TextMDP, ...] = (Lock(length=2, vocabulary=4, locks=2), Bandit(arms=4, contexts=1))


def examine(estimator: Estimator, promises: Promises, replicates: int = REPLICATES) -> list[Finding]:
    """What is promised of its mean and variance."""
    findings = []
    if promises.factor is not None:
        # the factor of a success rate is known where there is one prompt and a reward of 0 or 1
        listed = MDPS[1:] if promises.factor == "success" else MDPS
        findings += [_measured(estimator, promises, mdp, replicates) for mdp in listed]
    if promises.rloo_variance:
        findings.append(_spread(estimator, replicates))
    return findings


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
