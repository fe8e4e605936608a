"""Collecting: what a population needs to turn an update's worth of acting into a Rollout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from algorithms.collector import Actor
from algorithms.credit import EpisodeReturn
from algorithms.learner import penalised
from algorithms.normaliser import Normaliser
from algorithms.policies.actor_critic import ActorCritic
from algorithms.setting import Training, Unroll
from algorithms.types import Estimator, Rollout
from envs.api import Bools, Features, Task


class Collector:
    """Environments and actors of a population, for as long as its streams last; `close` them."""

    def __init__(
        self,
        task: Task,
        policy: ActorCritic,
        estimator: Estimator,
        training: Training,
        normaliser: Normaliser,
        streams: Sequence[np.random.SeedSequence],
        acting: list[np.random.Generator],
        device: str = "cpu",
    ) -> None:
        """streams, acting: of the environments and of the actions, one a member."""
        self.task, self.estimator, self.training = task, estimator, training
        collection = training.collection
        group = 1 if isinstance(collection, Unroll) else collection.group
        self._envs = [task.factory.make(streams, collection.envs, group)]
        self._actor = Actor(self._envs[0], policy, normaliser, acting, device)
        self._critic: Actor | None = None  # plays one greedy text a prompt
        if estimator.baseline.greedy:
            # the same streams and as many prompts: it meets the same prompts, episode by episode
            self._envs.append(task.factory.make(streams, collection.envs // group, 1))
            self._critic = Actor(self._envs[1], policy, normaliser, None, device)
        # in control every environment starts alike: all of a member's are one group
        self.group = group
        if isinstance(task.spec.observation, Features) and not isinstance(collection, Unroll):
            self.group = collection.envs

    def collect(self, playing: Bools) -> tuple[Rollout, Tensor]:
        """(what the members `playing` [P] did, the environment steps that each of them spent [P])."""
        training, estimator = self.training, self.estimator
        if isinstance(training.collection, Unroll):
            tape = self._actor.unroll(playing, training.collection.steps)
        else:
            tape = self._actor.play(playing)
        squares = estimator.baseline.squares
        rollout = self._actor.rollout(tape, training.discount, training.reward_scale, self.group, squares)
        spent = rollout.valid.sum((0, 2))
        if self._critic is not None:
            tape = self._critic.play(playing)
            greedy = self._critic.rollout(tape, training.discount, training.reward_scale, 1)
            spent = spent + greedy.valid.sum((0, 2))
            beta = estimator.kl.coefficient(self.task.beta) * training.reward_scale
            returns = EpisodeReturn()(penalised(estimator.kl, greedy, beta), None)[:1]
            rollout = replace(rollout, greedy=returns.repeat_interleave(self.group, 2).expand_as(rollout.valid))
        return rollout, spent

    def close(self) -> None:
        """Release the environments."""
        for env in self._envs:
            env.close()
