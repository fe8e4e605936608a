"""Which learning rate is best for each way of RLHF? Every rate on selection seeds, at half of the budget of `rlhf_exact`."""

from functools import partial

from algorithms.training.evaluation import Evaluation
from benchmarks.design.settings import RATES
from benchmarks.experiments.rlhf_exact import FIRST, LEARNERS, TINY_MODELS, build_tasks
from benchmarks.language.experiment import LanguageExperiment
from envs.seeding import Purpose

EXPERIMENT = LanguageExperiment(
    name="language_rates",
    question="Which learning rate can each way of RLHF bear, and how much of a ranking is the rate?",
    tasks=FIRST,
    variants=(*LEARNERS, "exact_pg"),
    seeds=3,
    env_steps=dict.fromkeys(FIRST, 1_056),
    evaluation=Evaluation(checkpoints=5, episodes=10),
    purpose=Purpose.SELECTION,
    rates=RATES[1:4],
    protocol="language",
    build_tasks=partial(build_tasks, names=FIRST),
    small={
        "tasks": FIRST,
        "seeds": 1,
        "variants": ("rloo", "dpo"),
        "env_steps": dict.fromkeys(FIRST, 300),
        "evaluation": Evaluation(checkpoints=5, episodes=10),
        "build_tasks": partial(build_tasks, names=FIRST),
        "models": TINY_MODELS,
    },
)
