"""Driving: meta-actions (lane left, nothing, lane right, faster, slower) among other cars on a highway and a roundabout.

The reward of a step is in [0, 1], so the ceiling is the number of steps. A crash ends the episode. Floors are the
uniform policy's mean return over 1,000 episodes, measured by this suite (envs.random_policy). There are no published
scores for these versions. The thresholds are .75 and .9 per step; the slowest drive without a crash gets 2/3 and 5/6.
"""

from __future__ import annotations

from envs.api import Discrete, Features, Spec, Task
from envs.control.factory import Control

SOURCE = "highway-env (Leurent 2018) through EnvPool"


def _task(env_id: str, horizon: int, floor: float, threshold: float) -> Task:
    spec = Spec(Features(25), Discrete(5), horizon)  # presence, position and speed of 5 cars
    return Task(env_id, Control(env_id, spec), floor, float(horizon), threshold, "driving", SOURCE)


TASKS: tuple[Task, ...] = (
    _task("Highway-v0", 40, floor=11.0, threshold=30.0),
    _task("Roundabout-v0", 11, floor=6.0, threshold=9.9),
)
