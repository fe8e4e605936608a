"""What does each ingredient of policy gradients buy? Every rung at its own learning rate, 30 seeds, eight tasks."""

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.guide_case import GuideCase
from benchmarks.findings.ingredients import Ingredients, rungs_among

RUNGS = (
    "reinforce",
    "reward_to_go",
    "baseline_mean",
    "baseline_loo",
    "baseline_value",
    "gae",
    "a2c",
    "entropy",
    "ppo",
    "async",
)
REFERENCES = ("random", "optimal", "exact_pg")
TASKS = (
    "CartPole-v1",
    "Acrobot-v1",
    "Pendulum-v1",
    "MountainCarContinuous-v0",
    "bandit/medium",
    "transduce/copy-shifted",
    "lock/medium",
    "dyck/sparse-medium",
)

EXPERIMENT = ComparisonExperiment(
    name="ladder",
    question="What does each ingredient of policy gradients buy?",
    tasks=TASKS,
    variants=RUNGS + REFERENCES,
    baseline="reinforce",
    finding=Ingredients(rungs_among(RUNGS)),
    seeds=30,
    block=30,  # one population: a step costs 30 members little more than 10
    guide=(
        GuideCase("horizon", "episodes of 100 to 1,000 steps (classic control)", TASKS[:4]),
        GuideCase("horizon", "texts of 1 to 14 tokens, paid at the end", TASKS[4:]),
        GuideCase(
            "staleness",
            "fresh rollouts (`gae`), or uncorrected ones four updates old (`async`)",
            TASKS,
            ("gae", "async"),
        ),
    ),
    small={"tasks": ("CartPole-v1", "bandit/medium"), "seeds": 3, "env_steps": {"CartPole-v1": 20_000}},
)
