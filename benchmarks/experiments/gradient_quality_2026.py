"""How good are the gradients of the family of 2026? Bias, variance and direction, as in `gradient_quality`.

A separate list, so that released measurements of `gradient_quality` stay as they are.
"""

from __future__ import annotations

from benchmarks.design.gradient_experiment import AxisPoint, ExactNumbers, GradientExperiment
from benchmarks.experiments.estimators_2026 import LEARNERS
from benchmarks.experiments.gradient_quality import REPLICATES, TRAINING, build_points

PARENTS = ("reinforce", "rloo", "dr_grpo", "gae")
FAMILY = (*PARENTS, *LEARNERS, "vineppo")


def of_estimators(names: tuple[str, ...], replicates: int) -> tuple[AxisPoint, ...]:
    """A point for each estimator and task."""
    return tuple(point for point in build_points(names, (), replicates, ()) if point.axis == "estimator")


EXPERIMENT = GradientExperiment(
    name="gradient_quality_2026",
    question="How good are the gradients of the family of 2026, measured against the exact one?",
    training=TRAINING,
    points=of_estimators(FAMILY, REPLICATES),
    exact=ExactNumbers(),
    small={"points": of_estimators(("reinforce", "maxrl"), 200)},
)
