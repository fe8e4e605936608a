"""What does each correction or mask do to the gradient when rollouts are stale? Exact bias, variance and direction.

A correction is one changed part of `rloo`, which is unbiased on policy, so what is measured is the part alone and not the
other ingredients of its paper. Rollouts are from mu; pi is further along exact ascent, at given KL(mu || pi) in nats a
text. Everything is listed, nothing sampled. A batch is one group of three texts. GSPO-token is GSPO here: all tokens of a
text have one advantage. Masks of probabilities appear at both thresholds, so that sign-conditioned and sign-blind ones are
compared at the same one.
"""

from __future__ import annotations

from typing import Any

from algorithms import VARIANTS
from algorithms.estimators.importance_weights import SequenceIS, SequenceMask, TokenIS
from algorithms.estimators.surrogate import ClippedRatio, Ratio, Score
from algorithms.estimators.surrogates.masks import Masked, ProbabilityGap
from algorithms.policies.networks.gru import GRU
from algorithms.training_config import Episodes, TrainingConfig
from algorithms.variant import Variant
from benchmarks.design.gradient_experiment import (
    AxisPoint,
    ExactNumbers,
    GaussianParameters,
    GradientExperiment,
    Measurement,
)
from envs import TASKS as REGISTERED

INF = float("inf")
PLAIN = "uncorrected"


def _surrogate_of(name: str) -> dict[str, Any]:
    return {"surrogate": VARIANTS[name].estimator.surrogate}


def _gap(delta: float, directed: bool) -> dict[str, Any]:
    return {"surrogate": Masked(Ratio(), ProbabilityGap(delta, directed))}


# title: (what it does, the changed part)
PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    PLAIN: ("the score, as if the rollouts were fresh", {"surrogate": Score()}),
    "token IS": ("each action's ratio, without a bound", {"correction": TokenIS(INF)}),
    "truncated token IS": ("each action's ratio, at most 2", {"correction": TokenIS(2.0)}),
    "sequence IS": ("the text's ratio, without a bound", {"correction": SequenceIS(INF)}),
    "truncated sequence IS": ("the text's ratio, at most 2", {"correction": SequenceIS(2.0)}),
    "sequence mask": ("no text whose ratio leaves [.5, 2]", {"correction": SequenceMask(0.5, 2.0)}),
    "IcePop": ("ratios within [.2, 5]", {"correction": VARIANTS["icepop"].estimator.correction}),
    "PPO clip": ("the ratio, clipped at .2", {"surrogate": ClippedRatio(0.2)}),
    "dual clip": ("PPO's clip; failures weigh at most 3", {"surrogate": ClippedRatio(0.2, dual=3.0)}),
    "clip-higher": ("PPO's clip at -.2 and +.28 (DAPO)", _surrogate_of("dapo")),
    "CISPO": ("the ratio as a weight, at most 5", _surrogate_of("cispo")),
    "GSPO": ("the text's geometric mean ratio, clipped", _surrogate_of("gspo")),
    "GMPO": ("the geometric mean of clipped ratios", _surrogate_of("gmpo")),
    "DPPO-TV 0.1": ("drops what moved by .1 in the advantage's direction", _gap(0.1, directed=True)),
    "DPPO-TV 0.2": ("drops what moved by .2 in the advantage's direction", _gap(0.2, directed=True)),
    "IPO mask 0.1": ("drops what moved by .1, whatever the sign", _gap(0.1, directed=False)),
    "IPO mask 0.2": ("drops what moved by .2, whatever the sign", _gap(0.2, directed=False)),
    "DPPO-KL": ("drops what has a binary KL of .05 that would grow", _surrogate_of("dppo_kl")),
    "M2PO": ("drops the farthest until the second moment is .04", _surrogate_of("m2po")),
    "OPSM": ("PPO's clip; drops failures that became rarer", _surrogate_of("opsm")),
    "TOPR": ("failures weigh by the text's ratio, at most 1", _surrogate_of("topr")),
    "SAPO": ("a soft gate around ratio 1", _surrogate_of("sapo")),
    "VESPO": ("a gamma kernel of the text's ratio", _surrogate_of("vespo")),
    "simple PO": ("the ratio with a quadratic penalty", _surrogate_of("simple_po")),
    "KL penalty": ("the ratio with a KL penalty, beta 1 at first", _surrogate_of("ppo_penalty")),
    "Delightful": ("a sigmoid of advantage times surprisal", {"scale": VARIANTS["delightful"].estimator.scale}),
}
CORRECTIONS: dict[str, Variant] = {
    name: VARIANTS["rloo"].rung(name, summary, **part) for name, (summary, part) in PARTS.items()
}

TASKS = ("bandit/small", "lock/small", "dyck/small", "padanswer/small", "causal/small")
DRIFTS = (0.01, 0.03, 0.1, 0.3, 1.0)  # nats a text
TRAINING = TrainingConfig(network=GRU(6), collection=Episodes(3, 3), learning_rate=0.01)


def build_points(names: tuple[str, ...], tasks: tuple[str, ...], drifts: tuple[float, ...]) -> tuple[AxisPoint, ...]:
    """A point for each task, distance and correction; on policy (0 nats) too, where all but Delightful are one."""
    where = GaussianParameters(0.5)
    return tuple(
        AxisPoint(
            "drift", nats, f"{nats:g}", Measurement(REGISTERED[task], CORRECTIONS[name], TRAINING, where, 0, drift=nats)
        )
        for task in tasks
        for nats in (0.0, *drifts)
        for name in names
    )


EXPERIMENT = GradientExperiment(
    name="trust_regions",
    question="What does each correction or mask do to the gradient of stale rollouts?",
    training=TRAINING,
    points=build_points(tuple(CORRECTIONS), TASKS, DRIFTS),
    exact=ExactNumbers(),
    small={
        "points": build_points(
            (PLAIN, "sequence IS", "DPPO-TV 0.2", "IPO mask 0.2", "Delightful"), ("padanswer/small",), (0.1, 1.0)
        )
    },
)
