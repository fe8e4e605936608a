"""What does each ingredient of policy gradients buy on small games? The ladder's main rungs, all at one learning rate.

No rate was selected for these tasks: all learn at that of their settings (benchmarks/design/settings.py).
"""

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.findings.ingredients import Ingredients, rungs_among

LEARNERS = ("reinforce", "reward_to_go", "baseline_value", "gae", "a2c", "ppo", "impala")

EXPERIMENT = ComparisonExperiment(
    name="games",
    question="What does each ingredient of policy gradients buy on small games?",
    tasks=("FrozenLake-v1", "Taxi-v3", "CliffWalking-v1", "Blackjack-v1", "Catch-v0"),
    variants=(*LEARNERS, "random"),
    baseline="reinforce",
    finding=Ingredients(rungs_among(LEARNERS)),
    small={"tasks": ("Catch-v0", "Blackjack-v1"), "seeds": 2, "env_steps": {"Catch-v0": 3_000, "Blackjack-v1": 3_000}},
)
