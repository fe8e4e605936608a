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

EXPERIMENT = Experiment(
    name="ladder",
    question="What does each ingredient of policy gradients buy?",
    tasks=TASKS,
    variants=RUNGS + REFERENCES,
    small={"tasks": ("CartPole-v1", "bandit/medium"), "seeds": 3, "env_steps": {"CartPole-v1": 20_000}},
)
