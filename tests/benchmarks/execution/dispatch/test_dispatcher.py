"""Which job goes to the engine when, on an engine whose every step the test decides."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import pytest

from algorithms.training.records import Progress, Record
from benchmarks.execution.dispatch import dispatcher as module
from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.dispatch.permission import Answer, Start
from benchmarks.execution.engine import Job, Message
from tests.benchmarks.execution.engines.work import Work, touch

RECORD = Record(3, 0.01, 0, 0.0, 0, 0, 0.5, 1.25, float("nan"), False)


class Clock:
    """Seconds that pass when the test says so, or while the dispatcher waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Scripted:
    """An engine of several machines that does nothing by itself: each wait is a second, at whose end `script` acts."""

    clock: Clock
    slots: int = 2
    one_machine: bool = False
    machines: int = 4  # each runs one job, whose name is its own
    jobs: list[Job] = field(default_factory=list)
    not_on: list[set[str]] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    coming: deque[tuple[float, Message]] = field(default_factory=deque)  # (at second, message)

    @property
    def window(self) -> int:
        return self.slots if self.one_machine else 2 * max(1, self.slots)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def submit(self, job: Job, not_on: Collection[str] = ()) -> int:
        self.jobs.append(job)
        self.not_on.append(set(not_on))
        return len(self.jobs) - 1

    def machine(self, index: int) -> str | None:
        return None if self.one_machine else self.names[index]

    def elsewhere(self, not_on: Collection[str]) -> bool:
        return len(not_on) < self.machines

    def receive(self, wait_s: float) -> list[Message]:
        self.clock.now += wait_s
        due = [message for at, message in self.coming if at <= self.clock.now]
        self.coming = deque((at, message) for at, message in self.coming if at > self.clock.now)
        return [message for message in due if message.index not in self.cancelled]

    def cancel(self, index: int) -> None:
        self.cancelled.append(index)

    @property
    def names(self) -> list[str]:
        return [job.label for job in self.jobs]


@dataclass(frozen=True)
class Repeatable(Work):
    """A job that has second copies."""

    def second(self) -> Repeatable:
        return replace(self, path=self.path.parent.parent / "copies" / self.path.name)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def works(folder: Path, names: str, seconds: float = 0.0) -> list[Repeatable]:
    (folder / "cells").mkdir(exist_ok=True)
    return [Repeatable(touch, folder / "cells" / name, expected_seconds=seconds) for name in names]


def ends(dispatcher: Dispatcher) -> list[tuple[int, str | None]]:
    return [(message.index, message.error) for message in dispatcher.messages() if message.ended]


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

    def may_start(self, job: Job) -> Answer:
        self.asked.append(job.label)
        if job.label == "c" or (job.label == "b" and self.clock.now >= 12):
            return Answer(Start.DONE)
        if job.label == "d":
            return Answer(Start.FAILED, "no dice (in process 7 on node-2)")
        return Answer(Start.LATER, "process 7 on node-2") if job.label == "b" else Answer(Start.NOW)

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


def slow(tmp_path: Path, clock: Clock) -> tuple[Scripted, Dispatcher]:
    """All begin at second 1. a to c take three times their ten seconds, so d is slow when it has run for 60 s."""
    engine = Scripted(clock, slots=4)
    dispatcher = Dispatcher(engine)
    for job in works(tmp_path, "abcd", seconds=10):
        dispatcher.submit(job)
    engine.coming.extend((0.0, Message(i)) for i in range(4))
    engine.coming.extend((31.0, Message(i, ended=True)) for i in range(3))
    return engine, dispatcher


def test_a_slow_job_gets_a_second_copy_and_the_first_to_finish_wins(tmp_path: Path, clock: Clock) -> None:
    engine, dispatcher = slow(tmp_path, clock)
    engine.coming.append((70.0, Message(4, records=(RECORD,), ended=True)))
    (tmp_path / "cells" / "d.state").write_text("half of d")
    heard = []
    for message in dispatcher.messages():
        heard.append(message)
        if message.note and len(engine.jobs) == 5:
            assert clock.now == 62
            assert (tmp_path / "copies" / "d.state").read_text() == "half of d"
            (tmp_path / "copies" / "d").write_text("by the copy")
    assert [m.note for m in heard if m.note] == ["it takes 2.0 times as long as expected; a second copy begins"]
    assert heard[-1] == Message(3, records=(RECORD,), ended=True)
    assert engine.cancelled == [3]
    assert (tmp_path / "cells" / "d").read_text() == "by the copy"
    assert not (tmp_path / "copies").exists()
    assert not (tmp_path / "cells" / "d.state").exists()


@pytest.mark.parametrize(("found", "notes"), [("same", 1), ("other", 2)])
def test_two_results_of_one_job_are_compared(tmp_path: Path, clock: Clock, found: str, notes: int) -> None:
    engine, dispatcher = slow(tmp_path, clock)
    engine.coming.append((70.0, Message(3, ended=True)))
    said = []
    for message in dispatcher.messages():
        said += [message.note] if message.note else []
        if len(engine.jobs) == 5 and not (tmp_path / "cells" / "d").exists():
            (tmp_path / "cells" / "d").write_text("same")
            (tmp_path / "copies" / "d").write_text(found)
    assert engine.cancelled == [4]
    assert len(said) == notes
    assert said[1:] == ["its two copies found different numbers; the first is kept"][: notes - 1]
    assert (tmp_path / "cells" / "d").read_text() == "same"


def test_a_copy_that_dies_leaves_the_job_to_the_other(tmp_path: Path, clock: Clock) -> None:
    engine, dispatcher = slow(tmp_path, clock)
    engine.coming.extend([(65.0, Message(4, ended=True, lost="died")), (70.0, Message(3, ended=True))])
    assert ends(dispatcher)[-1] == (3, None)
    assert len(engine.jobs) == 5


@pytest.mark.parametrize(("machines", "not_on"), [(4, {"d", "b"}), (2, {"d"}), (1, None)])
def test_a_job_whose_pace_is_slow_gets_a_copy_on_a_machine_that_is_not(
    tmp_path: Path, clock: Clock, machines: int, not_on: set[str] | None
) -> None:
    """a, c and e take the ten seconds that they should, b takes thirty. At 31 s d has done a tenth in thirty: it needs 270 s
    more, and a copy, which has 92 % before it, 9 s. It goes where neither d nor b ran, if there is such a machine."""
    engine = Scripted(clock, slots=5, machines=machines)
    dispatcher = Dispatcher(engine)
    for job in works(tmp_path, "abcde", seconds=10):
        dispatcher.submit(replace(job, member_steps=1000))
    engine.coming.extend((0.0, Message(i, Progress(0, 1000))) for i in range(5))
    engine.coming.extend((11.0, Message(i, ended=True)) for i in (0, 2, 4))
    engine.coming.append((31.0, Message(3, Progress(100, 1000, saved=80))))
    engine.coming.append((31.0, Message(1, ended=True)))
    engine.coming.append((32.0, Message(3, ended=True)))
    notes = [m.note for m in dispatcher.messages() if m.note]
    if not_on is None:
        assert (notes, len(engine.jobs)) == ([], 5)
    else:
        assert notes == ["it needs 4 min more here, and elsewhere about 10 s; a second copy begins"]
        assert engine.not_on[5] == not_on


def test_a_job_that_is_nearly_done_gets_no_copy(tmp_path: Path, clock: Clock) -> None:
    """d has done nine tenths in 26 s, where others took 14 for all: it needs 3 s more, as a copy from its State would."""
    engine = Scripted(clock, slots=4)
    dispatcher = Dispatcher(engine)
    for job in works(tmp_path, "abcd", seconds=14):
        dispatcher.submit(replace(job, member_steps=1000))
    engine.coming.extend((0.0, Message(i, Progress(0, 1000))) for i in range(4))
    engine.coming.extend((15.0, Message(i, ended=True)) for i in range(3))
    engine.coming.append((27.0, Message(3, Progress(900, 1000, saved=800))))
    engine.coming.append((28.0, Message(3, ended=True)))
    assert [m.note for m in dispatcher.messages() if m.note] == []


def test_one_machine_makes_no_second_copies(tmp_path: Path, clock: Clock) -> None:
    engine, dispatcher = slow(tmp_path, clock)
    engine.one_machine = True
    engine.coming.append((200.0, Message(3, ended=True)))
    assert ends(dispatcher)[-1] == (3, None)
    assert len(engine.jobs) == 4


def test_a_resumed_job_is_expected_to_take_what_is_left_of_it(tmp_path: Path, clock: Clock) -> None:
    """Three quarters of d were done when it began: 2.5 of its ten seconds are left, times three. It is slow at second 31."""
    engine = Scripted(clock, slots=4)
    dispatcher = Dispatcher(engine)
    for job in works(tmp_path, "abcd", seconds=10):
        dispatcher.submit(replace(job, member_steps=1000))
    engine.coming.extend((0.0, Message(i)) for i in range(3))
    engine.coming.append((0.0, Message(3, Progress(750, 1000))))
    engine.coming.extend((31.0, Message(i, ended=True)) for i in range(3))
    engine.coming.append((80.0, Message(3, ended=True)))
    notes = [m.note for m in dispatcher.messages() if m.note]
    assert notes == ["it takes 4.0 times as long as expected; a second copy begins"]


def test_records_of_a_second_copy_are_shown_once(tmp_path: Path, clock: Clock) -> None:
    engine, dispatcher = slow(tmp_path, clock)
    later = replace(RECORD, checkpoint=1)
    engine.coming.append((2.0, Message(3, Progress(0, 2), (RECORD,))))
    engine.coming.append((70.0, Message(4, records=(RECORD, later), ended=True)))
    records = []
    for message in dispatcher.messages():
        records += message.records
        if len(engine.jobs) == 5 and not message.ended:
            (tmp_path / "copies" / "d").touch()
    assert records == [RECORD, later]


def test_the_caller_acts_while_nothing_comes(tmp_path: Path, clock: Clock) -> None:
    engine, ticks = Scripted(clock), list[float]()
    dispatcher = Dispatcher(engine, on_tick=lambda: ticks.append(clock.now))
    dispatcher.submit(works(tmp_path, "a")[0])
    engine.coming.append((4.0, Message(0, ended=True)))
    assert ends(dispatcher) == [(0, None)]
    assert ticks == [1, 2, 3, 4]
