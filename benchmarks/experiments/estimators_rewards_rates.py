"""Which learning rate is best for each variant of `estimators_rewards`? As `text_rates`, on its tasks."""

from dataclasses import replace

from benchmarks.experiments import text_rates
from benchmarks.experiments.estimators_rewards import LEARNERS, PARENTS, TASKS

EXPERIMENT = replace(
    text_rates.EXPERIMENT,
    name="estimators_rewards_rates",
    question="Which learning rate can each variant bear where a reward has parts, or where groups are filled?",
    tasks=TASKS,
    variants=LEARNERS + PARENTS,
    env_steps=dict.fromkeys(TASKS, 30_000),
)
