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
from tests.benchmarks.execution.engines.conftest import ROOT, SECOND_NODE
from tests.benchmarks.execution.engines.work import Work, dispatched, touch
from tests.benchmarks.small_cells import small_cell

pytestmark = pytest.mark.xdist_group("ray")


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
    """All three processors are busy. The cells of the second node run again on the first, are not to blame, and have the
    rows of this process."""
    cell = small_cell()
    paths = [tmp_path / str(i) / cell.file_name for i in range(3)]
    for path in paths:
        path.parent.mkdir()
    gone = cluster.worker_nodes.copy().pop()

    def remove_a_node() -> None:
        if len(list(tmp_path.glob("*/on *"))) == 3 and gone in cluster.worker_nodes:
            cluster.remove_node(gone)
            for path in paths:
                path.with_suffix(".go").touch()

    dispatcher = Dispatcher(engine, on_tick=remove_a_node)
    for path in paths:
        dispatcher.submit(Waits(cell, path))
    heard = list(dispatcher.messages())
    cluster.add_node(**SECOND_NODE)
    assert [(m.lost, m.node) for m in heard if m.lost] == [("is gone", True)] * 2
    assert [m.error for m in heard if m.ended] == [None] * 3
    assert sorted(len(list(path.parent.glob("on *"))) for path in paths) == [1, 2, 2]
    here = tmp_path / "here" / cell.file_name
    CellJob(cell, here).run(lambda _: None, provenance())
    for path in paths:
        assert same_rows(read_cell(path), read_cell(here))


def test_a_node_of_another_version_is_refused_by_name(cluster: Any, tmp_path: Path) -> None:
    """It does not train a cell, and the others train all."""
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
            assert engine._cluster.slots(engine._refused, 0.0) == 3
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
    """Results come without it, and the messages of later jobs by another."""
    _, ends = dispatched(engine, tmp_path, ["first"], touch)
    engine.ray.kill(engine._letters.box)
    _, ends = dispatched(engine, tmp_path, ["a", "b", "c"], touch)
    assert ends == dict.fromkeys("abc")
    heard, _ = dispatched(engine, tmp_path, ["d", "e", "f"], touch)
    assert sorted(m.index for m in heard if not m.ended) == [0, 1, 2]


def meets(name: str, path: Path, tell: OnEvent) -> None:
    """Write which GPUs it sees, and wait for the other job of its pair."""
    path.write_text(os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    until = time.monotonic() + 60
    while not path.with_name({"a": "b", "b": "a"}.get(name, name)).exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    path.with_suffix(".others").write_text(" ".join(sorted(p.name for p in path.parent.iterdir() if not p.suffix)))


def test_cells_share_a_gpu(cluster: Any, tmp_path: Path) -> None:
    """Two jobs have half of the GPU each and run at once; the third begins when one of them has ended. A job on the
    processor takes no GPU, and sees none."""
    with RayEngine(Setup(9, provenance(), tmp_path), cluster.address, cells_per_gpu=2) as engine:
        (node,) = (node["NodeID"] for node in engine._cluster.nodes() if "GPU" in node["Resources"])
        assert engine._cluster.slots((), 0.0) == 3
        assert engine._cluster.slots((), 1 / 2) == 2
        assert engine._cluster.slots((node,), 1 / 2) == 0
        dispatcher = Dispatcher(engine)
        (tmp_path / "jobs").mkdir()
        for name, device in (("a", "cuda"), ("b", "cuda"), ("c", "cuda"), ("d", "cpu")):
            dispatcher.submit(Work(meets, tmp_path / "jobs" / name, computes_on=device))
        assert [message.error for message in dispatcher.messages() if message.ended] == [None] * 4
    seen = {name: (tmp_path / "jobs" / name).read_text() for name in "abcd"}
    assert seen == {"a": "0", "b": "0", "c": "0", "d": ""}
    first = [(tmp_path / "jobs" / f"{name}.others").read_text().replace(" d", "") for name in "ab"]
    assert "a b" in first


def test_a_gpu_that_torch_cannot_use_is_named(cluster: Any, tmp_path: Path) -> None:
    """The node says that it has a GPU. Its worker sees that torch finds none, and no cell is trained."""
    with RayEngine(Setup(1, provenance(), tmp_path, "cuda"), cluster.address) as engine:
        assert engine.slots == 1
        with pytest.raises(UsageError, match=r"node .* has no CUDA device that torch can use"):
            messages_of(engine, Work(touch, tmp_path / "x", computes_on="cuda"))
    assert list(tmp_path.iterdir()) == []


def test_a_gpu_that_no_node_has_is_missed_at_once(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RayCluster, "of_node", lambda resources, gpus: 0 if gpus else 1)
    setup = Setup(1, provenance(), tmp_path, "cuda")
    with (
        pytest.raises(UsageError, match="--device cuda: no node of the cluster has a GPU and a processor"),
        RayEngine(setup, cluster.address),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_connection_of_the_callers_stays(cluster: Any, tmp_path: Path) -> None:
    """Of a notebook, say. It is used, and stays open; it cannot be of another cluster than the one that is named."""
    with RayEngine(Setup(1, provenance(), tmp_path), None) as engine:
        assert engine._cluster.slots((), 0.0) == 3
    assert require_ray().is_initialized()
    with pytest.raises(UsageError, match=f"this process is connected to the cluster at {cluster.address}"):
        RayCluster("127.0.0.1:1", 1)


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
