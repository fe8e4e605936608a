"""Workers and what becomes of their jobs: an end brings all that was not sent, and a dead worker blames its job alone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from algorithms import VARIANTS
from algorithms.training.records import Progress, Record
from benchmarks import cellwork
from benchmarks.design.cell import Cell
from benchmarks.design.cells import single_cells
from benchmarks.executor import Pool, how_it_ended
from benchmarks.usage import described
from benchmarks.worker import Job, Update, work
from envs import TASKS

CELL = single_cells(TASKS["bandit/small"], VARIANTS["gae"], 1, 500, ())[0]
RECORD = Record(3, 0.01, 0, 0.0, 0, 0, 0.5, 1.25, float("nan"), False)


def named(name: str) -> Cell:
    """A cell of this name."""
    return replace(CELL, task=replace(CELL.task, name=name))


def pooled(folder: Path, names: list[str], at_once: int = 2) -> tuple[list[Update], dict[str, str | None]]:
    """The news of jobs of these names, and how each ended. Forked workers see what a test has put in place of run_cell."""
    heard, ends = [], {}
    with Pool(at_once, {}, "fork") as pool:
        index = {pool.submit(Job(named(name), folder / name)): name for name in names}
        for update in pool.news():
            heard.append(update)
            if update.ended:
                assert index[update.index] not in ends
                ends[index[update.index]] = update.error
        assert [w for w in pool._workers if w.index is not None] == []
    return heard, ends


def replaced(monkeypatch: pytest.MonkeyPatch, body: Callable[[str, Path], None]) -> None:
    """`body(name, path)` in place of the training of a cell."""

    def run_cell(cell: Cell, path: Path, device: str, tell: object, origin: object, policies: object) -> None:
        body(cell.task.name, path)

    monkeypatch.setattr(cellwork, "run_cell", run_cell)


@pytest.mark.parametrize("fails", [False, True])
def test_a_jobs_end_brings_what_was_not_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fails: bool) -> None:
    def run_cell(cell: object, path: Path, device: str, tell: Callable[[Record], None], *others: object) -> None:
        tell(RECORD)
        if fails:
            raise RuntimeError("no")

    monkeypatch.setattr(cellwork, "run_cell", run_cell)
    sent: list[Update] = []
    end = work(7, Job(CELL, tmp_path / "x"), {}, sent.append)
    assert (end.index, end.records, end.ended, sent) == (7, (RECORD,), True, [])
    assert str(end.error).startswith("RuntimeError: no") if fails else end.error is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SystemExit(0), "SystemExit: the code of the task or variant called sys.exit(0)"),
        (SystemExit(), "SystemExit: the code of the task or variant called sys.exit()"),
        (KeyboardInterrupt(), "KeyboardInterrupt: "),
        (GeneratorExit("x"), "GeneratorExit: x"),
    ],
)
def test_whatever_a_job_raises_is_its_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: BaseException, said: str
) -> None:
    def body(name: str, path: Path) -> None:
        raise error

    replaced(monkeypatch, body)
    end = work(0, Job(CELL, tmp_path / "x"), {}, lambda update: None)
    assert (end.ended, str(end.error).splitlines()[0]) == (True, said)


def test_an_exception_whose_words_fail_is_described() -> None:
    class Wordless(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert described(Wordless()).startswith("Wordless: (without words)")


def test_a_dead_worker_blames_its_job_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of six jobs on two workers one is killed once, one twice, one leaves by os._exit(0), one by sys.exit(0)."""

    def body(name: str, path: Path) -> None:
        died = path.with_suffix(".died")
        if name == "killed" or (name == "killed once" and not died.exists()):
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "left":
            os._exit(0)
        if name == "exits":
            sys.exit(0)
        path.touch()

    replaced(monkeypatch, body)
    heard, ends = pooled(tmp_path, ["killed", "fine", "left", "killed once", "exits", "fine too"])
    killed = "was killed (SIGKILL, perhaps for memory)"
    assert ends["killed"] == f"its worker died twice, the second time alone: the same as before, {killed}"
    assert ends["left"] == (
        "its worker died twice, the second time alone: the same as before, ended by itself with exit code 0"
    )
    assert str(ends["exits"]).startswith("SystemExit: the code of the task or variant called sys.exit(0)")
    assert [name for name, error in ends.items() if error is None] == ["fine", "fine too", "killed once"]
    assert {p.name for p in tmp_path.iterdir() if not p.suffix} == {"fine", "fine too", "killed once"}
    lost = [(update.index, update.lost) for update in heard if update.lost]
    assert sorted(lost) == [(0, killed), (2, "ended by itself with exit code 0"), (3, killed)]


def test_a_suspect_is_tried_again_alone_and_after_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is submitted while it runs waits for it."""
    started: list[str] = []

    def body(name: str, path: Path) -> None:
        if name == "suspect" and not path.exists():
            path.touch()
            os._exit(3)

    replaced(monkeypatch, body)
    with Pool(2, {}, "fork") as pool:
        names = dict(enumerate(["suspect", "a", "b", "late"]))
        for i in range(3):
            pool.submit(Job(named(names[i]), tmp_path / names[i]))
        for update in pool.news():
            if update == Update(update.index):  # it begins
                started.append(names[update.index])
                busy = [w.index for w in pool._workers if w.index is not None]
                assert len(busy) == 1 or started.count("suspect") < 2
                if started.count("suspect") == 2 and len(started) == 4:
                    pool.submit(Job(named("late"), tmp_path / "late"))
    assert sorted(started[:3]) == ["a", "b", "suspect"]
    assert started[3:] == ["suspect", "late"]


def test_a_job_that_cannot_be_sent_or_read_fails_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    replaced(monkeypatch, lambda name, path: path.touch())
    ends: dict[int, str | None] = {}
    with Pool(1, {}, "fork") as pool:
        pool.submit(Job(CELL, tmp_path / "x", device=lambda: "cpu"))  # type: ignore[arg-type]
        pool.submit(Job(CELL, tmp_path / "y", device=Unreadable()))  # type: ignore[arg-type]
        pool.submit(Job(CELL, tmp_path / "z"))
        ends = {update.index: update.error for update in pool.news() if update.ended}
    assert "pickle" in str(ends[0])
    assert str(ends[1]).startswith("SystemExit: the code of the task or variant called sys.exit(gone)")
    assert ends[2] is None


class Unreadable:
    """Leaves when it is read."""

    def __reduce__(self) -> tuple[object, ...]:
        return sys.exit, ("gone",)


def test_a_thread_that_stays_does_not_keep_the_pool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def body(name: str, path: Path) -> None:
        if name == "thread exits":
            thread = threading.Thread(target=sys.exit)
            thread.start()
            thread.join()
        else:
            threading.Thread(target=threading.Event().wait).start()  # not a daemon: a process waits for it at its end

    replaced(monkeypatch, body)
    monkeypatch.setattr("benchmarks.executor.STOP_S", 0.2)
    assert pooled(tmp_path, ["thread stays", "thread exits"])[1] == {"thread stays": None, "thread exits": None}


def test_news_that_nobody_took_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A caller may stop listening and begin again."""
    replaced(monkeypatch, lambda name, path: path.touch())
    ends: set[int] = set()
    with Pool(2, {}, "fork") as pool:
        for name in "abc":
            pool.submit(Job(named(name), tmp_path / name))
        while len(ends) < 3:
            for update in pool.news():
                ends |= {update.index} if update.ended else set()
                break
    assert ends == {0, 1, 2}


def test_an_idle_worker_that_dies_is_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    replaced(monkeypatch, lambda name, path: path.touch())
    with Pool(1, {}, "fork") as pool:
        pool.submit(Job(CELL, tmp_path / "a"))
        assert [u.error for u in pool.news() if u.ended] == [None]
        (worker,) = pool._workers
        worker.process.kill()
        worker.process.join()
        pool.submit(Job(CELL, tmp_path / "b"))
        news = list(pool.news())
    assert [u.error for u in news if u.ended] == [None]
    assert not [u for u in news if u.lost]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (-9, "was killed (SIGKILL, perhaps for memory)"),
        (-11, "was killed (SIGSEGV, an error in compiled code)"),
        (-15, "was killed (SIGTERM)"),
        (3, "ended by itself with exit code 3"),
    ],
)
def test_exit_codes_in_words(code: int, said: str) -> None:
    assert how_it_ended(code) == said


def test_progress_is_sent_with_the_records_before_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def run_cell(cell: object, path: Path, device: str, tell: Callable[[object], None], *others: object) -> None:
        tell(RECORD)
        tell(Progress(3, 1000, "a notice"))

    monkeypatch.setattr(cellwork, "run_cell", run_cell)
    sent: list[Update] = []
    end = work(1, Job(CELL, tmp_path / "x"), {}, sent.append)
    assert sent == [Update(1, Progress(3, 1000, "a notice"), (RECORD,))]
    assert end == Update(1, ended=True)
