"""Which learning rate is best for each estimator on text? Every rate on selection seeds, at half of `estimators`' budget."""

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.settings import RATES
from benchmarks.experiments.estimators import LEARNERS, TASKS
from envs.seeding import Purpose

EXPERIMENT = ComparisonExperiment(
    name="text_rates",
    question="Which learning rate can each estimator bear on text, and how much of a ranking is the rate?",
    tasks=TASKS,
    variants=LEARNERS,
    seeds=3,
    env_steps=dict.fromkeys(TASKS, 30_000),
    evaluation=Evaluation(checkpoints=10, episodes=10),
    purpose=Purpose.SELECTION,
    rates=RATES,
    protocol="text",
    small={"tasks": ("bandit/small",), "seeds": 1, "env_steps": {"bandit/small": 3_000}},
)
