"""What lies in a folder of results, or in a State, is data: nothing in it is executed, and no name in it leads elsewhere."""

from __future__ import annotations

import ast
import os
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.torch
import torch

import algorithms
import benchmarks
import envs
from benchmarks.cli import main as cli
from benchmarks.execution.engines import ray_cluster
from benchmarks.playback.policy_files import NoPolicy, load_policy
from benchmarks.sharing.claim import Verdict, claim_path
from benchmarks.sharing.claims import Claims
from benchmarks.store import packed
from benchmarks.store.cells import META, read_cell_file
from benchmarks.store.files import Damaged, read_document
from benchmarks.store.many.footers import read_footer
from benchmarks.store.many.packing import pack_folders
from benchmarks.store.sources import stored_cells
from benchmarks.store.states import Unusable, load_state
from benchmarks.store.studies import pack_studies, stored_studies
from tests.benchmarks.synthetic_results import write_cell

ROOTS = [Path(str(package.__file__)).parent for package in (envs, algorithms, benchmarks)]
# functions that execute what they read
EXECUTE = {
    "eval", "exec", "compile", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "marshal.load", "marshal.loads",
    "shelve.open", "joblib.load", "pickle.load", "pickle.loads", "pickle.Unpickler", "cloudpickle.load",
    "cloudpickle.loads", "dill.load", "dill.loads", "pd.read_pickle", "torch.jit.load",
}  # fmt: skip
# those that do not where they are told so
SAFE_WITH = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}
PIPE = "benchmarks/execution/engines/"  # jobs and messages, between a command and its own workers
ALLOWED = {
    ("benchmarks/cli/flags.py", "exec"),  # a part of our own source
    ("benchmarks/cli/flags.py", "compile"),
    (f"{PIPE}worker.py", "pickle.loads"),
    (f"{PIPE}ray_worker.py", "pickle.loads"),
    (f"{PIPE}ray_mailbox.py", "pickle.loads"),
}


# what a source with such a call has in it: to parse all sources takes seconds
SUSPECT = re.compile(r"eval\(|exec\(|compile\(|\bload|pickle|Unpickler|shelve|joblib|popen|system\(|shell")


def executing(source: str) -> list[str]:
    """The calls in a source that may execute what they read."""
    if not SUSPECT.search(source):
        return []
    return [name for call in ast.walk(ast.parse(source)) if isinstance(call, ast.Call) for name in _executes(call)]


def _executes(call: ast.Call) -> Iterator[str]:
    name = ast.unparse(call.func)
    words = {word.arg: getattr(word.value, "value", None) for word in call.keywords}
    word, safe = SAFE_WITH.get(name, ("", None))
    if (
        name in EXECUTE
        or words.get("shell") is True
        or words.get("allow_pickle") is True
        or words.get(word) is not safe
    ):
        yield name


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("pickle.loads(path.read_bytes())", ["pickle.loads"]),
        ("torch.load(path)", ["torch.load"]),
        ("torch.load(path, weights_only=False)", ["torch.load"]),
        ("torch.load(path, weights_only=True)", []),
        ("with np.load(path) as arrays: ...", ["np.load"]),
        ("np.load(path, allow_pickle=False)", []),
        ("subprocess.run(words, shell=True)", ["subprocess.run"]),
        ("yaml.load(text)", ["yaml.load"]),
        ("model.eval(); re.compile(text)", []),
    ],
)
def test_calls_that_execute_what_they_read_are_found(source: str, found: list[str]) -> None:
    assert executing(source) == found


def test_no_module_executes_what_it_reads() -> None:
    """But for jobs and messages, which a command and its own workers send each other."""
    files = {path.relative_to(root.parent).as_posix(): path for root in ROOTS for path in root.rglob("*.py")}
    found = {(name, call) for name, path in files.items() for call in executing(path.read_text(encoding="utf-8"))}
    assert found == ALLOWED


class Live:
    """Something that makes a folder where it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.marker),)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[bytes]:
    """A pickle that is known to act; the test fails where anything has unpickled it."""
    marker = tmp_path / "executed"
    content = pickle.dumps(Live(marker))
    pickle.loads(content)
    marker.rmdir()
    yield content
    assert not marker.exists()


READERS: dict[str, tuple[Callable[[Path], object], type[Exception]]] = {
    "x.state": (load_state, Unusable),
    "t__v__seeds0-1__0123456789abcdef.parquet": (read_cell_file, Damaged),
    "t__v__seeds0-2__0123456789abcdef.parquet": (read_footer, Damaged),
    "ladder.cells.parquet": (packed.read_table, Damaged),
    "adaptive.json": (read_document, Damaged),
    "x.safetensors": (load_policy, NoPolicy),
}


@pytest.mark.parametrize("name", READERS)
def test_a_pickle_in_the_place_of_a_file_is_not_unpickled(name: str, tmp_path: Path, live: bytes) -> None:
    read, error = READERS[name]
    path = tmp_path / name
    path.write_bytes(live)
    with pytest.raises(error):
        read(path)


def test_a_pickle_within_a_file_is_not_unpickled(tmp_path: Path, live: bytes) -> None:
    """As the tensors and the metadata of a State, as a column and the metadata of a cell, and as a claim."""
    state = tmp_path / "x.state"
    tensors = {"a": torch.frombuffer(bytearray(live), dtype=torch.uint8)}
    safetensors.torch.save_file(tensors, state, metadata={"state": live.decode("latin-1"), "digest": "d"})
    with pytest.raises(Unusable):
        load_state(state, "d")
    cell = write_cell(tmp_path, "t", "v", (0, 1), np.ones((2, 2)))
    table = pq.read_table(cell)
    pq.write_table(table.append_column("live", pa.array([live] * len(table))), cell)
    with pytest.raises(Damaged, match="live"):
        read_cell_file(cell)
    pq.write_table(table.replace_schema_metadata({META: live}), cell)
    with pytest.raises(Damaged):
        read_footer(cell)
    claim_path(cell, 1).write_bytes(live)
    assert Claims(lambda result: False).take(cell).verdict is Verdict.HELD


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "..", "a\\b", "a/b"])
def test_a_packed_name_is_no_path(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "ladder"
    write_cell(folder, "t", "v", (0, 1), np.ones((2, 2)))
    pack_folders(folder, [folder])
    path = packed.cells_path(folder)
    table = pq.read_table(path)
    pq.write_table(table.set_column(0, "cell", pa.array([name])).replace_schema_metadata(table.schema.metadata), path)
    with pytest.raises(Damaged, match="is not the name of a cell's file"):
        stored_cells(folder)
    pack_studies(folder, {"a.json": {"trials": [], "best": 1}})
    studies = path.with_name("ladder.studies.parquet")
    table = pq.read_table(studies)
    pq.write_table(
        table.set_column(0, "file", pa.array([name])).replace_schema_metadata(table.schema.metadata), studies
    )
    with pytest.raises(Damaged, match="is not the name of a study's file"):
        list(stored_studies(folder))


@pytest.mark.slow
def test_a_report_of_names_that_are_paths_writes_beside_its_cells_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "results" / "ladder"
    for i, variant in enumerate(("../../../x", f"{tmp_path}/y")):
        made = write_cell(folder, "../" * 6 + "task", f"v{i}", (0, 1), np.ones((2, 2)), algorithm={"name": variant})
        table = pq.read_table(made)
        named = table.set_column(1, "variant", pa.array([variant] * len(table)))
        pq.write_table(named.replace_schema_metadata(table.schema.metadata), made)
    assert cli.main(["report", "ladder", "--results", str(folder.parent), "--figures", "svg"]) == 0
    assert (folder / "report.html").exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file() and folder not in path.parents] == []


def test_a_cluster_that_is_started_here_listens_on_the_loopback_and_has_no_dashboard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: dict[str, Any] = {}

    class Started(Exception):
        pass

    def init(**options: Any) -> None:
        given.update(options)
        raise Started

    monkeypatch.setattr(ray_cluster, "require_ray", lambda: SimpleNamespace(init=init, is_initialized=lambda: False))
    with pytest.raises(Started):
        ray_cluster.RayCluster(None, 2)
    assert (given["address"], given["_node_ip_address"], given["include_dashboard"]) == ("local", "127.0.0.1", False)
