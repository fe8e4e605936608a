"""A cluster of Ray: one that exists, or one that is started here for a run and reached from this machine alone."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.validation.usage import WorkFailed
from envs.validation import UsageError

CONNECT_S = 5.0
LOOK_EVERY_S = 2.0  # at the cluster's nodes, and at its head
HEAD_GONE_S = 10.0  # without an answer of the head
STORE_BYTES = 100 * 2**20  # of the object store of a cluster that is started here: jobs and messages are small
LOG_BYTES = 10 * 2**20  # of a worker's output that such a cluster keeps
LOOPBACK = "127.0.0.1"


def require_ray() -> Any:
    """The package; UsageError where it is missing. Call it before any work."""
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise UsageError('--engine ray needs the package ray: pip install "pg-ladder[ray]"') from error


def check_address(address: str) -> None:
    """UsageError for an address where nothing answers: Ray itself would try for minutes. `auto` is left to Ray."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise UsageError(f"--address takes the HOST:PORT of the cluster's head, or auto, not {address}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise UsageError(f"--address {address}: no head of a cluster answers there ({error})") from error


class RayCluster:
    """A connection to a cluster. Close it after use.

    ours  whether it was made here: a notebook, say, may be connected already, and stays so
    """

    def __init__(self, address: str | None, processors: int) -> None:
        self.ray = require_ray()
        self._folder: Path | None = None
        self.ours = not self.ray.is_initialized()
        common = {"log_to_driver": False, "logging_level": "ERROR"}
        if not self.ours:
            connected = self.ray.get_runtime_context().gcs_address
            if address not in (None, "auto", connected):
                raise UsageError(f"--address {address}: this process is connected to the cluster at {connected}")
        elif address is None:
            self._start(processors, common)
        else:
            check_address(address)
            try:
                self.ray.init(address=address, **common)
            except (ConnectionError, RuntimeError, ValueError, AssertionError, OSError) as error:
                reason = " ".join(str(error).split()) or type(error).__name__
                raise UsageError(f"--address {address} cannot be reached from this machine: {reason}") from error
        _silence()
        host, _, port = self.ray.get_runtime_context().gcs_address.rpartition(":")
        self.head = (host.strip("[]"), int(port))
        self._nodes: list[dict[str, Any]] = []
        self._looked_s = -LOOK_EVERY_S
        self._answered_s = time.monotonic()

    def _start(self, processors: int, common: dict[str, Any]) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
        os.environ.setdefault("RAY_ROTATION_MAX_BYTES", str(LOG_BYTES))
        # paths of sockets may have 107 characters
        short = "/tmp" if sys.platform != "win32" else None
        self._folder = Path(tempfile.mkdtemp(prefix="pgl-", dir=short))
        self.ray.init(
            address="local",
            num_cpus=processors,
            include_dashboard=False,
            object_store_memory=STORE_BYTES,
            _temp_dir=str(self._folder),
            _node_ip_address=LOOPBACK,
            **common,
        )

    def close(self) -> None:
        """Leave the cluster; what was started here ends."""
        with contextlib.suppress(Exception):
            if self.ours:
                self.ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def slots(self, refused: Iterable[str], gpus: float) -> int:
        """How many cells run at once on the nodes that are alive, but for the refused; `gpus` is a cell's share of one."""
        without = set(refused)
        return sum(self.of_node(node["Resources"], gpus) for node in self.nodes() if node["NodeID"] not in without)

    @staticmethod
    def of_node(resources: dict[str, float], gpus: float) -> int:
        """How many cells a node with these resources runs at once."""
        processors = int(resources.get("CPU", 0))
        return min(processors, int(resources.get("GPU", 0) / gpus + 1e-9)) if gpus else processors

    def nodes(self) -> list[dict[str, Any]]:
        """The nodes that are alive. Raises WorkFailed where the head is gone."""
        if time.monotonic() - self._looked_s > LOOK_EVERY_S:
            self.check_head()
            self._nodes = [node for node in self.ray.nodes() if node["Alive"]]
            self._looked_s = time.monotonic()
        return self._nodes

    def check_head(self) -> None:
        """Raises WorkFailed where the head has not answered for HEAD_GONE_S: without it Ray would end this process."""
        while True:
            try:
                socket.create_connection(self.head, timeout=LOOK_EVERY_S).close()
            except OSError:
                if time.monotonic() - self._answered_s > HEAD_GONE_S:
                    raise WorkFailed(
                        f"the head of the Ray cluster, {self.head[0]}:{self.head[1]}, is gone; what had finished is kept, "
                        "and the same command goes on from there"
                    ) from None
                time.sleep(LOOK_EVERY_S / 4)
            else:
                self._answered_s = time.monotonic()
                return


def _silence() -> None:
    """Ray prints its nodes' complaints on standard output, whatever its options say; a run's own lines name what died."""
    module: Any = importlib.import_module("ray._private.worker")
    if hasattr(module, "print_to_stdstream"):
        module.print_to_stdstream = lambda *_, **__: None
