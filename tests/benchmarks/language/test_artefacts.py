"""Artefacts of stages: named by what made them, whole or not there, read with their hashes."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from algorithms.language.stage import Stage, StageProgress, finish
from algorithms.training.state import RunState
from benchmarks.language.artefacts import DESCRIPTION, ArtefactStore, Product, artefact_digest
from benchmarks.store.files import Damaged
from envs.files.partial import machine
from envs.files.writing import NotWritten


@dataclass(frozen=True)
class Count:
    """Adds `step`, `total` times."""

    total: int = 4
    step: float = 0.5


def count(
    config: Count, state: RunState | None = None, calls: list[int] | None = None, kill_at: int = 0
) -> Stage[Product]:
    value = torch.zeros(2) if state is None else state.tensors["value"]
    start = 0 if state is None else int(state.meta["done"])
    for i in range(start, config.total):
        if calls is not None:
            calls.append(i)
        value = value + config.step
        yield StageProgress(i + 1, config.total)
        yield RunState.of([("", {"value": value}, {"value": None})], {"done": i + 1})
        if kill_at == i + 1:
            os.kill(os.getpid(), signal.SIGKILL)
    text = json.dumps(value.tolist())
    return Product(lambda folder: (folder / "value.json").write_text(text), {"sum": float(value.sum())})


def make(store: ArtefactStore, config: Count, calls: list[int] | None = None) -> tuple[Path, list[str]]:
    making, notices = store.make("count", config, lambda state: count(config, state, calls)), []
    while True:
        try:
            notices.append(next(making).notice)
        except StopIteration as stop:
            return stop.value.path, [n for n in notices if n]


def test_it_is_made_once_and_read_afterwards(tmp_path: Path) -> None:
    store, calls = ArtefactStore(tmp_path, {"commit": "abc"}), []
    path, _ = make(store, Count(), calls)
    assert calls == [0, 1, 2, 3]
    assert path == tmp_path / "models" / f"count-{artefact_digest('count', Count())}"
    assert json.loads((path / "value.json").read_text()) == [2.0, 2.0]
    assert make(store, Count(), calls) == (path, [])
    assert calls == [0, 1, 2, 3]  # nothing was done again
    found = store.read("count", Count())
    assert found is not None
    assert found.measures == {"sum": 4.0}
    assert found.description["provenance"] == {"commit": "abc"}
    assert found.description["configuration"]["step"] == 0.5
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name]  # no state and no part is left


def test_another_configuration_is_another_artefact(tmp_path: Path) -> None:
    names = {artefact_digest(kind, config) for kind in ("a", "b") for config in (Count(), Count(step=0.25))}
    assert len(names) == 4
    assert ArtefactStore(tmp_path).read("count", Count()) is None


@pytest.mark.parametrize("harm", ["changed", "missing", "added", "description", "no description"])
def test_what_is_damaged_is_named_kept_and_made_again(tmp_path: Path, harm: str) -> None:
    store = ArtefactStore(tmp_path)
    path, _ = make(store, Count())
    if harm == "changed":
        (path / "value.json").write_text("[2.0, 2.5]")
    elif harm == "missing":
        (path / "value.json").unlink()
    elif harm == "added":
        (path / "more.json").write_text("1")
    elif harm == "description":
        text = (path / DESCRIPTION).read_text()
        (path / DESCRIPTION).write_text(text.replace('"sum": 4.0', '"sum": 5.0'))
    else:
        (path / DESCRIPTION).unlink()
    with pytest.raises(Damaged, match=path.name if "description" not in harm else "descri"):
        store.read("count", Count())
    again, notices = make(store, Count())
    assert len(notices) == 1
    assert f"{path.name}.damaged-0" in notices[0]
    assert (path.parent / f"{path.name}.damaged-0").is_dir()
    assert json.loads((again / "value.json").read_text()) == [2.0, 2.0]


def test_an_artefact_under_another_name_is_not_taken_for_it(tmp_path: Path) -> None:
    store = ArtefactStore(tmp_path)
    path, _ = make(store, Count())
    path.rename(store.path("count", Count(step=1.0)))
    with pytest.raises(Damaged, match="of another configuration"):
        store.read("count", Count(step=1.0))


def killed(results: Path) -> None:
    for _ in ArtefactStore(results).make("count", Count(), lambda state: count(Count(), state, None, 3)):
        pass


def test_a_killed_stage_goes_on_from_its_last_state(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=killed, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    store, calls = ArtefactStore(tmp_path), []
    assert store.read("count", Count()) is None
    path, notices = make(store, Count(), calls)
    assert calls == [3]
    assert len(notices) == 1
    assert "goes on" in notices[0]
    assert json.loads((path / "value.json").read_text()) == [2.0, 2.0]


def test_what_a_killed_process_left_is_removed_and_named(tmp_path: Path) -> None:
    store = ArtefactStore(tmp_path)
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    left = store.path("count", Count()).with_name(f".x.{machine()}.{int(ended.stdout)}.0123abcd.part")
    left.mkdir(parents=True)
    (left / "value.json").write_text("[2")
    _, notices = make(store, Count())
    assert not left.exists()
    assert any("unfinished" in n for n in notices)


def test_two_at_once_do_not_break_each_other(tmp_path: Path) -> None:
    store = ArtefactStore(tmp_path)
    first, second = (store.make("count", Count(), lambda state: count(Count(), state)) for _ in range(2))
    next(first), next(second)  # both have found nothing and begun
    one, two = finish(first), finish(second)
    assert one == two
    assert sorted(p.name for p in one.path.parent.iterdir()) == [one.path.name]


def test_a_damaged_state_is_named_and_the_stage_begins_anew(tmp_path: Path) -> None:
    store, calls = ArtefactStore(tmp_path), []
    state = store.path("count", Count()).with_name(store.path("count", Count()).name + ".state")
    state.parent.mkdir(parents=True)
    state.write_bytes(b"nothing of the kind")
    _, notices = make(store, Count(), calls)
    assert calls == [0, 1, 2, 3]
    assert "cannot be resumed" in notices[0]


def test_a_stage_that_cannot_write_leaves_nothing(tmp_path: Path) -> None:
    def full(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise OSError(28, "No space left on device")

    def work(state: RunState | None) -> Stage[Product]:
        yield StageProgress(1, 1)
        return Product(full)

    store = ArtefactStore(tmp_path)
    with pytest.raises(NotWritten, match="No space left"):
        finish(store.make("count", Count(), work))
    assert list((tmp_path / "models").iterdir()) == []
