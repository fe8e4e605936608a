"""What a cluster adds: nodes that go, that have other code or see other files, GPUs, and messages that get lost."""

from __future__ import annotations

import os
import pickle
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.engine import Job, Message, OnEvent, Origin, Setup
from benchmarks.execution.engines import ray_worker
from benchmarks.execution.engines.ray_cluster import RayCluster, require_ray
from benchmarks.execution.engines.ray_engine import RayEngine
from benchmarks.execution.engines.ray_worker import Driver, refusal
from benchmarks.execution.jobs import CellJob
from benchmarks.execution.provenance import provenance, source_of_ours
from benchmarks.store.cells import same_rows
from benchmarks.store.sources import read_cell
from envs.validation import UsageError
from tests.benchmarks.execution.engines.work import Work, dispatched, touch
from tests.benchmarks.small_cells import small_cell

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def engine(cluster: Any, tmp_path: Path) -> Iterator[RayEngine]:
    with RayEngine(Setup(2, provenance(), tmp_path), cluster.address) as engine:
        yield engine


def messages_of(engine: RayEngine, job: Job) -> list[Message]:
    dispatcher = Dispatcher(engine)
    dispatcher.submit(job)
    return list(dispatcher.messages())


@dataclass(frozen=True)
class Waits(CellJob):
    """A cell that says on which node it begins, and goes on when it may."""

    def run(self, on_event: OnEvent, origin: Origin) -> None:
        node = require_ray().get_runtime_context().get_node_id()
        self.path.parent.joinpath(f"on {node}").touch()
        while not self.path.with_suffix(".go").exists():
            time.sleep(0.05)
        super().run(on_event, origin)


def test_a_node_that_goes_in_the_middle_loses_nothing(cluster: Any, engine: RayEngine, tmp_path: Path) -> None:
    """The cell runs again on the other node, is not to blame, and its rows are those of this process."""
    cell = small_cell()
    path, here = (tmp_path / folder / cell.file_name for folder in ("cells", "here"))
    path.parent.mkdir()

    def remove_its_node() -> None:
        begun = [p.name.removeprefix("on ") for p in path.parent.glob("on *")]
        if len(begun) == 1 and not path.with_suffix(".go").exists():
            cluster.remove_node(next(node for node in cluster.list_all_nodes() if node.node_id == begun[0]))
            path.with_suffix(".go").touch()

    dispatcher = Dispatcher(engine, on_tick=remove_its_node)
    dispatcher.submit(Waits(cell, path))
    heard = list(dispatcher.messages())
    cluster.add_node(num_cpus=1)
    assert [(m.lost, m.node) for m in heard if m.lost] == [("is gone", True)]
    assert heard[-1] == Message(0, ended=True, records=heard[-1].records)
    assert len(list(path.parent.glob("on *"))) == 2
    CellJob(cell, here).run(lambda _: None, provenance())
    assert same_rows(read_cell(path), read_cell(here))


def test_a_node_of_another_version_is_refused_by_name(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not train a cell, and the others train all."""
    monkeypatch.chdir(tmp_path)  # Ray has workers import from the driver's folder first
    for package in ("envs", "algorithms", "benchmarks"):
        shutil.copytree(ROOT / package, tmp_path / "other" / package)
    with (tmp_path / "other" / "benchmarks" / "__init__.py").open("a") as source:
        source.write("# another version\n")
    other = cluster.add_node(num_cpus=1, env_vars={"PYTHONPATH": str(tmp_path / "other")})
    cell = small_cell()
    try:
        with RayEngine(Setup(3, provenance(), tmp_path), cluster.address) as engine:
            dispatcher = Dispatcher(engine)
            path = tmp_path / "cells" / cell.file_name
            for i in range(8):
                dispatcher.submit(CellJob(cell, path.with_name(f"{i}-{path.name}")))
            heard = list(dispatcher.messages())
            assert list(engine._refused) == [other.node_id]
            assert engine._cluster.slots(engine._refused, 0.0) == 2
    finally:
        cluster.remove_node(other)
    notes = [message.note for message in heard if message.note]
    assert len(notes) == 1
    assert " has pg-ladder " in notes[0]
    assert "; the driver has pg-ladder " in notes[0]
    assert notes[0].startswith("node ")
    assert [m.error for m in heard if m.ended] == [None] * 8


def test_where_every_node_is_refused_the_run_ends(engine: RayEngine, tmp_path: Path) -> None:
    driver: Driver = pickle.loads(engine._driver)
    engine._driver = pickle.dumps(replace(driver, token_file=tmp_path / "nowhere" / "driver"))
    with pytest.raises(UsageError) as refused:
        messages_of(engine, Work(touch, tmp_path / "x"))
    said = str(refused.value)
    assert said.startswith("no node can run cells: node ")
    assert said.count("does not see the driver's results in ") == 2
    assert not (tmp_path / "x").exists()


def test_a_token_is_there_while_the_engine_is(cluster: Any, tmp_path: Path) -> None:
    with RayEngine(Setup(1, provenance(), tmp_path), cluster.address):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_no_result_depends_on_the_mailbox(engine: RayEngine, tmp_path: Path) -> None:
    engine.ray.kill(engine._mailbox)
    _, ends = dispatched(engine, tmp_path, ["a", "b", "c"], touch)
    assert ends == dict.fromkeys("abc")


def test_a_job_has_its_share_of_a_gpu(cluster: Any, tmp_path: Path) -> None:
    """Two jobs at once have the one GPU of a node with three processors, half of it each; a job without has none."""
    node = cluster.add_node(num_cpus=3, num_gpus=1)
    try:
        with RayEngine(Setup(9, provenance(), tmp_path), cluster.address, cells_per_gpu=2) as engine:
            assert engine._cluster.slots((), 0.0) == 5
            assert engine._cluster.slots((), 1 / 2) == 2
            assert engine._cluster.slots((node.node_id,), 1 / 2) == 0
            job = Work(sees, tmp_path / "gpu", computes_on="cuda")
            assert messages_of(engine, job)[-1].error is None
            assert (tmp_path / "gpu").read_text() == "0"
    finally:
        cluster.remove_node(node)


def sees(name: str, path: Path, tell: OnEvent) -> None:
    path.write_text(os.environ.get("CUDA_VISIBLE_DEVICES", ""))


def test_a_gpu_that_no_node_has_is_missed_at_once(cluster: Any, tmp_path: Path) -> None:
    setup = Setup(1, provenance(), tmp_path, "cuda")
    with pytest.raises(UsageError, match="no node of the cluster has a GPU"), RayEngine(setup, cluster.address):
        pass
    assert list(tmp_path.iterdir()) == []


def driver(folder: Path, **changes: Any) -> Driver:
    token = folder / "token"
    token.write_bytes(b"1")
    usual = Driver(provenance(), source_of_ours(), token, b"1", folder, "cpu", None)
    return replace(usual, **changes)


def test_what_a_worker_refuses(tmp_path: Path) -> None:
    assert refusal(driver(tmp_path)) is None
    origin = provenance() | {"commit": "abcdef0123456789", "dirty": True, "release": "0.2", "results_version": 7}
    assert str(refusal(driver(tmp_path, source="other", origin=origin))).endswith(
        "; the driver has pg-ladder 0.2, commit abcdef012345 with changes, results version 7"
    )
    packages = {**ray_worker.machine()["packages"], "torch": "1.0"}  # type: ignore[dict-item]
    told = refusal(driver(tmp_path, origin=provenance() | {"packages": packages}))
    assert str(told).endswith("; the driver has 1.0")
    seen = f"does not see the driver's results in {tmp_path}, as a shared folder would let it"
    assert refusal(driver(tmp_path, token=b"2")) == seen
    assert refusal(driver(tmp_path, token_file=tmp_path / "none")) == seen


@pytest.mark.parametrize(
    ("resources", "gpus", "slots"),
    [
        ({"CPU": 8.0}, 0, 8),
        ({"CPU": 8.0}, 1, 0),
        ({"CPU": 8.0, "GPU": 2.0}, 1 / 3, 6),
        ({"CPU": 4.0, "GPU": 2.0}, 1 / 3, 4),
    ],
)
def test_how_many_cells_a_node_runs(resources: dict[str, float], gpus: float, slots: int) -> None:
    assert RayCluster.of_node(resources, gpus) == slots
