"""Which learning rate is best for each rung? Every rate on every selection seed, as extra members of the population."""

from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.settings import RATES
from benchmarks.experiments.ladder import RUNGS, TASKS
from envs.seeding import Purpose

EXPERIMENT = ComparisonExperiment(
    name="learning_rates",
    question="Which learning rate can each rung bear, and how much of a ranking is the rate?",
    tasks=(*TASKS, "transduce/copy-small"),
    variants=(*RUNGS, "exact_pg"),
    seeds=3,
    env_steps={
        "CartPole-v1": 150_000,
        "Acrobot-v1": 120_000,
        "Pendulum-v1": 150_000,
        "MountainCarContinuous-v0": 80_000,
        "transduce/copy-shifted": 100_000,
        "dyck/sparse-medium": 100_000,
    },
    evaluation=Evaluation(checkpoints=10, episodes=10),
    purpose=Purpose.SELECTION,
    rates=RATES,
    protocol="ladder",
    small={"tasks": ("bandit/small",), "seeds": 2, "env_steps": {"bandit/small": 5_000}},
)
