"""What an actor process does: it takes the newest parameters and plays a rollout into a slot that it was granted."""

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
from algorithms.training.build import build_collector, build_normaliser, build_policy
from algorithms.training.collector import Collector
from algorithms.training.observation_normaliser import ActorMoments, Moments, Normaliser
from algorithms.training.records import Members
from algorithms.training_config import TrainingConfig
from envs.api import Task


class PlayedRollout(NamedTuple):
    """A rollout that lies in a slot.

    version  of the parameters that played it         group  as in Rollout
    spent    environment steps of each member [P]     seen   moments of what is normalised
    """

    slot: int
    version: int
    layouts: tuple[TensorLayout, ...]
    group: int
    spent: np.ndarray
    new_moments: Moments


@dataclass(frozen=True)
class ActorJob:
    """What every actor of a run needs to know.

    begun  updates that had been made when it started, so that an actor that goes on with a run meets other episodes than
           before
    """

    task: Task
    variant: Composition
    training: TrainingConfig
    members: Members
    begun: int

    def policy(self) -> ActorCritic:
        """A policy of the run's shape."""
        return build_policy(self.task, self.variant, self.training, self.members)

    def normaliser(self) -> Normaliser:
        """Scales as the learner's does."""
        return build_normaliser(self.task, self.training, self.members, ActorMoments)

    def position(self, actor: int) -> tuple[int, ...]:
        """Where an actor's streams start: the first actor's are those of the synchronous run."""
        return (self.begun, actor) if actor else (self.begun,)

    def collector(self, actor: int, policy: ActorCritic, normaliser: Normaliser) -> Collector:
        """Environments of this actor alone."""
        return build_collector(
            self.task,
            policy,
            self.variant.estimator,
            self.training,
            normaliser,
            self.members,
            self.position(actor),
            tries=self.variant.schedule.tries,
        )


def act(pipe: Connection, job: ActorJob, board: ParameterBoard, slots: tuple[RolloutSlot, ...], actor: int) -> None:
    """Play a rollout for every slot that is granted, until None comes or the learner's process has gone."""
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
    except BaseException as error:  # sys.exit in an environment too
        pipe.send(Failed.of(error))
