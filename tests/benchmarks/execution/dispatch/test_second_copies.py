"""When a job gets a second copy, where, and which of the two results counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from algorithms.training.records import Progress, Record
from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.engine import Message
from tests.benchmarks.execution.dispatch.scripted import Clock, Scripted, ends, works

RECORD = Record(3, 0.01, 0, 0.0, 0, 0, 0.5, 1.25, float("nan"), False)


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
    """a, c and e take ten seconds, as they should, b sixteen. At 17 s d has done a tenth in sixteen: it needs 144 s
    more, and a copy, which has 92 % before it, 9 s. It goes where neither d nor b ran, if there is such a machine."""
    engine = Scripted(clock, slots=5, machines=machines)
    dispatcher = Dispatcher(engine)
    for job in works(tmp_path, "abcde", seconds=10):
        dispatcher.submit(replace(job, member_steps=1000))
    engine.coming.extend((0.0, Message(i, Progress(0, 1000))) for i in range(5))
    engine.coming.extend((11.0, Message(i, ended=True)) for i in (0, 2, 4))
    engine.coming.append((17.0, Message(3, Progress(100, 1000, saved=80))))
    engine.coming.append((17.0, Message(1, ended=True)))
    engine.coming.append((18.0, Message(3, ended=True)))
    notes = [m.note for m in dispatcher.messages() if m.note]
    if not_on is None:
        assert (notes, len(engine.jobs)) == ([], 5)
    else:
        assert notes == ["it needs 2 min more here, and elsewhere about 10 s; a second copy begins"]
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
