"""Which job goes to the engine when, on an engine whose every step the test decides."""

from __future__ import annotations

from pathlib import Path

from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.engine import Job, Message
from benchmarks.sharing.claim import Standing, Verdict
from tests.benchmarks.execution.dispatch.scripted import Clock, Scripted, ends, works


def test_the_engine_gets_as_many_jobs_as_its_window_says(tmp_path: Path, clock: Clock) -> None:
    for one_machine, window in ((False, 4), (True, 2)):
        engine = Scripted(clock, slots=2, one_machine=one_machine)
        dispatcher = Dispatcher(engine)
        for job in works(tmp_path, "abcdef"):
            dispatcher.submit(job)
        engine.coming.extend((clock.now + 1, Message(i, ended=True)) for i in range(window))
        heard = dispatcher.messages()
        assert next(heard).index == 0
        assert engine.names == list("abcdef"[:window])


def test_the_window_grows_with_the_cluster(tmp_path: Path, clock: Clock) -> None:
    engine = Scripted(clock, slots=0)
    dispatcher = Dispatcher(engine)
    for job in works(tmp_path, "abcdef"):
        dispatcher.submit(job)
    engine.coming.append((1.0, Message(0, ended=True)))
    assert next(dispatcher.messages()).index == 0
    assert engine.names == ["a", "b"]  # what waits for the first node
    engine.slots = 2
    engine.coming.append((2.0, Message(1, ended=True)))
    assert next(dispatcher.messages()).index == 1
    assert engine.names == ["a", "b", "c", "d", "e"]


class Others:
    """Another driver has b until second 12, and then it is done; c is done from the start."""

    def __init__(self, clock: Clock, waits: bool = True) -> None:
        self.clock, self.waits, self.asked, self.released = clock, waits, list[str](), list[tuple[str, str | None]]()

    def take(self, job: Job) -> Standing:
        self.asked.append(job.label)
        if job.label == "c" or (job.label == "b" and self.clock.now >= 12):
            return Standing(Verdict.DONE)
        if job.label == "d":
            return Standing(Verdict.FAILED, "process 7 on node-2", "no dice")
        return Standing(Verdict.HELD, "process 7 on node-2") if job.label == "b" else Standing(Verdict.OURS)

    def release(self, job: Job, error: str | None) -> None:
        self.released.append((job.label, error))


def test_jobs_of_another_driver_are_looked_at_again(tmp_path: Path, clock: Clock) -> None:
    """a ends after a second. b is looked at again about every 5 seconds: when it could start, and at 5, 10 and 15."""
    engine, others = Scripted(clock), Others(clock)
    dispatcher = Dispatcher(engine, claims=others)
    for job in works(tmp_path, "abc"):
        dispatcher.submit(job)
    engine.coming.append((1.0, Message(0, ended=True)))
    assert ends(dispatcher) == [(2, None), (0, None), (1, None)]
    assert engine.names == ["a"]
    assert others.released == [("a", None)]
    assert others.asked == ["a", "b", "c", "b", "b", "b"]
    assert clock.now == 15


def test_a_driver_says_once_for_whom_it_waits(tmp_path: Path, clock: Clock) -> None:
    dispatcher = Dispatcher(Scripted(clock), claims=Others(clock))
    for job in works(tmp_path, "b"):
        dispatcher.submit(job)
    notes = [message.note for message in dispatcher.messages() if message.note]
    assert notes == ["process 7 on node-2 has it; waiting for its result"]


def test_a_driver_that_does_not_wait_leaves_jobs_to_others(tmp_path: Path, clock: Clock) -> None:
    """Its own job ends at 1 s; b, which another has, ends without a result, and at once."""
    engine, others = Scripted(clock), Others(clock, waits=False)
    dispatcher = Dispatcher(engine, claims=others)
    for job in works(tmp_path, "ab"):
        dispatcher.submit(job)
    engine.coming.append((1.0, Message(0, ended=True)))
    ended = [message for message in dispatcher.messages() if message.ended]
    assert [(message.index, message.elsewhere) for message in ended] == [(0, None), (1, "process 7 on node-2")]
    assert clock.now == 1


def test_a_job_that_failed_in_another_driver_has_failed(tmp_path: Path, clock: Clock) -> None:
    engine = Scripted(clock)
    dispatcher = Dispatcher(engine, claims=Others(clock))
    for job in works(tmp_path, "d"):
        dispatcher.submit(job)
    assert ends(dispatcher) == [(0, "no dice (in process 7 on node-2)")]
    assert engine.names == []


def test_a_job_that_hangs_is_ended_and_the_others_go_on(tmp_path: Path, clock: Clock) -> None:
    """a begins at 3 s and may run for 5 s. b, which has not begun, waits as long as it must."""
    engine = Scripted(clock, slots=1)
    dispatcher = Dispatcher(engine, timeout_s=5)
    for job in works(tmp_path, "ab"):
        dispatcher.submit(job)
    engine.coming.extend([(3.0, Message(0)), (20.0, Message(1)), (21.0, Message(1, ended=True))])
    assert ends(dispatcher) == [(0, "it ran longer than the 5 s of --cell-timeout, and was ended"), (1, None)]
    assert engine.cancelled == [0]
    assert clock.now == 21


def test_a_job_that_kills_its_worker_twice_is_given_up(tmp_path: Path, clock: Clock) -> None:
    engine = Scripted(clock)
    dispatcher = Dispatcher(engine)
    for job in works(tmp_path, "ab"):
        dispatcher.submit(job)
    engine.coming.extend(
        (at, Message(i, ended=True, lost=how))
        for i, at, how in [(0, 1.0, "was killed (SIGKILL)"), (2, 2.0, "was killed (SIGSEGV)")]
    )
    engine.coming.append((3.0, Message(1, ended=True)))
    error = "its worker died twice: was killed (SIGSEGV); before, it was killed (SIGKILL)"
    assert ends(dispatcher) == [(0, error), (1, None)]
    assert engine.names == ["a", "b", "a"]


def test_a_job_is_not_to_blame_for_its_node(tmp_path: Path, clock: Clock) -> None:
    """Four nodes may go; with the fifth the job is given up, for it may be what brings them down."""
    for nodes, error in ((4, None), (5, "it lost 5 nodes, the last of which is gone")):
        engine = Scripted(clock)
        dispatcher = Dispatcher(engine)
        dispatcher.submit(works(tmp_path, "a")[0])
        start = clock.now
        engine.coming.extend((start + 1 + i, Message(i, ended=True, lost="is gone", node=True)) for i in range(nodes))
        engine.coming.append((start + 9, Message(4, ended=True)))
        assert ends(dispatcher) == [(0, error)]


def test_the_caller_acts_while_nothing_comes(tmp_path: Path, clock: Clock) -> None:
    engine, ticks = Scripted(clock), list[float]()
    dispatcher = Dispatcher(engine, on_tick=lambda: ticks.append(clock.now))
    dispatcher.submit(works(tmp_path, "a")[0])
    engine.coming.append((4.0, Message(0, ended=True)))
    assert ends(dispatcher) == [(0, None)]
    assert ticks == [1, 2, 3, 4]
