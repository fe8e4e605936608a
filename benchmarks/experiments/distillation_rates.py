"""Which learning rate is best for each variant of `distillation`? As `text_rates`, for these."""

from dataclasses import replace

from benchmarks.experiments import text_rates
from benchmarks.experiments.distillation import DISTILLED, REWARDED, TASKS

EXPERIMENT = replace(
    text_rates.EXPERIMENT,
    name="distillation_rates",
    question="Which learning rate can each variant bear, with a teacher and with the reward?",
    tasks=TASKS,
    variants=(*REWARDED, *DISTILLED),
    env_steps=dict.fromkeys(TASKS, 30_000),
    protocol="distillation",
)
