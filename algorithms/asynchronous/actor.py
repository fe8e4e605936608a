"""An actor process: it takes the newest parameters and plays a rollout into each slot that it is granted."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np

from algorithms.asynchronous.child_process import begin_child
from algorithms.asynchronous.shared_memory import ParameterBoard, RolloutSlot, TensorLayout
from algorithms.asynchronous.workers import Failed, Ready
from algorithms.composition import Composition
from algorithms.policies.actor_critic import ActorCritic
from algorithms.training.build import build_normaliser, build_policy
from algorithms.training.collector import Collector
from algorithms.training.observation_normaliser import ActorMoments, Moments, Normaliser
from algorithms.training.records import Members
from algorithms.training_config import TrainingConfig
from envs.api import Task


class PlayedRollout(NamedTuple):
    """A rollout in a slot.

    version      version of the parameters that played it      group  as in Rollout
    spent        environment steps of each member [P]
    new_moments  moments for the learner's normaliser
    """

    slot: int
    version: int
    layouts: tuple[TensorLayout, ...]
    group: int
    spent: np.ndarray
    new_moments: Moments


@dataclass(frozen=True)
class ActorJob:
    """The settings of a run that each actor needs.

    begun  number of updates before the actor started, so that a resumed run has other episodes than before
    """

    task: Task
    variant: Composition
    training: TrainingConfig
    members: Members
    begun: int

    def policy(self) -> ActorCritic:
        """A policy with the shape of the run's."""
        return build_policy(self.task, self.variant, self.training, self.members)

    def normaliser(self) -> Normaliser:
        """A normaliser that scales like the learner's."""
        return build_normaliser(self.task, self.training, self.members, ActorMoments)

    def position(self, actor: int) -> tuple[int, ...]:
        """The start of an actor's random streams; those of the first actor are those of the synchronous run."""
        return (self.begun, actor) if actor else (self.begun,)

    def collector(self, actor: int, policy: ActorCritic, normaliser: Normaliser) -> Collector:
        """Environments for this actor only."""
        return Collector(
            self.task,
            policy,
            self.variant.estimator,
            self.training,
            normaliser,
            self.members,
            self.position(actor),
            tries=self.variant.schedule.tries,
            rounds=self.variant.schedule.rounds,
        )


def act(pipe: Connection, job: ActorJob, board: ParameterBoard, slots: tuple[RolloutSlot, ...], actor: int) -> None:
    """Play a rollout into each granted slot, until None arrives or the learner's process has ended."""
    begin_child()
    try:
        policy, normaliser = job.policy(), job.normaliser()
        collector = job.collector(actor, policy, normaliser)
        pipe.send(Ready())
        while (slot := pipe.recv()) is not None:
            version = board.read()
            policy.flat.values.copy_(version.values)
            normaliser.restore(version.moments)
            rollout, spent = collector.collect(version.playing)
            layouts = slots[slot].write(rollout.tensors())
            steps = spent.long().numpy()
            pipe.send(PlayedRollout(slot, version.number, layouts, rollout.group, steps, normaliser.new_moments))
    except (EOFError, BrokenPipeError):
        return
    except BaseException as error:  # includes sys.exit in an environment
        pipe.send(Failed.of(error))
