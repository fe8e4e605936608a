"""Claims: one process has a result at a time, and a dead one's is taken over by exactly one other."""

from __future__ import annotations

import errno
import multiprocessing
import os
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sharing.claim import Claim, Verdict, claim_path
from benchmarks.sharing.claim_files import ClaimFiles
from benchmarks.sharing.claims import STALE_S, Claims, remove_useless_claims
from benchmarks.sharing.heartbeat import kept_alive
from benchmarks.sharing.observer import Observer
from benchmarks.sharing.processes import Process
from tests.benchmarks.sharing.shared_folder import DEAD, HERE, CachingClient, Clock, Server, claims_of, elsewhere

processes = multiprocessing.get_context("fork")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_result_is_claimed_by_one_process_until_it_is_given_up(tmp_path: Path) -> None:
    result, ours, theirs = tmp_path / "a.parquet", claims_of(HERE), claims_of(elsewhere())
    assert ours.take(result).verdict is Verdict.OURS
    assert ours.take(result).verdict is Verdict.OURS
    standing = theirs.take(result)
    assert (standing.verdict, standing.who) == (Verdict.HELD, f"process {os.getpid()} on {HERE.host}")
    assert names(tmp_path) == ["a.parquet.claim"]
    ours.release(result)
    assert names(tmp_path) == []
    assert theirs.take(result).verdict is Verdict.OURS
    result.touch()
    theirs.release(result)
    assert ours.take(result).verdict is Verdict.DONE
    assert names(tmp_path) == ["a.parquet"]


def test_a_result_that_came_between_the_look_and_the_claim_is_not_made_again(tmp_path: Path) -> None:
    result, looks = tmp_path / "a.parquet", [False, True]
    ours = Claims(lambda _: looks.pop(0))
    assert ours.take(result).verdict is Verdict.DONE
    assert names(tmp_path) == []


def test_a_process_of_this_machine_that_is_dead_loses_its_claim_at_once(tmp_path: Path) -> None:
    """Also where the machine has another name by now: it is known by its boot."""
    for result, owner in {tmp_path / "a": DEAD, tmp_path / "b": replace(DEAD, host="the name before")}.items():
        assert claims_of(owner).take(result).verdict is Verdict.OURS
        assert claims_of(HERE).take(result).verdict is Verdict.OURS
        assert claims_of(elsewhere()).take(result).verdict is Verdict.HELD
    assert names(tmp_path) == ["a.claim", "a.claim-2", "b.claim", "b.claim-2"]
    renamed = tmp_path / "c"
    assert claims_of(replace(HERE, host="the name before")).take(renamed).verdict is Verdict.OURS
    assert claims_of(HERE).take(renamed).verdict is Verdict.HELD  # alive


@pytest.mark.parametrize("skew_s", [0.0, 600.0, -600.0])
def test_a_process_elsewhere_is_dead_when_its_claim_does_not_change_whatever_its_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skew_s: float
) -> None:
    """Clocks of hosts and of the file server differ by minutes; the observer counts its own seconds."""
    result, clock, now = tmp_path / "a", Clock(), time.time()
    monkeypatch.setattr(time, "time", lambda: now + skew_s)
    theirs, ours = claims_of(elsewhere()), claims_of(HERE, clock)
    theirs.take(result)
    os.utime(claim_path(result, 1), (now + skew_s, now + skew_s))
    assert ours.take(result).verdict is Verdict.HELD
    for _ in range(5):
        clock.now += STALE_S - 1
        theirs.beat()
        assert ours.take(result).verdict is Verdict.HELD
    clock.now += STALE_S - 1
    assert ours.take(result).verdict is Verdict.HELD
    clock.now += 1
    assert ours.take(result).verdict is Verdict.OURS


def test_a_process_that_wakes_up_after_it_was_taken_for_dead_does_no_damage(tmp_path: Path) -> None:
    result, clock = tmp_path / "a", Clock()
    asleep, ours, third = claims_of(elsewhere()), claims_of(HERE, clock), claims_of(elsewhere(2))
    asleep.take(result)
    ours.take(result)
    clock.now += STALE_S
    assert ours.take(result).verdict is Verdict.OURS
    asleep.beat()
    asleep.release(result)
    assert third.take(result).verdict is Verdict.HELD
    assert names(tmp_path) == ["a.claim", "a.claim-2"]
    ours.release(result)
    assert names(tmp_path) == []


def test_what_is_left_of_claims_keeps_nobody_away(tmp_path: Path) -> None:
    """The process that took over died after it had removed the first claim: the second lies alone."""
    result, clock = tmp_path / "a", Clock()
    claim_path(result, 2).write_bytes(Claim("t", elsewhere()).written())
    ours = claims_of(HERE, clock)
    assert ours.take(result).verdict is Verdict.HELD
    clock.now += STALE_S
    assert ours.take(result).verdict is Verdict.OURS
    assert names(tmp_path) == ["a.claim-2", "a.claim-3"]
    ours.release(result)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[]", b'{"token": "../../x", "process": {"pid": "1"}}', b"null"]
)
def test_a_damaged_claim_is_one_that_gives_no_sign_of_life(tmp_path: Path, content: bytes) -> None:
    result, clock = tmp_path / "a", Clock()
    claim_path(result, 1).write_bytes(content)
    ours, theirs = claims_of(HERE, clock), claims_of(elsewhere(), clock)
    standing = ours.take(result)
    assert (standing.verdict, standing.who) == (Verdict.HELD, "a process whose claim is damaged")
    theirs.take(result)
    clock.now += STALE_S
    verdicts = [ours.take(result).verdict, theirs.take(result).verdict]
    assert verdicts == [Verdict.OURS, Verdict.HELD]


def test_a_failure_is_known_to_others_and_tried_again_by_a_later_run(tmp_path: Path) -> None:
    result, ours, theirs = tmp_path / "a", claims_of(HERE), claims_of(elsewhere())
    ours.take(result)
    ours.release(result, "the dice fell off the table")
    standing = theirs.take(result)
    assert (standing.verdict, standing.error) == (Verdict.FAILED, "the dice fell off the table")
    later = claims_of(elsewhere(2))
    later.note_failures(tmp_path)
    assert later.take(result).verdict is Verdict.OURS
    later.release(result)
    assert names(tmp_path) == []


class Troubled(ClaimFiles):
    """Files on a disk with this error, from the moment that it is set."""

    number = 0

    def create(self, path: Path, data: bytes) -> bool:
        self._fail()
        return super().create(path, data)

    def overwrite(self, path: Path, offset: int, data: bytes) -> None:
        self._fail()
        super().overwrite(path, offset, data)

    def touch(self, path: Path) -> None:
        if self.number != errno.ENOSPC:
            self._fail()
        super().touch(path)

    def _fail(self) -> None:
        if self.number:
            raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_where_no_claim_can_be_written_work_goes_on_and_one_line_says_so(tmp_path: Path, number: int) -> None:
    files, lines = Troubled(), list[str]()
    ours = Claims(lambda path: path.exists(), warn=lines.append, files=files)
    files.number = number
    assert ours.take(tmp_path / "a").verdict is Verdict.OURS
    assert ours.take(tmp_path / "b").verdict is Verdict.OURS
    assert lines == [f"{tmp_path} takes no claims ({os.strerror(number)}): another run may repeat cells"]
    ours.release(tmp_path / "a")
    assert names(tmp_path) == []


def test_a_full_disk_stops_no_sign_of_life_and_a_read_only_one_is_named(tmp_path: Path) -> None:
    result, clock, files, lines = tmp_path / "a", Clock(), Troubled(), list[str]()
    theirs = Claims(lambda path: path.exists(), here=elsewhere(), warn=lines.append, files=files)
    ours = claims_of(HERE, clock)
    theirs.take(result)
    files.number = errno.ENOSPC
    for _ in range(2):
        ours.take(result)
        clock.now += STALE_S
        os.utime(claim_path(result, 1), (1, 1))
        theirs.beat()
        assert ours.take(result).verdict is Verdict.HELD
    assert lines == []
    files.number = errno.EROFS
    theirs.beat()
    theirs.beat()
    assert lines == ["claims cannot be renewed (Read-only file system): another run may repeat their cells"]


def test_claims_on_results_that_are_there_are_removed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        claims_of(DEAD).take(tmp_path / name)
        claims_of(HERE).take(tmp_path / name)
    (tmp_path / "a").touch()
    assert remove_useless_claims(tmp_path, lambda path: path.exists()) == 2
    assert names(tmp_path) == ["a", "b.claim", "b.claim-2"]


def test_claims_are_renewed_while_a_run_lasts_and_given_up_at_its_end(tmp_path: Path) -> None:
    ours = claims_of(HERE)
    with kept_alive(ours, every_s=0.01):
        ours.take(tmp_path / "a")
        before = claim_path(tmp_path / "a", 1).read_bytes()
        end = time.monotonic() + 5
        while claim_path(tmp_path / "a", 1).read_bytes() == before and time.monotonic() < end:
            time.sleep(0.01)
        assert claim_path(tmp_path / "a", 1).read_bytes()[:22] > before[:22]
    assert names(tmp_path) == []


def _race(folder: Path, rounds: int, barrier: Any, answers: Any) -> None:
    ours = Claims(lambda path: path.exists(), here=Process.here(), observer=Observer(Clock()))
    won = []
    for number in range(rounds):
        barrier.wait(60)
        result = folder / str(number)
        if ours.take(result).verdict is Verdict.OURS:
            won.append(number)
            if number % 2:  # its work takes no time, while others still look
                result.touch()
                ours.release(result)
    answers.put(won)


@pytest.mark.parametrize("dead_before", [0, 1, 2])
def test_of_many_processes_one_wins(tmp_path: Path, dead_before: int) -> None:
    """Eight race for the claim of nobody, of a dead process, and of one that died after it took over from another."""
    rounds, racers = 40, 8
    for number in range(rounds):
        for dead in range(dead_before):
            owner = replace(DEAD, pid=DEAD.pid + dead)
            claim_path(tmp_path / str(number), dead + 1).write_bytes(Claim(f"{number} {dead}", owner).written())
    barrier, answers = processes.Barrier(racers), processes.Queue()
    started = [processes.Process(target=_race, args=(tmp_path, rounds, barrier, answers)) for _ in range(racers)]
    for process in started:
        process.start()
    winners = Counter(number for _ in started for number in answers.get(timeout=60))
    for process in started:
        process.join()
    assert winners == dict.fromkeys(range(rounds), 1)


@pytest.mark.parametrize("opens", [True, False])
def test_a_client_that_sees_old_files_takes_nothing_that_is_held(opens: bool) -> None:
    """Machines that believe for a minute what they saw. They agree on who has the result, and take over what is dead."""
    server, clock, result = Server(), Clock(), Path("a")
    first, second, third = (
        Claims(
            lambda _: False,
            here=elsewhere(i),
            observer=Observer(clock),
            files=CachingClient(server, clock, opens=opens),
        )
        for i in (1, 2, 3)
    )
    assert second.files.read(claim_path(result, 1)) is None  # and believes so for a minute
    assert first.take(result).verdict is Verdict.OURS
    assert second.take(result).verdict is Verdict.HELD
    assert third.take(result).verdict is Verdict.HELD
    for _ in range(60):  # it beats, and is seen to
        clock.now += 15
        first.beat()
        assert {second.take(result).verdict, third.take(result).verdict} == {Verdict.HELD}
    verdicts = []
    for _ in range(60):  # it is dead: others find out, one takes over, and lives
        clock.now += 15
        verdicts += [second.take(result).verdict, third.take(result).verdict]
        second.beat()
        third.beat()
    last = verdicts[-2:]
    assert sorted(v.name for v in last) == ["HELD", "OURS"]
    assert len({v for v in verdicts[::2] if v is Verdict.OURS} | {v for v in verdicts[1::2] if v is Verdict.OURS}) == 1
    assert Verdict.OURS not in verdicts[last.index(Verdict.HELD) :: 2]


def test_a_claim_that_is_given_up_while_it_is_renewed_is_no_trouble(tmp_path: Path) -> None:
    """The thread that renews claims has read it, then the work ends, and its file is gone."""
    result, lines = tmp_path / "a", list[str]()

    class Removed(ClaimFiles):
        def overwrite(self, path: Path, offset: int, data: bytes) -> None:
            ours.release(result)
            super().overwrite(path, offset, data)

    ours = Claims(lambda path: path.exists(), warn=lines.append, files=Removed())
    ours.take(result)
    ours.beat()
    assert (names(tmp_path), lines) == ([], [])
