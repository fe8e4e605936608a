"""Which learning rate is best for each variant of `critic_free_control`? As `learning_rates`, for these."""

from dataclasses import replace

from benchmarks.experiments import learning_rates
from benchmarks.experiments.critic_free_control import TASKS, VARIANTS_COMPARED

EXPERIMENT = replace(
    learning_rates.EXPERIMENT,
    name="critic_free_rates",
    question="Which learning rate can each variant bear, with a critic and without?",
    tasks=TASKS,
    variants=VARIANTS_COMPARED,
    env_steps=dict.fromkeys(TASKS, 60_000),
    protocol="critic_free",
    small={"tasks": ("CartPole-v1",), "seeds": 2, "env_steps": {"CartPole-v1": 3_000}, "variants": ("gae", "rloo")},
)
