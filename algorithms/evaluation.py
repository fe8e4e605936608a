"""The evaluation protocol: fresh environments and streams, the first episode of each, undiscounted returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.collector import Actor
from algorithms.normaliser import Normaliser
from algorithms.policies.actor_critic import ActorCritic
from envs.api import Task
from envs.streams import Purpose, Role, generator, stream


@dataclass(frozen=True)
class Evaluation:
    """episodes a member at each of `checkpoints` + 1 evenly spaced fractions of the budget (0 and 1 among them).

    Sampled actions at every checkpoint, greedy ones at the last too.
    """

    checkpoints: int = 10
    episodes: int = 20

    @property
    def fractions(self) -> tuple[float, ...]:
        return tuple(i / self.checkpoints for i in range(self.checkpoints + 1))


def evaluate(
    task: Task,
    policy: ActorCritic,
    normaliser: Normaliser,
    seeds: tuple[int, ...],
    purpose: Purpose,
    checkpoint: int,
    episodes: int,
    greedy: bool,
    device: str = "cpu",
) -> NDArray[np.float64]:
    """Mean undiscounted return [P] of `episodes` episodes; the same (seed, checkpoint) always meets the same starts."""
    env = task.factory.make(
        [stream(s, Role.EVALUATION_ENVIRONMENT, checkpoint, purpose=purpose) for s in seeds], episodes
    )
    acting = [generator(s, Role.EVALUATION_ACTION, checkpoint, purpose=purpose) for s in seeds]
    actor = Actor(env, policy, normaliser, None if greedy else acting, device)
    tape = actor.play(np.ones(len(seeds), np.bool_))
    env.close()
    paid = np.stack(tape.reward) * np.stack(tape.valid)  # [T, P, N]
    mean: NDArray[np.float64] = paid.sum(0, dtype=np.float64).mean(1)
    return mean
