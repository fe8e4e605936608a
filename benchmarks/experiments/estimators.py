"""Which estimator for text? Every variant on the text suite, equal budgets of generated tokens, each at its own rate."""

from algorithms import VARIANTS
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase

TASKS = (
    "bandit/medium",
    "transduce/copy-shifted",
    "lock/medium",
    "dyck/sparse-medium",
    "padanswer/medium",
)
# the settings of stable-baselines3 are for windows of control tasks; asynchrony has an experiment of its own
LEFT_OUT = ("like_sb3_a2c", "like_sb3_ppo")
LEARNERS = tuple(name for name, v in VARIANTS.items() if not v.exact and not v.schedule.stale and name not in LEFT_OUT)
REFERENCES = ("random", "optimal", "exact_pg")

EXPERIMENT = ComparisonExperiment(
    name="estimators",
    question="Which estimator learns most from equally many tokens?",
    tasks=TASKS,
    variants=LEARNERS + REFERENCES,
    seeds=14,  # of some thirty comparisons none could pass the correction with 10
    env_steps=dict.fromkeys(TASKS, 60_000),
    protocol="text",
    baseline="reinforce",
    guide=(
        GuideCase("vocabulary", "100 tokens, one of them right", ("bandit/medium",)),
        GuideCase("reward", "a constant in every return", ("transduce/copy-shifted",)),
        GuideCase("reward", "a consolation prize that is easier to find", ("lock/medium",)),
        GuideCase("reward", "right or wrong, many answers are right", ("dyck/sparse-medium",)),
        GuideCase("horizon", "free thinking before a short answer", ("padanswer/medium",)),
    ),
    small={
        "tasks": ("bandit/small", "padanswer/small"),
        "seeds": 2,
        "env_steps": {"bandit/small": 4_000, "padanswer/small": 4_000},
    },
)
