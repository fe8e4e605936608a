"""Rows to read the others against: the uniform policy and the oracle's optimum. No learning, one checkpoint at step 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from algorithms.evaluation import SAMPLES, SAMPLES_AT, Evaluation, show
from algorithms.exact import text_mdp
from algorithms.training import Members, Record
from algorithms.types import Variant
from algorithms.update import Optimal
from envs.api import Array, Bools, Box, Spec, Task
from envs.streams import Role, generator, stream
from envs.text_env import TextEnv
from envs.transcript import TextMDP


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
    for t in range(task.spec.horizon):
        action = _uniform(rngs, task.spec, episodes, mask)
        step = env.step(action, alive)
        paid = step.reward
        if task.beta and step.reference is not None:
            choices = mask.sum(-1) if mask is not None else np.full(alive.shape, action_count(task))
            paid = paid - task.beta * (-np.log(choices) - step.reference)
        total += task.gamma**t * paid * alive
        alive &= ~(step.terminated | step.truncated)
        mask = step.action_mask
        if not alive.any():
            break
    env.close()
    return total.mean(1)


def action_count(task: Task) -> int:
    """V of a task with discrete actions."""
    assert not isinstance(task.spec.action, Box)
    return task.spec.action.n


def play_optimally(mdp: TextMDP, seeds: Sequence[np.random.SeedSequence], episodes: int) -> tuple[TextEnv, Array]:
    """The environments after an episode each of `optimal_policy`, and the returns sum_t gamma^t r_t [P, episodes].

    With a beta the KL is not subtracted. ValueError where the task has no such policy in a short form.
    """
    env = mdp.make(seeds, episodes)
    env.reset()
    rngs = [np.random.default_rng(seed.spawn(1)[0]) for seed in seeds]
    alive = np.ones((len(seeds), episodes), np.bool_)
    total = np.zeros(alive.shape)
    for t in range(mdp.horizon):
        policy = mdp.optimal_policy(env.rows, t).reshape(*alive.shape, -1).cumsum(-1)
        uniform = np.stack([rng.random(episodes) for rng in rngs])
        action = (policy <= (uniform * policy[..., -1])[..., None]).sum(-1)
        step = env.step(np.minimum(action, mdp.actions - 1), alive)
        total += mdp.gamma**t * step.reward
        alive = alive & ~step.terminated
        if not alive.any():
            break
    return env, total


def optimal_texts(task: Task, members: Members) -> tuple[str, ...]:
    """What an optimal policy writes where the first member's samples start; empty where it has no short form."""
    mdp = text_mdp(task)
    if mdp is None:
        return ()
    seed = stream(members.seeds[0], Role.EVALUATION_ENVIRONMENT, SAMPLES_AT, purpose=members.purpose)
    try:
        env, _ = play_optimally(mdp, [seed], SAMPLES)
    except ValueError:
        return ()
    return tuple(show(mdp, transcript) for transcript in env.rows.transcript)


def _uniform(rngs: list[np.random.Generator], spec: Spec, n: int, mask: Bools | None) -> Array:
    if isinstance(spec.action, Box):
        low, high = spec.action.low, spec.action.high
        return np.stack([rng.uniform(low, high, (n, spec.action.size)) for rng in rngs]).astype(np.float32)
    preference = np.stack([rng.random((n, spec.action.n)) for rng in rngs])  # the largest of equals is uniform
    if mask is not None:
        preference = np.where(mask, preference, -1.0)
    return preference.argmax(-1)
