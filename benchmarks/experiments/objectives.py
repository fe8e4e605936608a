"""Which objective does each group estimator climb? The factor w(p) of E[g] = w(p) grad p, enumerated and measured."""

from __future__ import annotations

from dataclasses import replace

from algorithms import VARIANTS
from algorithms.conformance.exact.group_objective import reason_without_weights
from algorithms.policies.networks.gru import GRU
from algorithms.training_config import Episodes, TrainingConfig
from benchmarks.design.gradient_experiment import (
    AxisPoint,
    ExactNumbers,
    GaussianParameters,
    GradientExperiment,
    Measurement,
)
from envs.api import Task
from envs.text.bandit import Bandit
from envs.text_env import text_task

REPLICATES = 2_000
GROUPS = (4, 16)
RATES = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9)
TRAINING = TrainingConfig(network=GRU(6), collection=Episodes(4, 4), learning_rate=0.01)
UNIFORM = GaussianParameters(0.0)
# an entropy bonus or a KL has no effect here: the rewards are 0 and 1, and there is no reference policy
ESTIMATORS = tuple(
    name
    for name, v in VARIANTS.items()
    if v.update.by_optimiser and not v.exact and not v.schedule.stale and reason_without_weights(v.estimator) is None
)


def bandit(p: float) -> Task:
    """One prompt and two answers of which the uniform policy gets a share p right."""
    best, gap = (2 * p, 2 * p) if p <= 0.5 else (1.0, 2 * (1 - p))
    return text_task(f"success {p:g}", Bandit(arms=2, contexts=1, best=best, gap=gap, skew=0.0))


def build_points(
    names: tuple[str, ...], groups: tuple[int, ...], rates: tuple[float, ...], replicates: int
) -> tuple[AxisPoint, ...]:
    """A point for each estimator, group size and success rate; a batch is one group."""
    tasks = {p: bandit(p) for p in rates}
    training = {group: replace(TRAINING, collection=Episodes(group, group)) for group in groups}
    return tuple(
        AxisPoint("objective", p, f"G={group}", Measurement(task, VARIANTS[name], training[group], UNIFORM, replicates))
        for name in names
        for group in groups
        for p, task in tasks.items()
    )


EXPERIMENT = GradientExperiment(
    name="objectives",
    question="Which objective does each group estimator climb?",
    training=TRAINING,
    points=build_points(ESTIMATORS, GROUPS, RATES, REPLICATES),
    exact=ExactNumbers(),
    small={"points": build_points(("reinforce", "rloo", "grpo"), (4,), (0.1, 0.5), 200)},
)
