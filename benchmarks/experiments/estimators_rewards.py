"""Does standardising each part of a reward help? Does it help to play a prompt until both right and wrong answers are seen?

A list of its own, so that released results of `estimators` and `estimators_2026` stay as they are. The first three tasks
pay in parts: an answer and its form, an answer and what was asked for it, help and flagged words.
"""

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.experiments.estimators import REFERENCES
from benchmarks.findings.pairs.several_pairs import Pairs

TASKS = ("countdown/small", "causal/medium", "safereply/medium", "lock/medium", "dyck/sparse-medium")
PARENTS = ("reinforce", "rloo", "dr_grpo", "grpo", "dapo")
LEARNERS = ("gdpo", "reinforce_ada")

EXPERIMENT = ComparisonExperiment(
    name="estimators_rewards",
    question="Does it help to standardise each part of a reward apart, or to play prompts until both outcomes are seen?",
    tasks=TASKS,
    variants=LEARNERS + PARENTS + REFERENCES,
    seeds=14,
    env_steps=dict.fromkeys(TASKS, 60_000),
    protocol="text",
    baseline="grpo",
    finding=Pairs((("gdpo", "grpo"), ("reinforce_ada", "dr_grpo")), "with the changed part", "without it"),
    small={
        "tasks": ("countdown/small", "causal/small"),
        "seeds": 2,
        "env_steps": {"countdown/small": 4_000, "causal/small": 4_000},
    },
)
