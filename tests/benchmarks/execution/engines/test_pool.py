"""Workers and what becomes of their jobs: an end brings all that was not sent, and a dead worker blames its job alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from algorithms.training.records import Progress, Record
from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.engine import Message, OnEvent, Setup
from benchmarks.execution.engines.pool import Pool
from benchmarks.execution.engines.worker import release_memory, work
from benchmarks.validation.usage import describe_error, describe_exit
from tests.benchmarks.execution.engines.work import Work, dispatched, touch

ROOT = Path(__file__).resolve().parents[4]
RECORD = Record(3, 0.01, 0, 0.0, 0, 0, 0.5, 1.25, float("nan"), False)


def pooled(
    folder: Path, names: list[str], body: Callable[[str, Path, OnEvent], None], at_once: int = 2
) -> tuple[list[Message], dict[str, str | None]]:
    """The messages of jobs of these names, and how each ended."""
    with Pool(Setup(at_once)) as pool:
        heard, ends = dispatched(pool, folder, names, body)
        assert [w for w in pool._workers if w.index is not None] == []
    return heard, ends


@pytest.mark.parametrize("fails", [False, True])
def test_a_jobs_end_brings_what_was_not_sent(tmp_path: Path, fails: bool) -> None:
    def body(name: str, path: Path, tell: OnEvent) -> None:
        tell(RECORD)
        if fails:
            raise RuntimeError("no")

    sent: list[Message] = []
    end = work(7, Work(body, tmp_path / "x"), {}, sent.append)
    assert (end.index, end.records, end.ended, sent) == (7, (RECORD,), True, [])
    assert str(end.error).startswith("RuntimeError: no") if fails else end.error is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SystemExit(0), "SystemExit: the code of the task or variant called sys.exit(0)"),
        (SystemExit(), "SystemExit: the code of the task or variant called sys.exit()"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit("x"), "GeneratorExit: x"),
    ],
)
def test_whatever_a_job_raises_is_its_failure(tmp_path: Path, error: BaseException, said: str) -> None:
    def body(name: str, path: Path, tell: OnEvent) -> None:
        raise error

    end = work(0, Work(body, tmp_path / "x"), {}, lambda message: None)
    where = f"{said} ({Path(__file__).relative_to(Path.cwd())}, line "
    assert (end.ended, str(end.error).startswith(where)) == (True, True)


def test_an_exception_whose_words_fail_is_described() -> None:
    class Wordless(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert describe_error(Wordless()).startswith("Wordless: (without words)")


def dies(name: str, path: Path, tell: OnEvent) -> None:
    died = path.with_suffix(".died")
    if name == "killed" or (name == "killed once" and not died.exists()):
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "left":
        os._exit(0)
    if name == "exits":
        sys.exit(0)
    path.touch()


def test_a_dead_worker_blames_its_job_alone(tmp_path: Path) -> None:
    """Of six jobs on two workers one is killed once, one twice, one leaves by os._exit(0), one by sys.exit(0)."""
    heard, ends = pooled(tmp_path, ["killed", "fine", "left", "killed once", "exits", "fine too"], dies)
    killed = "was killed (SIGKILL, perhaps for memory)"
    assert ends["killed"] == f"its worker died twice, the second time alone: the same as before, {killed}"
    assert ends["left"] == (
        "its worker died twice, the second time alone: the same as before, ended by itself with exit code 0"
    )
    assert str(ends["exits"]).startswith("SystemExit: the code of the task or variant called sys.exit(0)")
    assert [name for name, error in ends.items() if error is None] == ["fine", "fine too", "killed once"]
    assert {p.name for p in tmp_path.iterdir() if not p.suffix} == {"fine", "fine too", "killed once"}
    lost = [(message.index, message.lost) for message in heard if message.lost]
    assert sorted(lost) == [(0, killed), (2, "ended by itself with exit code 0"), (3, killed)]


def dies_once(name: str, path: Path, tell: OnEvent) -> None:
    if name == "suspect" and not path.exists():
        path.touch()
        os._exit(3)


def test_a_suspect_is_tried_again_alone_and_after_the_others(tmp_path: Path) -> None:
    """What is submitted while it runs waits for it."""
    started: list[str] = []
    with Pool(Setup(2)) as pool:
        dispatcher = Dispatcher(pool)
        names = dict(enumerate(["suspect", "a", "b", "late"]))
        for i in range(3):
            dispatcher.submit(Work(dies_once, tmp_path / names[i]))
        for message in dispatcher.messages():
            if message == Message(message.index):  # it begins
                started.append(names[message.index])
                busy = [w.index for w in pool._workers if w.index is not None]
                assert len(busy) <= 1 or started.count("suspect") < 2
                if started.count("suspect") == 2 and len(started) == 4:
                    dispatcher.submit(Work(dies_once, tmp_path / "late"))
    assert sorted(started[:3]) == ["a", "b", "suspect"]
    assert started[3:] == ["suspect", "late"]


def grows(name: str, path: Path, tell: OnEvent) -> None:
    kept = []
    while name == "grows":
        kept.append(np.ones(2**25))
        time.sleep(0.05)
    path.touch()


def test_no_job_goes_to_a_worker_that_leaves(tmp_path: Path) -> None:
    """It says that its job has ended, and then takes a while to end itself: its memory is given back first."""
    with Pool(Setup(1, memory=2**30)) as pool:
        heard, ends = dispatched(pool, tmp_path, ["grows", "fine"], grows)
    assert "more than the 1.00 GiB" in str(ends["grows"])
    assert ends["fine"] is None
    assert not [message for message in heard if message.lost]


def test_a_job_that_cannot_be_sent_or_read_fails_alone(tmp_path: Path) -> None:
    ends: dict[int, str | None] = {}
    with Pool(Setup(1)) as pool:
        dispatcher = Dispatcher(pool)
        dispatcher.submit(Work(partial(touch, threading.Lock()), tmp_path / "x"))
        dispatcher.submit(Work(Unreadable(), tmp_path / "y"))
        dispatcher.submit(Work(touch, tmp_path / "z"))
        ends = {message.index: message.error for message in dispatcher.messages() if message.ended}
    assert "cannot pickle '_thread.lock' object" in str(ends[0])
    assert str(ends[1]).startswith("SystemExit: the code of the task or variant called sys.exit(gone)")
    assert ends[2] is None


class Unreadable:
    """Leaves when it is read."""

    def __call__(self, name: str, path: Path, tell: OnEvent) -> None:
        raise AssertionError

    def __reduce__(self) -> tuple[object, ...]:
        return sys.exit, ("gone",)


def starts_a_thread(name: str, path: Path, tell: OnEvent) -> None:
    if name == "thread exits":
        thread = threading.Thread(target=sys.exit)
        thread.start()
        thread.join()
    else:
        threading.Thread(target=threading.Event().wait).start()  # not a daemon: a process waits for it at its end


def test_a_thread_that_stays_does_not_keep_the_pool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("benchmarks.execution.engines.pool.STOP_S", 0.2)
    assert pooled(tmp_path, ["thread stays", "thread exits"], starts_a_thread)[1] == {
        "thread stays": None,
        "thread exits": None,
    }


def test_messages_that_nobody_read_are_kept(tmp_path: Path) -> None:
    """A caller may stop listening and begin again."""
    ends: set[int] = set()
    with Pool(Setup(2)) as pool:
        dispatcher = Dispatcher(pool)
        for name in "abc":
            dispatcher.submit(Work(touch, tmp_path / name))
        while len(ends) < 3:
            for message in dispatcher.messages():
                ends |= {message.index} if message.ended else set()
                break
    assert ends == {0, 1, 2}


def test_an_idle_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    with Pool(Setup(1)) as pool:
        dispatcher = Dispatcher(pool)
        dispatcher.submit(Work(touch, tmp_path / "a"))
        assert [u.error for u in dispatcher.messages() if u.ended] == [None]
        (worker,) = multiprocessing.active_children()
        worker.kill()
        worker.join()
        dispatcher.submit(Work(touch, tmp_path / "b"))
        messages = list(dispatcher.messages())
    assert [u.error for u in messages if u.ended] == [None]
    assert not [u for u in messages if u.lost]


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
    assert describe_exit(code) == said


def test_progress_is_sent_with_the_records_before_it(tmp_path: Path) -> None:
    def body(name: str, path: Path, tell: OnEvent) -> None:
        tell(RECORD)
        tell(Progress(3, 1000, "a notice"))

    sent: list[Message] = []
    end = work(1, Work(body, tmp_path / "x"), {}, sent.append)
    assert sent == [Message(1, Progress(3, 1000, "a notice"), (RECORD,))]
    assert end == Message(1, ended=True)


def resident_mb() -> float:
    """Memory of this process that is in use now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc's memory is given back")
def test_a_worker_keeps_no_memory_of_a_job_that_has_ended() -> None:
    """64 MB in blocks of 8 kB. The last one keeps them where they are, for memory is given back from the end alone."""
    blocks = [np.ones(1024) for _ in range(8192)]
    last, full = blocks[-1], resident_mb()
    del blocks
    release_memory()
    assert resident_mb() < full - 48
    assert last.sum() == 1024


SPY = """
import sys
from benchmarks.execution.jobs import CellJob

class Spy(CellJob):
    def run(self, on_event, origin):
        super().run(on_event, origin)
        names = {m.split(".")[0] for m in sys.modules} | {m for m in sys.modules if m.startswith("scipy.")}
        self.path.with_suffix(".txt").write_text(" ".join(names))
"""
CODE = """
import sys
from pathlib import Path
from spy import Spy
from algorithms import ALGORITHMS
from benchmarks.design.cells import single_cells
from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.engine import Setup
from benchmarks.execution.engines.pool import Pool
from envs import TASKS
(cell,) = single_cells(TASKS["dyck/small"], ALGORITHMS["gae"], 1, 200, ())
with Pool(Setup(1)) as pool:
    dispatcher = Dispatcher(pool)
    dispatcher.submit(Spy(cell, Path(sys.argv[1])))
    print([message.error for message in dispatcher.messages() if message.ended])
"""


def test_a_worker_imports_only_what_its_cell_needs(tmp_path: Path) -> None:
    """As users start it, from a server on Linux: a cell is trained and written without pandas, and so on."""
    (tmp_path / "spy.py").write_text(SPY)
    path = {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    words = [sys.executable, "-c", CODE, str(tmp_path / "cell.parquet")]
    done = subprocess.run(words, env={**os.environ, **path}, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[None]\n"
    modules = set((tmp_path / "cell.txt").read_text().split())
    assert modules >= {"torch", "pyarrow"}
    # scipy itself loads its parts when they are used
    heavy = {
        "scipy.special",
        "scipy.stats",
        "pandas",
        "matplotlib",
        "seaborn",
        "optuna",
        "stable_baselines3",
        "envpool",
        "jinja2",
        "tyro",
    }
    assert modules & heavy == set()
