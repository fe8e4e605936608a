"""Rows to read the others against: the uniform policy and the oracle's optimum. No learning, one checkpoint at step 0."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from algorithms.evaluation import Evaluation
from algorithms.exact import text_mdp
from algorithms.training import Members, Record
from algorithms.types import Variant
from algorithms.update import Optimal
from envs.api import Array, Bools, Box, Spec, Task
from envs.streams import Role, generator, stream


def reference_records(task: Task, variant: Variant, members: Members, evaluation: Evaluation) -> Iterator[Record]:
    """One Record a seed: J* from the oracle for `optimal`, played episodes for `random`."""
    if isinstance(variant.update, Optimal):
        mdp = text_mdp(task)
        assert mdp is not None
        scores = np.full(len(members.seeds), mdp.optimal_return())
    else:
        scores = play_uniformly(task, members, evaluation.episodes)
    for seed, score in zip(members.seeds, scores.tolist(), strict=True):
        yield Record(seed, 0.0, 0, 0.0, 0, 0, 0.0, score, score, False)


def play_uniformly(task: Task, members: Members, episodes: int) -> Array:
    """Mean return [P] of `episodes` episodes of the uniform policy over legal actions."""
    purpose = members.purpose
    env = task.factory.make(
        [stream(s, Role.EVALUATION_ENVIRONMENT, 0, purpose=purpose) for s in members.seeds], episodes
    )
    rngs = [generator(s, Role.EVALUATION_ACTION, 0, purpose=purpose) for s in members.seeds]
    _, mask = env.reset()
    alive = np.ones((len(members.seeds), episodes), np.bool_)
    total = np.zeros(alive.shape)
    for _ in range(task.spec.horizon):
        step = env.step(_uniform(rngs, task.spec, episodes, mask), alive)
        total += step.reward * alive
        alive &= ~(step.terminated | step.truncated)
        mask = step.action_mask
        if not alive.any():
            break
    env.close()
    return total.mean(1)


def _uniform(rngs: list[np.random.Generator], spec: Spec, n: int, mask: Bools | None) -> Array:
    if isinstance(spec.action, Box):
        low, high = spec.action.low, spec.action.high
        return np.stack([rng.uniform(low, high, (n, spec.action.size)) for rng in rngs]).astype(np.float32)
    preference = np.stack([rng.random((n, spec.action.n)) for rng in rngs])  # the largest of equals is uniform
    if mask is not None:
        preference = np.where(mask, preference, -1.0)
    return preference.argmax(-1)
