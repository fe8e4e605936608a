"""Policies without training: uniform actions, and the optimum of the task's model. One checkpoint at step 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from algorithms.algorithm import TrainingPlan
from algorithms.references.reference import Reference
from algorithms.training.records import Members, Record, TrainingEvent
from algorithms.training.returns.exact_return import text_mdp
from algorithms.training.returns.sampled_return import SAMPLES, SAMPLES_AT, TextSamples, text_samples
from algorithms.training.state import RunState
from envs import random_policy
from envs.api import Array, Task
from envs.language.family import scores_of
from envs.seeding import Role, stream
from envs.text_env import TextEnv
from envs.text_mdp import TextMDP


@dataclass(frozen=True, kw_only=True)
class Random(Reference):
    """The uniform policy over legal actions."""

    def train(self, plan: TrainingPlan, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        """One Record per seed: the mean return of the episodes of an evaluation."""
        yield from _records(plan.members, play_uniformly(plan.task, plan.members, plan.evaluation.episodes))


@dataclass(frozen=True, kw_only=True)
class Optimal(Reference):
    """The optimal policy, by dynamic programming on the task's model."""

    exact = True

    def reason_unsupported(self, task: Task) -> str | None:
        """Why the optimum of the task is unknown; None if it is known."""
        return "needs an oracle, and this task has none" if text_mdp(task) is None else None

    def train(self, plan: TrainingPlan, device: str = "cpu", state: RunState | None = None) -> Iterator[TrainingEvent]:
        """One Record per seed: J*."""
        mdp = text_mdp(plan.task)
        assert mdp is not None
        yield from _records(plan.members, np.full(len(plan.members.seeds), mdp.optimal_return()))


def _records(members: Members, scores: Array) -> Iterator[Record]:
    for member, (seed, score) in enumerate(zip(members.seeds, scores.tolist(), strict=True)):
        yield Record(seed, 0.0, 0, 0.0, 0, 0, 0.0, score, score, False, member=member)


def play_uniformly(task: Task, members: Members, episodes: int) -> Array:
    """Mean return [P] of `episodes` episodes of the uniform policy over legal actions."""
    return random_policy.play(task, members.seeds, members.purpose, episodes).mean(1)


def play_optimally(mdp: TextMDP, seeds: Sequence[np.random.SeedSequence], episodes: int) -> tuple[TextEnv, Array]:
    """The environments after one episode each of `optimal_policy`, and the returns sum_t gamma^t r_t [P, episodes].

    The KL is not subtracted, even if the task has a beta. ValueError if the task states no optimal policy.
    """
    env = TextEnv(mdp, seeds, episodes, group=1)
    env.reset()
    rngs = [np.random.default_rng(seed.spawn(1)[0]) for seed in seeds]
    alive = np.ones((len(seeds), episodes), np.bool_)
    total = np.zeros(alive.shape)
    for t in range(mdp.horizon):
        policy = mdp.optimal_policy(env.rows, t).reshape(*alive.shape, -1).cumsum(-1)
        draws = np.stack([rng.random(episodes) for rng in rngs])
        action = (policy <= (draws * policy[..., -1])[..., None]).sum(-1)
        step = env.step(np.minimum(action, mdp.actions - 1), alive)
        total += mdp.gamma**t * step.reward
        alive = alive & ~step.terminated
        if not alive.any():
            break
    return env, total


def optimal_texts(task: Task, members: Members) -> TextSamples:
    """Texts of an optimal policy from the starts of the first member's samples; none if the task states none."""
    mdp = text_mdp(task)
    if mdp is None:
        return TextSamples()
    seed = stream(members.seeds[0], Role.EVALUATION_ENVIRONMENT, SAMPLES_AT, purpose=members.purpose)
    try:
        env, total = play_optimally(mdp, [seed], SAMPLES)
    except ValueError:
        return TextSamples()
    transcripts = env.rows.transcript
    scores = {"reward": total[0]} | scores_of(task, transcripts, members.seeds[0]) if mdp.has_reference else {}
    return text_samples(mdp, transcripts, scores)
