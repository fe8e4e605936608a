"""Plays the uniform policy over legal actions, to measure the floors of tasks.

python -m envs.random_policy Taxi-v3 gymnasium:Acrobot-v1 my_module:TASK --episodes 1000
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.api import Array, Bools, Box, Spec, Task, reference_of
from envs.custom.faults import CheckedVecEnv, EnvironmentFault
from envs.named import find_task
from envs.seeding import Purpose, Role, generator, stream
from envs.tasks import TASKS
from envs.validation import UsageError

EPISODES, STEPS, SECONDS = 300, 100_000, 60.0  # defaults of `measure_floor`
AT_ONCE = 10  # episodes that are played in parallel


class Floor(NamedTuple):
    """The uniform policy's mean return, its standard error (NaN for one episode), and what it was measured on."""

    mean: float
    error: float
    episodes: int
    env_steps: int


def play(task: Task, seeds: Sequence[int], purpose: Purpose, episodes: int) -> NDArray[np.float64]:
    """Returns [P, episodes] of the uniform policy: sum_t gamma^t (r_t - beta log(pi / reference))."""
    return _play(task, seeds, purpose, episodes)[0]


def _play(
    task: Task, seeds: Sequence[int], purpose: Purpose, episodes: int, steps: float = math.inf, until: float = math.inf
) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """Returns [P, episodes], which of them ended, and the steps taken; stops after `steps` steps or at the time `until`."""
    streams = [stream(s, Role.EVALUATION_ENVIRONMENT, 0, purpose=purpose) for s in seeds]
    env = CheckedVecEnv(task.factory.make(streams, episodes), task.name, streams, episodes)
    rngs = [generator(s, Role.EVALUATION_ACTION, 0, purpose=purpose) for s in seeds]
    obs, mask = env.reset()
    alive = np.ones((len(seeds), episodes), np.bool_)
    total = np.zeros(alive.shape)
    taken = 0
    unread = []  # (gamma^t, log pi(a_t)) of steps whose reference comes after the last one
    for t in range(task.spec.horizon):
        taken += int(alive.sum())
        action = draw_actions(rngs, task.spec, episodes, mask)
        step = env.step(action, alive)
        paid = step.reward
        if task.beta:
            choices = mask.sum(-1) if mask is not None else np.full(alive.shape, _action_count(task))
            if step.reference is None:
                unread.append((task.gamma**t * alive, -np.log(choices)))
            else:
                paid = paid - task.beta * (-np.log(choices) - step.reference)
        total += task.gamma**t * paid * alive
        alive &= ~(step.terminated | step.truncated)
        obs, mask = step.obs, step.action_mask
        if not alive.any() or taken >= steps or time.monotonic() > until:
            break
    later = reference_of(env, obs, "cpu") if unread else None
    if later is not None:
        for (weight, logp), reference in zip(unread, later, strict=False):  # all episodes may have ended early
            total -= task.beta * weight * (logp - reference)
    env.close()
    return total, ~alive, taken


def _action_count(task: Task) -> int:
    """V of a task with discrete actions."""
    assert not isinstance(task.spec.action, Box)
    return task.spec.action.n


def draw_actions(rngs: list[np.random.Generator], spec: Spec, n: int, mask: Bools | None) -> Array:
    """Actions [P, N] or [P, N, size], uniform over legal ones, with one generator per member."""
    if isinstance(spec.action, Box):
        low, high = spec.action.low, spec.action.high
        return np.stack([rng.uniform(low, high, (n, spec.action.size)) for rng in rngs]).astype(np.float32)
    preference = np.stack([rng.random((n, spec.action.n)) for rng in rngs])  # the index of the largest is uniform
    if mask is not None:
        preference = np.where(mask, preference, -1.0)
    return preference.argmax(-1)


def estimate_floor(task: Task, episodes: int) -> tuple[float, float]:
    """(mean return of the uniform policy over `episodes` episodes, its standard error), on seeds that nothing else uses."""
    returns = play(task, (0,), Purpose.TEST, episodes)[0]
    return float(returns.mean()), float(returns.std(ddof=1) / episodes**0.5)


def measure_floor(task: Task, episodes: int = EPISODES, steps: int = STEPS, seconds: float = SECONDS) -> Floor:
    """The floor at a limited cost: batches of episodes until there are enough, or steps or seconds are used up.

    An unfinished episode counts only if none has ended. ValueError if returns are not finite.
    """
    until = time.monotonic() + seconds
    returns, ended, taken = [np.zeros(0)], [np.zeros(0, np.bool_)], 0
    for batch in range(-(-episodes // AT_ONCE)):
        count = min(AT_ONCE, episodes - batch * AT_ONCE)
        found, over, used = _play(task, (batch,), Purpose.TEST, count, steps - taken, until)
        returns, ended, taken = [*returns, found[0]], [*ended, over[0]], taken + used
        if taken >= steps or time.monotonic() > until:
            break
    values, whole = np.concatenate(returns), np.concatenate(ended)
    values = values[whole] if whole.any() else values
    if not np.isfinite(values).all():
        raise ValueError(f"{task.name} pays rewards that are not finite numbers")
    error = float(values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else math.nan
    return Floor(float(values.mean()), error, len(values), taken)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each named task; UsageError for unknown names."""
    parser = argparse.ArgumentParser(prog="python -m envs.random_policy", description="Measure floors.")
    parser.add_argument("tasks", nargs="+", help="registered names, gymnasium:ID or module:TASK")
    parser.add_argument("--episodes", type=int, default=1_000)
    chosen = parser.parse_args(arguments)
    if chosen.episodes < 2:
        parser.error(f"--episodes must be at least 2, not {chosen.episodes}")
    for task in [find_task(name) for name in chosen.tasks]:
        if task.name in TASKS:
            mean, error = estimate_floor(task, chosen.episodes)
        else:  # few environments at once, because they may be slow to make
            mean, error, *_ = measure_floor(task, chosen.episodes, sys.maxsize, math.inf)
        print(f"{task.name:28} {mean:12.4f} +- {error:.4f} ({chosen.episodes:,} episodes)", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (UsageError, EnvironmentFault) as mistake:
        sys.exit(f"error: {mistake}")
