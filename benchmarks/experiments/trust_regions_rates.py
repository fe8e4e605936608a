"""Which learning rate is best for each correction at each lag? Every rate on selection seeds, at half of the budget."""

from dataclasses import replace

from algorithms.training.evaluation import Evaluation
from benchmarks.design.settings import RATES
from benchmarks.experiments import trust_regions_training as training
from envs.seeding import Purpose

SEEDS = 3

EXPERIMENT = replace(
    training.EXPERIMENT,
    name="trust_regions_rates",
    question="Which learning rate can each correction bear at each lag?",
    seeds=SEEDS,
    env_steps={task: steps // 2 for task, steps in training.BUDGETS.items()},
    evaluation=Evaluation(checkpoints=10, episodes=10),
    purpose=Purpose.SELECTION,
    rates=RATES,
    baseline=None,
    figures=(),
    finding=None,
    guide=(),
    small={**training.EXPERIMENT.small, "seeds": 1},
)
