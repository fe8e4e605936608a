"""Actors and a learner in separate processes that do not wait for each other: fast, but not repeatable.

    actor     takes the newest parameters, plays a rollout, puts it into a slot of shared memory, and begins the next as soon
              as it is granted another slot
    learner   takes the rollouts in order of arrival, makes one update with each, and publishes the new parameters

Slots limit the queue, and grants limit the age. A slot is granted only if no pending rollout could become older than
`Processes.longest`, in any order of learning. A rollout carries the version that played it, so its age is measured.

Hogwild (Recht et al. 2011; Mnih et al. 2016) has no learner: see algorithms.asynchronous.hogwild. Evaluation waits
until training has ended, so that no actor plays while time is not counted.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

from algorithms.asynchronous import hogwild
from algorithms.asynchronous.actor import ActorJob, PlayedRollout, act
from algorithms.asynchronous.shared_memory import ParameterBoard, RolloutSlot, capacity
from algorithms.asynchronous.workers import NoWorkersLeft, Workers, start_context
from algorithms.composition import Composition, Processes
from algorithms.estimators.rollout import Rollout
from algorithms.training.build import minibatch_generators
from algorithms.training.records import Progress, TrainingEvent
from algorithms.training.run import Run
from algorithms.training.state import RunState
from envs.delayed import part_weights

SLOTS = 2  # per actor: it plays into one while the learner reads the other


def reason_unsupported(variant: Composition) -> str | None:
    """Why a composition cannot be trained by processes; None if it can."""
    if variant.update.exact:
        return "does not learn from rollouts"
    if variant.nucleus is not None:
        return "draws from a nucleus that is a policy of its own, and actors are sent one"
    if variant.schedule.hogwild and not variant.update.by_optimiser:
        return "searches along its gradient, and Hogwild workers step without looking"
    return None


def train_asynchronously(run: Run, state: RunState | None = None) -> Iterator[TrainingEvent]:
    """Train to the end of the budget, yielding Progress after each update, a RunState every training.segment updates and
    the Records at the end. With `state`, training continues from it, but not bit for bit.

    ValueError before any computation for what cannot run. If the last actor is lost, it yields a RunState and raises
    NoWorkersLeft.
    """
    processes = run.variant.schedule.processes
    if processes is None:
        raise ValueError("the schedule declares no processes (Schedule.processes)")
    if reason := reason_unsupported(run.variant):
        raise ValueError(f"the algorithm {reason}")
    if run.members.varied:
        raise ValueError("members that differ are trained synchronously, so that their comparison repeats")
    if processes.hogwild and run.device != "cpu":
        raise ValueError(f"Hogwild workers share memory of the processor, not of {run.device!r}")
    if state is None:
        run.take_checkpoints()
    else:
        run.restore(state)
    if run.playing.any():
        updates = hogwild.train_hogwild(run, processes) if processes.hogwild else _learn(run, processes)
        try:
            for progress in updates:
                yield progress
                if run.update % run.training.segment == 0 and run.playing.any():
                    yield run.state()
        except NoWorkersLeft:
            yield run.state()
            raise
    yield from run.records()


def _learn(run: Run, processes: Processes) -> Iterator[Progress]:
    """Make updates in this process from rollouts of the actors."""
    members, context = run.members, start_context()
    board = ParameterBoard(context, run.policy.flat.values, run.normaliser.snapshot())
    parts = len(part_weights(run.task.factory))
    size = capacity(run.task.spec, run.training.collection, len(members.seeds), parts)
    slots = [tuple(RolloutSlot(context, size) for _ in range(SLOTS)) for _ in range(processes.actors)]
    shuffles = minibatch_generators(members, (run.update,))
    _publish(run, board)
    job = ActorJob(run.task, *run.configured, members, run.update)
    jobs = [(act, (job, board, own, actor)) for actor, own in enumerate(slots)]
    with Workers(context, jobs, processes.patience_s) as workers:
        grants, start = SlotGrants(processes), time.perf_counter()
        while run.playing.any():
            workers.listen()
            grants.grant(workers, run.update)
            if (message := workers.next()) is None:
                continue  # an actor was lost, and its rollout had delayed the others
            actor, played = message
            tensors = {"action_mask": None, **slots[actor][played.slot].read(played.layouts)}
            rollout = Rollout(**tensors, group=played.group).to(run.device)
            run.normaliser.merge(played.new_moments)
            run.learn_from(rollout, played.spent, run.update - played.version, shuffles)
            grants.release(actor, played)
            _publish(run, board)
            run.take_checkpoints(time.perf_counter() - start)
            yield run.progress("; ".join(workers.notices))
            start = time.perf_counter()  # all but the consumer's time since the last yield is training
            workers.notices.clear()


def _publish(run: Run, board: ParameterBoard) -> None:
    board.publish(run.update, run.policy.flat.values, run.normaliser.snapshot(), run.playing)


class SlotGrants:
    """Which actor may play into which slot, so that no rollout becomes too old."""

    def __init__(self, processes: Processes) -> None:
        self.longest = processes.longest
        self._free = {actor: deque(range(SLOTS)) for actor in range(processes.actors)}
        # actor -> slot -> update at the grant
        self._granted: dict[int, dict[int, int]] = {actor: {} for actor in self._free}

    def grant(self, workers: Workers, update: int) -> None:
        """Grant as many slots as the bound allows, first to the actors with the fewest."""
        arrived = {(actor, played.slot) for actor, played in workers.messages}
        while True:
            begun = [
                granted
                for actor in workers.alive
                for slot, granted in self._granted[actor].items()
                if (actor, slot) not in arrived
            ]
            able = [actor for actor in workers.alive if self._free[actor]]
            if not able or not can_begin(update, begun, len(arrived), self.longest):
                return
            actor = min(able, key=lambda a: len(self._granted[a]))
            slot = self._free[actor].popleft()
            self._granted[actor][slot] = update
            workers.send(actor, slot)

    def release(self, actor: int, played: PlayedRollout) -> None:
        """Free a slot whose rollout has been learned from."""
        del self._granted[actor][played.slot]
        self._free[actor].append(played.slot)


def can_begin(update: int, begun: list[int], arrived: int, longest: int) -> bool:
    """Whether one more rollout can begin.

    Each pending rollout (begun at the updates `begun`) must stay within `longest` even if all others and the new one
    are learned before it. Rollouts that have arrived are learned before the new one.
    """
    return update - min(begun, default=update) + len(begun) + arrived <= longest
