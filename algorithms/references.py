"""Rows to read the others against: the uniform policy and the oracle's optimum. No learning, one checkpoint at step 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from algorithms.training.evaluation import SAMPLES, SAMPLES_AT, Evaluation, show
from algorithms.training.exact_return import text_mdp
from algorithms.training.records import Members, Record
from algorithms.types import Variant
from algorithms.update import Optimal
from envs import random_policy
from envs.api import Array, Task
from envs.seeding import Role, stream
from envs.text_env import TextEnv
from envs.text_mdp import TextMDP


def reference_records(task: Task, variant: Variant, members: Members, evaluation: Evaluation) -> Iterator[Record]:
    """One Record a seed: J* from the oracle for `optimal`, played episodes for `random`."""
    if isinstance(variant.update, Optimal):
        mdp = text_mdp(task)
        assert mdp is not None
        scores = np.full(len(members.seeds), mdp.optimal_return())
    else:
        scores = play_uniformly(task, members, evaluation.episodes)
    for member, (seed, score) in enumerate(zip(members.seeds, scores.tolist(), strict=True)):
        yield Record(seed, 0.0, 0, 0.0, 0, 0, 0.0, score, score, False, place=member)


def play_uniformly(task: Task, members: Members, episodes: int) -> Array:
    """Mean return [P] of `episodes` episodes of the uniform policy over legal actions."""
    return random_policy.play(task, members.seeds, members.purpose, episodes).mean(1)


def play_optimally(mdp: TextMDP, seeds: Sequence[np.random.SeedSequence], episodes: int) -> tuple[TextEnv, Array]:
    """The environments after an episode each of `optimal_policy`, and the returns sum_t gamma^t r_t [P, episodes].

    With a beta the KL is not subtracted. ValueError where the task has no such policy in a short form.
    """
    env = TextEnv(mdp, seeds, episodes, group=1)
    env.reset()
    rngs = [np.random.default_rng(seed.spawn(1)[0]) for seed in seeds]
    alive = np.ones((len(seeds), episodes), np.bool_)
    total = np.zeros(alive.shape)
    for t in range(mdp.horizon):
        policy = mdp.optimal_policy(env.rows, t).reshape(*alive.shape, -1).cumsum(-1)
        random_policy = np.stack([rng.random(episodes) for rng in rngs])
        action = (policy <= (random_policy * policy[..., -1])[..., None]).sum(-1)
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
