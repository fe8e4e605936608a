"""What an actor process does: takes the newest parameters, plays a rollout, puts it into a slot that it was granted."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np

from algorithms.children import begin_child
from algorithms.collection import Collector
from algorithms.composition import Composition
from algorithms.fleet import Failed, Ready
from algorithms.normaliser import Elsewhere, Normaliser, Snapshot
from algorithms.policies.actor_critic import ActorCritic
from algorithms.returns import seen_by
from algorithms.setting import Training
from algorithms.shared import Board, Place, Slot
from algorithms.training import Members, build_normaliser, build_policy
from envs.api import Task
from envs.streams import Role, generator, stream


class Played(NamedTuple):
    """A rollout that lies in a slot.

    version  of the parameters that played it         group  as in Rollout
    spent    environment steps of each member [P]     seen   moments of what is normalised
    """

    slot: int
    version: int
    places: tuple[Place, ...]
    group: int
    spent: np.ndarray
    seen: Snapshot


@dataclass(frozen=True)
class Plan:
    """What every actor of a run is told. begun: updates that had been made when it started, so that an actor that goes on
    with a run meets other episodes than before."""

    task: Task
    variant: Composition
    training: Training
    members: Members
    begun: int

    def policy(self) -> ActorCritic:
        """A policy of the run's shape."""
        return build_policy(self.task, self.variant, self.training, self.members)

    def normaliser(self) -> Normaliser:
        """Scales as the learner's does."""
        return build_normaliser(self.task, self.training, self.members, Elsewhere)

    def position(self, actor: int) -> tuple[int, ...]:
        """Where an actor's streams start: the first actor's are those of the synchronous run."""
        return (self.begun, actor) if actor else (self.begun,)

    def collector(self, actor: int, policy: ActorCritic, normaliser: Normaliser) -> Collector:
        """Environments of this actor alone."""
        members, position = self.members, self.position(actor)
        return Collector(
            self.task,
            policy,
            self.variant.estimator,
            self.training,
            normaliser,
            [stream(s, Role.ENVIRONMENT, *position, purpose=members.purpose) for s in members.seeds],
            [generator(s, Role.ACTION, *position, purpose=members.purpose) for s in members.seeds],
            tries=self.variant.schedule.tries,
        )


def act(pipe: Connection, plan: Plan, board: Board, slots: tuple[Slot, ...], actor: int) -> None:
    """Play a rollout for every slot that is granted, until None comes or nobody is there any more."""
    begin_child()
    try:
        policy, normaliser = plan.policy(), plan.normaliser()
        collector = plan.collector(actor, policy, normaliser)
        pipe.send(Ready())
        while (slot := pipe.recv()) is not None:
            version = board.read()
            policy.flat.values.copy_(version.values)
            normaliser.restore(version.moments)
            rollout, spent = collector.collect(version.playing)
            places = slots[slot].write(rollout.tensors())
            steps = spent.long().numpy()
            pipe.send(Played(slot, version.number, places, rollout.group, steps, seen_by(normaliser)))
    except (EOFError, BrokenPipeError):
        return
    except BaseException as error:  # sys.exit in an environment too
        pipe.send(Failed.of(error))
