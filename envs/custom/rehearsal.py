"""A few steps of a user's environment before anything is measured or trained: what fails at once is found at once."""

from __future__ import annotations

import re
import time
import warnings
from contextlib import closing, suppress

import numpy as np

from envs.api import Factory, Task
from envs.control.factory import Control, control_of
from envs.custom.faults import CheckedVecEnv
from envs.custom.making import make_loud_env
from envs.random_policy import draw_actions

SEED, EPISODES, STEPS, SECONDS = 0, 3, 60, 10.0  # steps of an episode, seconds in all
LOGGED = re.compile(
    r"(\x1b\[\d+m)?(WARN|ERROR): (?P<words>.*?)(\x1b\[\d+m)?", re.DOTALL
)  # as Gymnasium's logger writes


def rehearse(task: Task) -> list[str]:
    """Play uniform actions in one environment of the task and of each of its views; returns what Gymnasium warns of.

    Raises what the environment raises, and EnvironmentFault for a reply that cannot be.
    """
    until = time.monotonic() + SECONDS
    heard: dict[str, None] = {}
    for part in [task, *(view for _, view in task.view_tasks())]:
        _play(part.factory, part.name, until)
        if (control := control_of(part.factory)) is not None and control.backend == "gymnasium":
            heard |= dict.fromkeys(_warnings(control))
    return list(heard)


def _play(factory: Factory, name: str, until: float) -> None:
    seeds, rng = [np.random.SeedSequence(SEED)], np.random.default_rng(SEED)
    env = CheckedVecEnv(factory.make(seeds, 1), name, seeds, 1)
    try:
        for _ in range(EPISODES):
            _, mask = env.reset()
            active = np.ones((1, 1), np.bool_)
            for _ in range(min(STEPS, factory.spec.horizon)):
                step = env.step(draw_actions([rng], factory.spec, 1, mask), active)
                active, mask = active & ~(step.terminated | step.truncated), step.action_mask
                if not active.any() or time.monotonic() > until:
                    break
    finally:
        env.close()


def _warnings(control: Control) -> list[str]:
    """What Gymnasium says while it makes the environment, and checks its first reset and step."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # what it takes for an error is none where the environment has played
        with suppress(Exception), closing(make_loud_env(control.env_id, **dict(control.arguments))) as env:
            env.reset(seed=SEED)
            env.step(env.action_space.sample())
    found = [LOGGED.fullmatch(str(warning.message)) for warning in caught]
    return [" ".join(match["words"].split()).rstrip(".") for match in found if match]
