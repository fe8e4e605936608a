"""Real actors: what must hold although no run repeats, and what becomes of a run whose actors die."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from algorithms import VARIANTS
from algorithms.asynchronous.actor import PlayedRollout
from algorithms.asynchronous.learner import SlotGrants, can_begin, train_asynchronously
from algorithms.asynchronous.workers import NoWorkersLeft
from algorithms.composition import Processes, Schedule
from algorithms.training.records import Progress, Record, TrainingEvent
from algorithms.training.run import train
from algorithms.training.state import RunState
from algorithms.variant import Variant
from envs import TASKS
from tests.algorithms.asynchronous.runs import children, of, run_of, stuck
from tests.builders import make_run, small_training, without_clock

# what may begin


def test_by_hand_what_fits() -> None:
    """Bound 2, update 5. One that was begun at 4 is 1 old and may be overtaken once more: by the new one."""
    assert can_begin(5, [], 0, 0)
    assert not can_begin(5, [], 1, 0)  # the one in the queue would be learned before the new one
    assert can_begin(5, [4], 0, 2)
    assert not can_begin(5, [4], 1, 2)
    assert not can_begin(5, [4, 5], 0, 2)
    assert not can_begin(5, [3], 0, 2)


@pytest.mark.parametrize("longest", [0, 1, 3, 7])
@pytest.mark.parametrize("actors", [1, 2, 5])
def test_whoever_overtakes_whom_nothing_gets_older_than_the_bound(longest: int, actors: int) -> None:
    """A thousand updates in any order, each rollout begun with the parameters of its grant: the oldest it can have."""
    chance = random.Random(actors * 10 + longest)
    grants, update, oldest = SlotGrants(Processes(actors, longest)), 0, 0
    playing: list[tuple[int, PlayedRollout]] = []
    workers = SimpleNamespace(
        alive=dict.fromkeys(range(actors)),
        messages=[],
        send=lambda actor, slot: playing.append((actor, PlayedRollout(slot, update, (), 1, np.zeros(1), {}))),
    )
    for _ in range(1_000):
        grants.grant(workers, update)  # type: ignore[arg-type]
        assert playing or workers.messages, "nobody plays and nothing has come: the run would stand still"
        while playing and (not workers.messages or chance.random() < 0.5):
            workers.messages.append(playing.pop(chance.randrange(len(playing))))
        actor, played = workers.messages.pop(0)
        oldest = max(oldest, update - played.version)
        grants.release(actor, played)
        update += 1
    assert oldest <= longest
    assert oldest == longest or actors < 5  # as loose as it may be


# runs


@pytest.mark.parametrize(("task", "name"), [("Pendulum-v1", "async_vtrace"), ("lock/small", "async_is")])
def test_one_actor_that_must_not_be_behind_is_the_synchronous_run_bit_for_bit(task: str, name: str) -> None:
    """Continuous actions with observations that are normalised, and text."""
    env_steps = 8_000 if task == "Pendulum-v1" else 1_200
    plain = of(train(run_of(None, TASKS[task], name, env_steps)), Record)
    apart = of(train_asynchronously(run_of(Processes(1, longest=0), TASKS[task], name, env_steps)), Record)
    own = ("lag", "lag_max")
    for a, b in zip(plain, apart, strict=True):
        assert without_clock(
            replace(b, measures={k: v for k, v in b.measures.items() if k not in own})
        ) == without_clock(a)
    assert apart[-1].measures["lag_max"] == 0


@pytest.mark.usefixtures("forked")
def test_lag_is_measured_and_stays_within_the_bound() -> None:
    run = run_of(Processes(3, longest=2))
    events = list(train_asynchronously(run))
    last = [r for r in of(events, Record) if r.fraction == 1.0]
    assert all(0 < r.measures["lag"] <= r.measures["lag_max"] <= 2 for r in last)
    assert all(r.env_steps >= 1_200 for r in last)
    assert len(of(events, Progress)) == run.update
    assert not children()


@pytest.mark.usefixtures("forked")
def test_an_actor_is_killed_and_the_run_goes_on_with_the_others() -> None:
    events, killed = [], 0
    for event in train_asynchronously(run_of(Processes(2), env_steps=3_000)):
        events.append(event)
        if isinstance(event, Progress) and not killed:
            killed = min(children())
            os.kill(killed, signal.SIGKILL)
    told = [e.notice for e in of(events, Progress) if e.notice]
    assert told == ["actor 0 is lost (it was killed by signal 9); the run goes on with 1"]
    assert [r.fraction for r in of(events, Record)][-1] == 1.0
    assert not children()


@pytest.mark.usefixtures("forked")
def test_an_actor_that_held_the_others_back_is_lost_and_they_go_on() -> None:
    """It stops with a rollout begun; the other plays on until that one would be too old, and waits. Then the first dies.
    The two seconds of waiting are seconds of the run."""
    told, uncounted, run = [], [], run_of(Processes(2, longest=4), env_steps=3_000)
    for event in train_asynchronously(run):
        if isinstance(event, Progress):
            told.append(event.notice)
            uncounted.append(time.perf_counter() - run.wall_s)  # grows by what the run's clock leaves out
            if len(told) == 1:
                pid = min(children())
                os.kill(pid, signal.SIGSTOP)
                threading.Timer(2.0, os.kill, (pid, signal.SIGKILL)).start()
    assert "actor 0 is lost (it was killed by signal 9); the run goes on with 1" in told
    assert uncounted[-1] - uncounted[0] < 0.5
    assert not children()


@pytest.mark.usefixtures("forked")
def test_the_last_actor_is_killed_and_what_was_learned_is_kept() -> None:
    events: list[TrainingEvent] = []

    def watch() -> None:
        for event in train_asynchronously(run_of(Processes(2), env_steps=200_000)):
            events.append(event)
            for pid in children() if isinstance(event, Progress) else ():
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(NoWorkersLeft, match=r"killed by signal 9.*none is left"):
        watch()
    state = events[-1]
    assert isinstance(state, RunState)
    assert state.meta["update"] >= 1
    assert not children()
    # the same with a budget that is nearly used up goes on from there
    run = run_of(Processes(1), env_steps=int(state.tensors["env_steps"].max()) + 500)
    rest = list(train_asynchronously(run, state))
    assert [r.fraction for r in of(rest, Record)][-1] == 1.0
    assert run.update > state.meta["update"]


@pytest.mark.parametrize(
    ("how", "why"), [("hang", "it was silent for 2 s"), ("raise", "RuntimeError: the dice fell off the table")]
)
@pytest.mark.usefixtures("forked")
def test_a_starved_queue_ends_with_an_error_and_keeps_what_was_learned(how: str, why: str) -> None:
    events: list[TrainingEvent] = []
    run = run_of(Processes(1, patience_s=2.0), stuck(how), "async", env_steps=100_000)
    with pytest.raises(NoWorkersLeft, match=why):
        events.extend(train_asynchronously(run))
    assert isinstance(events[-1], RunState)
    assert events[-1].meta["update"] == run.update > 0
    assert not children()


@pytest.mark.usefixtures("forked")
def test_a_learner_that_waits_for_slow_actors_waits_and_ends() -> None:
    run = run_of(Processes(2), stuck("slow"), "async", env_steps=400)
    last = of(train_asynchronously(run), Record)[-1]
    assert last.fraction == 1.0
    assert not children()


@pytest.mark.usefixtures("forked")
def test_who_stops_listening_leaves_no_process_behind() -> None:
    events = train_asynchronously(run_of(Processes(2), env_steps=200_000))
    next(e for e in events if isinstance(e, Progress))
    assert len(children()) == 2
    events.close()  # type: ignore[attr-defined]
    assert not children()


# what cannot be


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        (VARIANTS["gae"], "declares no processes"),
        (replace(VARIANTS["nlpo"], schedule=Schedule(processes=Processes())), "draws from a nucleus"),
        (replace(VARIANTS["npg"], schedule=Schedule(processes=Processes(hogwild=True))), "natural gradient"),
        (replace(VARIANTS["exact_pg"], schedule=Schedule(processes=Processes())), "does not learn from rollouts"),
    ],
    ids=lambda x: x.name if isinstance(x, Variant) else "",
)
def test_what_cannot_run_is_refused_before_any_compute(variant: Variant, said: str) -> None:
    task = TASKS["bandit/small"]

    def begin() -> None:
        run = make_run(task, variant, small_training(task, variant), 100, (0,))
        next(train_asynchronously(run))

    with pytest.raises(ValueError, match=said):
        begin()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Processes(0), "needs 1 actor"),
        (lambda: Processes(longest=-1), "needs 1 actor"),
        (lambda: Processes(patience_s=0.0), "patience_s must be positive"),
        (lambda: Schedule(lag=1, processes=Processes()), "exclude each other"),
        (lambda: Schedule(epochs=2, processes=Processes(hogwild=True)), "one step a rollout, not 2"),
    ],
)
def test_declarations_that_cannot_be(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]
