"""Box2D: landing on a pad with discrete or continuous engines, and walking on two legs over uneven ground.

Floors are the uniform policy's mean return over 1,000 episodes, measured by this suite (envs.random_policy). The
ceilings of LunarLander are the scores of rl-baselines3-zoo's PPO on LunarLander-v2 (v3 corrects the wind and a bias of
the legs). The ceiling of BipedalWalker is its threshold; its best published policy gradient reaches 299.8 (zoo, A2C, 5M
steps). Thresholds are Gymnasium's.
"""

from __future__ import annotations

from envs.api import Box, Discrete, Features, Spec, Task
from envs.control.factory import Control

SOURCE = "Gymnasium 1.x (Box2D) through EnvPool; published scores: rl-baselines3-zoo benchmark.md"


def _task(env_id: str, spec: Spec, floor: float, ceiling: float, threshold: float) -> Task:
    return Task(env_id, Control(env_id, spec), floor, ceiling, threshold, "Box2D", SOURCE)


def _bounds(size: int) -> Box:
    return Box((-1.0,) * size, (1.0,) * size)


TASKS: tuple[Task, ...] = (
    _task("LunarLander-v3", Spec(Features(8), Discrete(4), 1000), floor=-177.0, ceiling=242.1, threshold=200.0),
    _task(
        "LunarLanderContinuous-v3", Spec(Features(8), _bounds(2), 1000), floor=-217.2, ceiling=270.9, threshold=200.0
    ),
    _task("BipedalWalker-v3", Spec(Features(24), _bounds(4), 1600), floor=-99.7, ceiling=300.0, threshold=300.0),
)
