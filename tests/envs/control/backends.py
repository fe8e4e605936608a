"""The backends of classic control, and environments of each."""

from __future__ import annotations

import math

import numpy as np
import pytest

from envs import TASKS
from envs.api import Discrete, VecEnv
from envs.control import from_envpool
from envs.control.classic import TASKS as CLASSIC
from envs.control.factory import Control
from envs.seeding import Role, stream

NAMES = [task.name for task in CLASSIC]
BACKENDS = ["auto", "gymnasium", *(["envpool"] if from_envpool.installed() else [])]
needs_envpool = pytest.mark.skipif(not from_envpool.installed(), reason="EnvPool is not installed")


def make(name: str, backend: str, seeds: tuple[int, ...] = (1, 2), envs: int = 3) -> VecEnv:
    """Classic control by our equations ("auto"), Gymnasium or EnvPool."""
    streams = [stream(s, Role.ENVIRONMENT, 0) for s in seeds]
    if backend == "envpool":
        return from_envpool.EnvPoolVec(name, TASKS[name].spec, streams, envs)
    return Control(name, TASKS[name].spec, backend).make(streams, envs)  # type: ignore[arg-type]


def actions(env: VecEnv, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    space = env.spec.action
    if isinstance(space, Discrete):
        return rng.integers(space.n, size=shape)
    return rng.uniform(-1.5, 1.5, (*shape, space.size)).astype(np.float32)  # beyond the bounds of some: clipped


def state_from(name: str, obs: np.ndarray) -> np.ndarray:
    """Gymnasium's internal state from an observation."""
    if name == "Acrobot-v1":
        cos1, sin1, cos2, sin2, w1, w2 = (float(x) for x in obs)
        return np.array([math.atan2(sin1, cos1), math.atan2(sin2, cos2), w1, w2])
    if name == "Pendulum-v1":
        return np.array([math.atan2(float(obs[1]), float(obs[0])), float(obs[2])])
    return obs.astype(np.float64)
