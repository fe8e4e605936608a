"""Which entropy bonus? None, constant ones, one that is annealed and ones that hold a target, at one learning rate."""

from __future__ import annotations

from algorithms import VARIANTS
from algorithms.estimators.entropy_bonus import Constant, Target
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.measures import MeasureCurves
from benchmarks.findings.entropy_bonus import EntropyBonus

NONE, CONSTANT, ANNEALED, TARGET = (VARIANTS[n] for n in ("gae", "entropy", "entropy_annealed", "entropy_target"))
STRONG = NONE.rung(
    "entropy .05", "plus 0.05 times the policy's entropy", shown_as="Entropy bonus .05", entropy=Constant(0.05)
)
LOW = NONE.rung(
    "entropy_target .1",
    "plus a bonus that holds 0.1 of the maximal entropy",
    shown_as="Entropy target .1",
    entropy=Target(0.1),
)

BUDGETS = {"CartPole-v1": 60_000, "bandit/medium": 50_000, "lock/medium": 40_000, "dyck/sparse-medium": 30_000}

EXPERIMENT = ComparisonExperiment(
    name="entropy_schedules",
    question="Constant, annealed or targeted: which entropy bonus helps, and where?",
    tasks=tuple(BUDGETS),
    variants=(NONE.name, CONSTANT.name, STRONG, ANNEALED.name, TARGET.name, LOW),
    env_steps=BUDGETS,
    shared_rate_variant=NONE.name,
    figures=(
        MeasureCurves(
            "entropy_schedules",
            "Score, and entropy of an episode, along training. The bonus is 0.01 or .05 times the entropy throughout, falls "
            "from 0.02 to 0 (annealed), or is moved to hold .3 or .1 of the maximal entropy (target)",
            measures=("score", "entropy"),
        ),
    ),
    finding=EntropyBonus(
        none=NONE.name,
        bonuses=(CONSTANT.name, STRONG.name, ANNEALED.name, TARGET.name, LOW.name),
        contrasts=((ANNEALED.name, CONSTANT.name), (TARGET.name, CONSTANT.name)),
    ),
    protocol="text",
    baseline=NONE.name,
    small={
        "tasks": ("bandit/small", "lock/small"),
        "seeds": 2,
        "env_steps": {"bandit/small": 5_000, "lock/small": 5_000},
    },
)
