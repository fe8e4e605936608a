"""The family of 2026 on text: masks, gates, objectives of the success rate, exponential weights, beside their parents.

A separate list, so that released results of `estimators` stay as they are. Rates are those of `text_rates_2026` where it has
chosen some, else the task's.
"""

from dataclasses import replace

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.experiments.estimators import EXPERIMENT as ESTIMATORS
from benchmarks.experiments.estimators import REFERENCES, TASKS

PARENTS = ("reinforce", "baseline_loo", "rloo", "dr_grpo", "grpo_epochs", "gspo", "gae", "ppo")
# `icepop` learns from stale rollouts, which is a question of its own; `stream_ac` from single steps, and texts are whole
LEARNERS = (
    "asym_re", "awr", "delightful", "dppo_kl", "dppo_tv", "gigpo", "gmpo", "gspo_token", "ipo_mask", "m2po", "maxrl",
    "opsm", "pkpo", "ppo_penalty", "sapo", "shrinkage", "simple_po", "single_stream", "topr", "vespo", "vmpo", "w_reinforce",
)  # fmt: skip

EXPERIMENT = ComparisonExperiment(
    name="estimators_2026",
    question="Which estimator of the family of 2026 learns more from equally many tokens than its parent?",
    tasks=TASKS,
    variants=LEARNERS + PARENTS + REFERENCES,
    seeds=14,
    env_steps=dict.fromkeys(TASKS, 60_000),
    protocol="text",
    baseline="reinforce",
    guide=tuple(replace(case, case=f"{case.case} (variants of 2026)") for case in ESTIMATORS.guide),
    small={
        "tasks": ("bandit/small", "padanswer/small"),
        "seeds": 2,
        "env_steps": {"bandit/small": 4_000, "padanswer/small": 4_000},
    },
)
