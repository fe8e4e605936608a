"""Which estimator for text? Every variant on the text suite, equal budgets of generated tokens, each at its own rate."""

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase

TASKS = (
    "bandit/medium",
    "transduce/copy-shifted",
    "lock/medium",
    "dyck/sparse-medium",
    "padanswer/medium",
)
# named one by one: a new variant adds no cell to released results (those of 2026 are in `estimators_2026`). Left out are
# the settings of stable-baselines3, which are for windows of control tasks, and staleness, an experiment of its own
LEARNERS = (
    "a2c", "baseline_loo", "baseline_mean", "baseline_value", "batch_mean", "cispo", "clip_cov", "dapo", "dr_grpo",
    "entropy", "entropy_annealed", "entropy_target", "gae", "gpg", "grpo", "grpo_epochs", "gspo", "kl_cov",
    "like_openrlhf_reinforce_pp", "like_trl_grpo", "like_trl_rloo", "like_verl_grpo", "lite_ppo", "nlpo", "npg", "opo",
    "optimal_const", "otb", "ppo", "raft", "reinforce", "reinforce_pp", "reward_to_go", "rloo", "scst",
)  # fmt: skip
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
