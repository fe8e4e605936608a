"""Do our A2C and PPO learn as stable-baselines3's own do, with the same settings on the same tasks?

The same: environments and evaluation, networks and their initialisation, losses, optimisers and clipping, all at
stable-baselines3's defaults. What differs of necessity: the streams of random numbers; a window of ours holds the row that
delivers a reset, which is not learned from, so that it has a few rows less than theirs and the budget holds an update or two
more; and our environments are built anew every 1,000 steps (A2C) or with every window (PPO), where an episode is cut, with
bootstrapping, and the next one begins at the start.
"""

from algorithms.references.sb3 import Sb3
from algorithms.training.evaluation import Evaluation
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.figures.overlay import Overlay
from benchmarks.findings.parity import Parity

A2C = Sb3(
    name="sb3:a2c (defaults)",
    shown_as="A2C (SB3's own)",
    summary="stable-baselines3's own A2C at its defaults, 8 environments",
    model_class="a2c",
    learning_rate=7e-4,
    envs=8,
)
PPO = Sb3(
    name="sb3:ppo (defaults)",
    shown_as="PPO (SB3's own)",
    summary="stable-baselines3's own PPO at its defaults, one environment",
    model_class="ppo",
    learning_rate=3e-4,
)
PAIRS = {"like_sb3_a2c": A2C.name, "like_sb3_ppo": PPO.name}
TASKS = ("CartPole-v1", "Pendulum-v1")

EXPERIMENT = ComparisonExperiment(
    name="parity",
    question="Do our A2C and PPO learn as stable-baselines3's own do?",
    tasks=TASKS,
    variants=("like_sb3_a2c", A2C, "like_sb3_ppo", PPO),
    seeds=30,
    seeds_by_variant={
        A2C.name: 20,
        PPO.name: 20,
    },  # with 10, an equivalence that is true would be missed three times in ten
    env_steps=dict.fromkeys(TASKS, 100_000),
    evaluation=Evaluation(checkpoints=10, episodes=20),
    baseline="like_sb3_a2c",
    figures=(
        Overlay(
            "parity",
            "Learning curves of our implementation and of stable-baselines3's own at the same settings",
            pairs=PAIRS,
        ),
    ),
    finding=Parity(PAIRS),
    small={
        "tasks": ("CartPole-v1",),
        "seeds": 3,
        "seeds_by_variant": {A2C.name: 2, PPO.name: 2},
        "env_steps": {"CartPole-v1": 5_000},
        "evaluation": Evaluation(checkpoints=2, episodes=5),
    },
)
