"""Which learning rate is best for students of the optimal policy? As `text_rates`, on the tasks of `distillation`."""

from dataclasses import replace

from benchmarks.experiments import text_rates
from benchmarks.experiments.distillation import DISTILLED, TASKS

EXPERIMENT = replace(
    text_rates.EXPERIMENT,
    name="distillation_rates",
    question="Which learning rate can a student of the optimal policy bear?",
    tasks=TASKS,
    variants=DISTILLED,
    env_steps=dict.fromkeys(TASKS, 30_000),
)
