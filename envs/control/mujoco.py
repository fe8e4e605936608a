"""Robot control: the MuJoCo environments of Gymnasium, version 5, from a pole on a cart to a walker with six joints.

Floors are the uniform policy's mean return over 1,000 episodes, measured by this suite (envs.random_policy). Ceilings
are published scores of policy gradients on versions 2 to 4, whose rewards differ slightly for some of them:
rl-baselines3-zoo after 1M steps (PPO on HalfCheetah-v3, TRPO on Swimmer-v3 and Walker2d-v3), Tianshou's README after 3M
(A2C on InvertedDoublePendulum, PPO on Reacher), and the limit of InvertedPendulum. The ceiling of Hopper is its
threshold, which none of them reaches (zoo's TRPO: 3,618). Thresholds are Gymnasium's; Walker2d has none, so its
threshold is the score of zoo's PPO.
"""

from __future__ import annotations

from envs.api import Box, Features, Spec, Task
from envs.control.factory import Control

SOURCE = "Gymnasium 1.x (MuJoCo, v5) through EnvPool; published scores: rl-baselines3-zoo and Tianshou, older versions"


def _task(
    body: str,
    observed: int,
    joints: int,
    floor: float,
    ceiling: float,
    threshold: float,
    horizon: int = 1000,
    force: float = 1.0,
) -> Task:
    spec = Spec(Features(observed), Box((-force,) * joints, (force,) * joints), horizon)
    return Task(f"{body}-v5", Control(f"{body}-v5", spec), floor, ceiling, threshold, "robot control", SOURCE)


TASKS: tuple[Task, ...] = (
    _task("InvertedPendulum", 4, 1, floor=4.9, ceiling=1000.0, threshold=950.0, force=3.0),
    _task("InvertedDoublePendulum", 9, 1, floor=46.9, ceiling=9351.3, threshold=9100.0),
    _task("Reacher", 10, 2, floor=-42.9, ceiling=-3.7, threshold=-3.75, horizon=50),
    _task("Swimmer", 8, 2, floor=1.1, ceiling=365.7, threshold=360.0),
    _task("Hopper", 11, 3, floor=18.2, ceiling=3800.0, threshold=3800.0),
    _task("HalfCheetah", 17, 6, floor=-284.9, ceiling=5819.1, threshold=4800.0),
    _task("Walker2d", 17, 6, floor=2.1, ceiling=4933.1, threshold=3478.8),
)
