"""The command on a cluster whose driver is killed, is interrupted, or loses the head; and the command again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.small_cells import run_without_report, stored_rows

ROOT = Path(__file__).resolve().parents[4]
FLAGS = {"tasks": "bandit/small", "variants": "gae,ppo,a2c,reinforce", "seeds": 2, "env_steps": 40_000}

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="signals")]


@pytest.fixture
def cluster() -> Iterator[Any]:
    """One of its own, for its head may go."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    made.add_node(num_cpus=1)
    yield made
    made.shutdown()


def command(address: str | None, results: Path) -> list[str]:
    flags = [word for name, value in FLAGS.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    where = [] if address is None else ["--address", address]
    return [
        sys.executable,
        "-m",
        "benchmarks",
        "run",
        "smoke",
        "--engine",
        "ray",
        *where,
        "--results",
        str(results),
        *flags,
    ]


def after_a_cell(words: list[str], results: Path, act: Callable[[subprocess.Popen[str]], object]) -> tuple[int, str]:
    """Run the command and act when a cell is done; returns how it ends and what it says."""
    process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while not list(results.glob("smoke/cells/*.parquet")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    act(process)
    _, said = process.communicate(timeout=90)
    return process.returncode, said


def busy_workers() -> list[str]:
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if line.startswith("ray::do_job")]


def check_the_rest(results: Path, words: list[str]) -> None:
    """No worker goes on, and the command given again trains the cells that are left, to the rows of the pool."""
    until = time.monotonic() + 30
    while busy_workers() and time.monotonic() < until:
        time.sleep(0.2)
    assert busy_workers() == []
    before = {path: path.stat().st_mtime_ns for path in results.glob("smoke/cells/*.parquet")}
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    assert f"({len(before)} done before)" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not list(results.glob("smoke/.driver*"))
    run_without_report("smoke", results.parent / "pool", jobs=1, **FLAGS)
    ours, theirs = (
        stored_rows(folder / "smoke").drop(columns="wall_s") for folder in (results, results.parent / "pool")
    )
    assert len(ours) > 0
    assert ours.equals(theirs)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_driver_that_ends_leaves_no_worker_and_loses_nothing(
    cluster: Any, tmp_path: Path, how: signal.Signals
) -> None:
    results = tmp_path / "results"
    words = command(cluster.address, results)
    status, said = after_a_cell(words, results, lambda process: process.send_signal(how))
    assert status == (-9 if how == signal.SIGKILL else 130)
    if how == signal.SIGINT:
        assert "interrupted; what had finished is kept" in said
    check_the_rest(results, words)


def test_a_head_that_goes_is_named_and_nothing_is_lost(cluster: Any, tmp_path: Path) -> None:
    """The command is given again with a cluster that it starts itself."""
    results, address = tmp_path / "results", cluster.address
    words = command(address, results)
    status, said = after_a_cell(words, results, lambda _: cluster.head_node.kill_gcs_server())
    assert status == 1
    assert f"failed: the head of the Ray cluster, {address}, is gone; what had finished is kept" in said
    check_the_rest(results, command(None, results))
