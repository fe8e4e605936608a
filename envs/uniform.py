"""The uniform policy over legal actions, played: where the floors of tasks come from.

python -m envs.uniform Taxi-v3 Hopper-v5 --episodes 1000
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from envs.api import Array, Bools, Box, Spec, Task
from envs.faults import Checked
from envs.streams import Purpose, Role, generator, stream


def play(task: Task, seeds: Sequence[int], purpose: Purpose, episodes: int) -> NDArray[np.float64]:
    """Returns [P, episodes] of the uniform policy: sum_t gamma^t (r_t - beta log(pi / reference)); a Box uniformly."""
    streams = [stream(s, Role.EVALUATION_ENVIRONMENT, 0, purpose=purpose) for s in seeds]
    env = Checked(task.factory.make(streams, episodes), task.name, streams, episodes)
    rngs = [generator(s, Role.EVALUATION_ACTION, 0, purpose=purpose) for s in seeds]
    _, mask = env.reset()
    alive = np.ones((len(seeds), episodes), np.bool_)
    total = np.zeros(alive.shape)
    for t in range(task.spec.horizon):
        action = draw(rngs, task.spec, episodes, mask)
        step = env.step(action, alive)
        paid = step.reward
        if task.beta and step.reference is not None:
            choices = mask.sum(-1) if mask is not None else np.full(alive.shape, _action_count(task))
            paid = paid - task.beta * (-np.log(choices) - step.reference)
        total += task.gamma**t * paid * alive
        alive &= ~(step.terminated | step.truncated)
        mask = step.action_mask
        if not alive.any():
            break
    env.close()
    return total


def _action_count(task: Task) -> int:
    """V of a task with discrete actions."""
    assert not isinstance(task.spec.action, Box)
    return task.spec.action.n


def draw(rngs: list[np.random.Generator], spec: Spec, n: int, mask: Bools | None) -> Array:
    """Actions [P, N] or [P, N, size], uniform over what is legal; one generator a member."""
    if isinstance(spec.action, Box):
        low, high = spec.action.low, spec.action.high
        return np.stack([rng.uniform(low, high, (n, spec.action.size)) for rng in rngs]).astype(np.float32)
    preference = np.stack([rng.random((n, spec.action.n)) for rng in rngs])  # the largest of equals is uniform
    if mask is not None:
        preference = np.where(mask, preference, -1.0)
    return preference.argmax(-1)


def floor(task: Task, episodes: int) -> tuple[float, float]:
    """(mean return of the uniform policy over so many episodes, its standard error), on seeds that nothing else uses."""
    returns = play(task, (0,), Purpose.TEST, episodes)[0]
    return float(returns.mean()), float(returns.std(ddof=1) / episodes**0.5)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each task named."""
    from envs import TASKS
    from envs.discover import look_up

    parser = argparse.ArgumentParser(prog="python -m envs.uniform", description="Measure floors.")
    parser.add_argument("tasks", nargs="+")
    parser.add_argument("--episodes", type=int, default=1_000)
    chosen = parser.parse_args(arguments)
    for task in [look_up(TASKS, name, "task") for name in chosen.tasks]:
        mean, error = floor(task, chosen.episodes)
        print(f"{task.name:28} {mean:12.4f} +- {error:.4f} ({chosen.episodes:,} episodes)", flush=True)


if __name__ == "__main__":
    main()
