"""What does each ingredient of policy gradients buy? Every rung at its own learning rate, ten seeds, eight tasks."""

from benchmarks.experiment import Experiment

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

EXPERIMENT = Experiment(
    name="ladder",
    question="What does each ingredient of policy gradients buy?",
    tasks=("CartPole-v1", "transduce/reverse-medium"),
    variants=RUNGS + REFERENCES,
)
