"""A pipeline that is killed anywhere, or made by two processes at once, ends with the same files bit for bit."""

from __future__ import annotations

import multiprocessing
import os
import signal
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from benchmarks.language.artefacts import ArtefactStore
from benchmarks.language.pipeline import prepare
from tests.benchmarks.language.test_pipeline import SMALL, made

FORK = multiprocessing.get_context("fork")
STAGES = ("pairs", "reward", "samples", "sft")  # a corpus of our own has no human labels for a held-out judge


def work(results: Path, kill_at: int | None = None) -> int:
    """Make the pipeline, or be killed at its event number `kill_at`; returns the number of events."""
    _, models, source = made()
    count = 0
    for count, _ in enumerate(prepare(SMALL, ArtefactStore(results), models, source), 1):
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
    return count


def start(*arguments: object) -> multiprocessing.process.BaseProcess:
    process = FORK.Process(target=work, args=arguments)
    process.start()
    return process


def files(results: Path) -> dict[str, bytes]:
    """What the stages have written, but for descriptions, which say who wrote them."""
    models = results / "models"
    found = {str(p.relative_to(models)): p.read_bytes() for p in models.rglob("*.*") if p.suffix != ".state"}
    return {name: x for name, x in found.items() if not name.endswith("description.json")}


@cache
def whole() -> tuple[int, dict[str, bytes]]:
    """The events and the files of a pipeline that nothing interrupts."""
    results = Path(mkdtemp())
    return work(results), files(results)


def killed_and_resumed(results: Path, events: range) -> None:
    for at in events:
        process = start(results, at)
        process.join()
        assert process.exitcode == -signal.SIGKILL
    work(results)
    assert files(results) == whole()[1]


def test_every_stage_has_left_its_files() -> None:
    assert {name.rpartition("/")[0].rpartition("-")[0] for name in whole()[1]} == set(STAGES)


def test_a_kill_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    middle = whole()[0] // 2
    killed_and_resumed(tmp_path, range(middle, middle + 1))


@pytest.mark.slow
def test_a_kill_at_each_event_changes_nothing(tmp_path: Path) -> None:
    for at in range(1, whole()[0] + 1):
        killed_and_resumed(tmp_path / str(at), range(at, at + 1))


@pytest.mark.slow
def test_many_kills_change_nothing(tmp_path: Path) -> None:
    """A process comes further than the one before it, for what is finished takes one event, its title."""
    killed_and_resumed(tmp_path, range(1, 7))


def test_two_processes_make_one_pipeline(tmp_path: Path) -> None:
    whole()  # models are loaded before the fork
    both = [start(tmp_path) for _ in range(2)]
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert files(tmp_path) == whole()[1]
    assert not [p for p in (tmp_path / "models").iterdir() if p.suffix]
