"""Does the ranking survive tuning? The ladder on two control and three text tasks, every study under the same budget."""

from benchmarks.design.tuning_experiment import TuningExperiment
from benchmarks.experiments.ladder import RUNGS

EXPERIMENT = TuningExperiment(
    name="tuning",
    question="Does the ranking of the ladder survive when every rung is tuned under the same budget?",
    tasks=("CartPole-v1", "Pendulum-v1", "bandit/medium", "transduce/copy-shifted", "lock/medium"),
    variants=RUNGS,
    env_steps={
        "CartPole-v1": 25_000,
        "Pendulum-v1": 40_000,
        "bandit/medium": 8_000,
        "transduce/copy-shifted": 15_000,
        "lock/medium": 15_000,
    },
    budget={"trials": 24, "batch": 8, "tuning_seeds": 5, "selection_seeds": 20, "test_seeds": 20},
    small={
        "tasks": ("bandit/small",),
        "variants": ("reinforce", "gae"),
        "env_steps": {"bandit/small": 2_000},
        "budget": {"trials": 8, "batch": 4, "selection_seeds": 5, "test_seeds": 10},
    },
)
