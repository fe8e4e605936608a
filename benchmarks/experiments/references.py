"""How do our policy gradients compare with stable-baselines3's own runs and with Q-learning?

stable-baselines3 trains a seed at a time, at some 700 to 7,000 steps a second, so its runs are here and not in every
experiment. It has its published settings on control tasks and its defaults on texts; ours have the rates of the ladder.
Where it explores by state (Pendulum), its sampled scores draw that noise at every step: compare greedy ones.
"""

from benchmarks.design.experiment import ComparisonExperiment

TASKS = ("CartPole-v1", "Pendulum-v1", "lock/medium", "dyck/small")
OURS = ("reinforce", "baseline_value", "gae", "a2c", "ppo", "like_sb3_a2c", "like_sb3_ppo")
SB3_AND_Q_LEARNING = ("sb3:a2c", "sb3:ppo", "sb3:dqn", "q_learning")

EXPERIMENT = ComparisonExperiment(
    name="references",
    question="How do our policy gradients compare with stable-baselines3's runs and with Q-learning?",
    tasks=TASKS,
    variants=(*OURS, *SB3_AND_Q_LEARNING, "random", "optimal"),
    env_steps={"CartPole-v1": 50_000, "Pendulum-v1": 50_000, "lock/medium": 20_000, "dyck/small": 20_000},
    baseline="sb3:ppo",
    small={
        "tasks": ("CartPole-v1", "lock/small"),
        "seeds": 2,
        "env_steps": {"CartPole-v1": 3_000, "lock/small": 2_000},
    },
)
