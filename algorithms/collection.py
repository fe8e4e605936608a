"""Collecting: what a population needs to turn an update's worth of acting into a Rollout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from algorithms.collector import Actor
from algorithms.credit import EpisodeReturn
from algorithms.diagnostics import SAME
from algorithms.estimators.estimator import Estimator
from algorithms.estimators.rollout import Rollout, select
from algorithms.learner import penalised
from algorithms.normaliser import Normaliser
from algorithms.nucleus import Nucleus
from algorithms.policies.actor_critic import ActorCritic
from algorithms.setting import Training, Unroll
from envs.api import Bools, Task, Transcript
from envs.faults import Checked


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
        tries: int = 1,
        nucleus: Nucleus | None = None,
        lean: bool = False,
    ) -> None:
        """streams, acting: of the environments and of the actions, one a member. tries as in Schedule, lean as in Actor."""
        self.task, self.estimator, self.training, self.tries = task, estimator, training, tries
        collection = training.collection
        group = 1 if isinstance(collection, Unroll) else collection.group
        self._envs = [Checked(task.factory.make(streams, collection.envs, group), task.name, streams, collection.envs)]
        self._actor = Actor(self._envs[0], policy, normaliser, acting, device, nucleus, lean)
        self._critic: Actor | None = None  # plays one greedy text a prompt
        if estimator.baseline.greedy:
            # the same streams and as many prompts: it meets the same prompts, episode by episode
            prompts = collection.envs // group
            self._envs.append(Checked(task.factory.make(streams, prompts, 1), task.name, streams, prompts))
            self._critic = Actor(self._envs[1], policy, normaliser, None, device)
        # in control every environment starts alike: all of a member's are one group
        self.group = group
        if not isinstance(task.spec.observation, Transcript) and not isinstance(collection, Unroll):
            self.group = collection.envs

    @property
    def before_step(self) -> Callable[[float], None] | None:
        """Called before each step with the share of the rollout that is played: weights may change there."""
        return self._actor.before_step

    @before_step.setter
    def before_step(self, call: Callable[[float], None] | None) -> None:
        self._actor.before_step = call

    def collect(self, playing: Bools) -> tuple[Rollout, Tensor]:
        """(what the members `playing` [P] did, the environment steps that each of them spent [P])."""
        rollout, spent = self._once(playing)
        if self.tries == 1:
            return rollout, spent
        rollouts, told = [rollout], [informative(rollout)]
        while len(rollouts) < self.tries:
            short = playing & (torch.cat(told, 1).sum(1) < told[0].shape[1]).cpu().numpy()
            if not short.any():
                break
            rollout, more = self._once(short)
            spent = spent + more
            rollouts.append(rollout)
            told.append(informative(rollout))
        return filled(rollouts, told), spent

    def _once(self, playing: Bools) -> tuple[Rollout, Tensor]:
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


def informative(rollout: Rollout) -> Tensor:
    """Whether the returns of a group differ, for groups that were played: 0 or 1, [P, N/G]."""
    returns = (rollout.reward * rollout.valid).sum(0)
    grouped = returns.reshape(len(returns), -1, rollout.group)
    return ((grouped.amax(-1) - grouped.amin(-1) > SAME) & (rollout.valid[0, :, :: rollout.group] > 0)).long()


def filled(rollouts: list[Rollout], told: list[Tensor]) -> Rollout:
    """Each member's first N/G informative groups, in the order they were played; where there are fewer, nothing is valid."""
    parts = [rollout.tensors() for rollout in rollouts]
    whole = {name: _side_by_side([part[name] for part in parts]) for name in parts[0]}
    useful, group = torch.cat(told, 1), rollouts[0].group  # [P, all groups]
    # a stable sort keeps the order of play among the useful ones
    groups = (1 - useful).argsort(dim=1, stable=True)[:, : told[0].shape[1]]
    columns = (groups[..., None] * group + torch.arange(group, device=useful.device)).flatten(1)  # [P, N]
    picked = replace(rollouts[0], **{name: select(x, columns) for name, x in whole.items()})  # type: ignore[arg-type]
    return replace(picked, valid=picked.valid * useful.gather(1, groups).repeat_interleave(group, 1))


def _side_by_side(rows: list[Tensor]) -> Tensor:
    """[T_i, P, N, ...] of several rollouts -> [max T, P, sum N, ...], zeros after a rollout's end."""
    longest = max(len(x) for x in rows)
    return torch.cat([torch.cat([x, x.new_zeros(longest - len(x), *x.shape[1:])]) for x in rows], 2)
