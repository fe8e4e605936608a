"""Classic control.

Floors are the uniform policy's mean return over 2,000 episodes (MountainCar-v0 and CartPole-v0: 1,000), measured by
this suite (envs.random_policy). Ceilings are published scores (rl-baselines3-zoo's PPO on Acrobot, its DQN on
MountainCar), the environment's limit on CartPole, and rounded numbers just above published scores for Pendulum and
MountainCarContinuous. Thresholds are Gymnasium's reward thresholds, if any. There are five systems and six ids:
CartPole-v0 is CartPole-v1 with 200 steps.
"""

from __future__ import annotations

from envs.api import Box, Discrete, Features, Spec, Task
from envs.control.factory import Control

GYMNASIUM = "Gymnasium 1.x; published scores: rl-baselines3-zoo benchmark.md"


def _task(env_id: str, spec: Spec, floor: float, ceiling: float, threshold: float) -> Task:
    return Task(env_id, Control(env_id, spec), floor, ceiling, threshold, "classic control", GYMNASIUM)


TASKS: tuple[Task, ...] = (
    _task("CartPole-v1", Spec(Features(4), Discrete(2), 500), floor=22.6, ceiling=500.0, threshold=475.0),
    _task("Acrobot-v1", Spec(Features(6), Discrete(3), 500), floor=-498.8, ceiling=-73.5, threshold=-100.0),
    _task("Pendulum-v1", Spec(Features(3), Box((-2.0,), (2.0,)), 200), floor=-1230.6, ceiling=-150.0, threshold=-200.0),
    _task(
        "MountainCarContinuous-v0",
        Spec(Features(2), Box((-1.0,), (1.0,)), 999),
        floor=-33.2,
        ceiling=94.0,
        threshold=90.0,
    ),
    _task("MountainCar-v0", Spec(Features(2), Discrete(3), 200), floor=-200.0, ceiling=-100.8, threshold=-110.0),
    _task("CartPole-v0", Spec(Features(4), Discrete(2), 200), floor=23.2, ceiling=200.0, threshold=195.0),
)
