"""A cluster of Ray for tests: two nodes with three processors and a GPU, and this process connected to it.

Tests share the connection, so that Ray starts a worker once for all of them. The mark xdist_group("ray") gives them to one
process of pytest's.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]
OURS = {"env_vars": {"PYTHONPATH": str(ROOT)}}  # workers import the tests, whoever starts the node and whenever
SECOND_NODE = {"num_cpus": 2, "num_gpus": 1, **OURS}  # the GPU is declared, and none is there


_opened = contextlib.ExitStack()  # the cluster and the connection to it


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    from benchmarks.execution.engines.ray_cluster import RayCluster

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("driver"))  # Ray has workers import from the driver's folder first
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, **OURS})
        _opened.callback(made.shutdown)
        made.add_node(**SECOND_NODE)
        _opened.callback(RayCluster(made.address, 1).close)
    yield made
    _opened.close()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Close it before tests of other folders: some fork, and Ray may end a process that is connected and forks."""
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        _opened.close()
