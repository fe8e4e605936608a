"""Actors and a learner that do not wait for each other, in processes of their own: fast, and never twice the same.

    actor     takes the newest parameters, plays a rollout, puts it into a slot of shared memory, and begins the next as soon
              as it has been granted another slot
    learner   takes the rollouts in the order in which they come, one update each, and publishes the parameters after it

Slots bound the queue, and grants bound the age: a slot is granted only if no rollout that is on its way could become older
than `Processes.longest`, whoever overtakes whom. A rollout carries the version that played it, so its age is measured.

Hogwild (Recht et al. 2011; Mnih et al. 2016) has no learner: see algorithms.hogwild. Evaluation waits until training is
over, so that nobody acts while seconds are not counted.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from multiprocessing import get_context

from algorithms import hogwild
from algorithms.actors import Plan, Played, act
from algorithms.composition import Composition, FirstOrder, Processes
from algorithms.estimators.rollout import Rollout
from algorithms.fleet import Fleet, NobodyLeft
from algorithms.returns import absorb
from algorithms.shared import Board, Slot, capacity
from algorithms.training import Event, Progress, Run, State
from envs.streams import Role, generator

DEPTH = 2  # slots of an actor: it plays into one while what lies in the other is learned from


def unfit(variant: Composition) -> str | None:
    """Why a composition cannot be trained by processes; None where it can."""
    if variant.update.exact:
        return "does not learn from rollouts"
    if variant.nucleus is not None:
        return "draws from a nucleus that is a policy of its own, and actors are sent one"
    if variant.schedule.hogwild and not isinstance(variant.update, FirstOrder):
        return "searches along its gradient, and Hogwild workers step without looking"
    return None


def train_asynchronously(run: Run, state: State | None = None) -> Iterator[Event]:
    """Train to the end of the budget, yielding Progress after each update, a State every training.segment updates and the
    Records at the end. With `state`, goes on from there; nothing is bit-equal.

    ValueError before any compute for what cannot run. Where the last actor is lost it yields a State and raises NobodyLeft.
    """
    processes = run.variant.schedule.processes
    if processes is None:
        raise ValueError("the schedule declares no processes (Schedule.processes)")
    if reason := unfit(run.variant):
        raise ValueError(f"the algorithm {reason}")
    if run.members.varied:
        raise ValueError("members that differ are trained synchronously, so that their comparison repeats")
    if processes.hogwild and run.device != "cpu":
        raise ValueError(f"Hogwild workers share memory of the processor, not of {run.device!r}")
    if state is None:
        run.snapshot()
    else:
        run.restore(state)
    if run.playing.any():
        learning = hogwild.descend(run, processes) if processes.hogwild else _learn(run, processes)
        try:
            for progress in learning:
                yield progress
                if run.update % run.training.segment == 0 and run.playing.any():
                    yield run.state()
        except NobodyLeft:
            yield run.state()
            raise
    yield from run.records()


def _learn(run: Run, processes: Processes) -> Iterator[Progress]:
    """Updates in this process from rollouts of the others."""
    members, context = run.members, get_context("spawn")
    plan = Plan(run.task, *run.plan, members, run.update)
    board = Board(context, run.policy.flat.values, run.normaliser.snapshot())
    size = capacity(run.task.spec, run.training.collection, len(members.seeds))
    slots = [tuple(Slot(context, size) for _ in range(DEPTH)) for _ in range(processes.actors)]
    shuffles = [generator(s, Role.MINIBATCH, run.update, purpose=members.purpose) for s in members.seeds]
    _publish(run, board)
    jobs = [(act, (plan, board, own, actor)) for actor, own in enumerate(slots)]
    with Fleet(context, jobs, processes.patience_s) as fleet:
        grants, start = Grants(processes), time.perf_counter()
        while run.playing.any():
            fleet.listen()
            grants.give(fleet, run.update)
            if (news := fleet.next()) is None:
                continue  # an actor was lost whose rollout held the others back
            actor, played = news
            rollout = Rollout(
                **{"action_mask": None, **slots[actor][played.slot].read(played.places)},
                group=played.group,
            ).to(run.device)
            absorb(run.normaliser, played.seen)
            run.learn_from(rollout, played.spent, run.update - played.version, shuffles)
            grants.back(actor, played)
            _publish(run, board)
            run.wall_s += time.perf_counter() - start
            run.snapshot()
            yield run.progress("; ".join(fleet.notices))
            start = time.perf_counter()  # what the reader did meanwhile is not training, but all else is
            fleet.notices.clear()


def _publish(run: Run, board: Board) -> None:
    board.publish(run.update, run.policy.flat.values, run.normaliser.snapshot(), run.playing)


class Grants:
    """Who may play into which slot, so that no rollout gets too old."""

    def __init__(self, processes: Processes) -> None:
        self.longest = processes.longest
        self._free = {actor: deque(range(DEPTH)) for actor in range(processes.actors)}
        # actor -> slot -> update of the grant
        self._given: dict[int, dict[int, int]] = {actor: {} for actor in self._free}

    def give(self, fleet: Fleet, update: int) -> None:
        """As many as the bound allows, first to those that have least to do."""
        arrived = {(actor, played.slot) for actor, played in fleet.news}
        while True:
            begun = [
                given
                for actor in fleet.hands
                for slot, given in self._given[actor].items()
                if (actor, slot) not in arrived
            ]
            able = [actor for actor in fleet.hands if self._free[actor]]
            if not able or not fits(update, begun, len(arrived), self.longest):
                return
            actor = min(able, key=lambda a: len(self._given[a]))
            slot = self._free[actor].popleft()
            self._given[actor][slot] = update
            fleet.send(actor, slot)

    def back(self, actor: int, played: Played) -> None:
        """What was learned from can be played into again."""
        del self._given[actor][played.slot]
        self._free[actor].append(played.slot)


def fits(update: int, begun: list[int], arrived: int, longest: int) -> bool:
    """Whether one more rollout can begin. Each that is on its way (`begun`: at these updates) must stay within `longest`
    even if all others, the new one too, are learned before it; those that have arrived are learned before the new one."""
    return update - min(begun, default=update) + len(begun) + arrived <= longest
