"""A worker of Ray: it does jobs where it has the driver's code and sees the driver's results, and else refuses them."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.execution.engine import Message
from benchmarks.execution.engines.memory import Sender, watch_memory
from benchmarks.execution.engines.ray_cluster import require_ray
from benchmarks.execution.engines.worker import ONE_THREAD, read_and_work, release_memory
from benchmarks.execution.provenance import code, machine, of_worker, source_of_ours
from benchmarks.store.pooling import NUMERIC

SEND_EVERY_S = 2.0
LAST_S = 2.0  # how long a worker waits until its last message has arrived


@dataclass(frozen=True)
class Driver:
    """What workers know of the driver: its provenance and code, and how to see that they see its results.

    token  a file with these bytes in it lies in the folder of results      memory  bytes that a worker may use
    folder the folder of its process, to which paths are relative
    """

    origin: Mapping[str, object]
    source: str
    token_file: Path
    token: bytes
    folder: Path
    device: str
    memory: int | None


@dataclass(frozen=True)
class Refused:
    """A node that cannot run this driver's jobs."""

    node: str  # Ray's id
    reason: str  # which names the node


@dataclass(frozen=True)
class Begun:
    """The first message of a job."""

    index: int
    node: str  # Ray's id


class RayWorker:
    """This process, as a worker of one driver's jobs."""

    mailbox: Any

    def __init__(self, driver: Driver) -> None:
        self._ray = require_ray()
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        torch.set_num_threads(1)
        gc.freeze()  # see engines.worker.serve
        with contextlib.suppress(OSError):  # then paths must be absolute, which the token shows
            os.chdir(driver.folder)
        self.driver = driver
        self.origin = of_worker(driver.origin)
        self.refusal = refusal(driver)
        self._send = Sender(self._put)
        if driver.memory is not None:
            watch_memory(driver.memory, self._send.end_and_leave)

    def do(self, index: int, content: bytes) -> Message | Refused:
        """Do a job; returns its last message."""
        node = self._ray.get_runtime_context().get_node_id()
        if self.refusal is not None:
            return Refused(node, f"node {_host()} {self.refusal}")
        self._send.begin(index)
        self._last = self.mailbox.put.remote(pickle.dumps(Begun(index, node)))
        end = read_and_work(index, content, self.origin, self._send, SEND_EVERY_S)
        self._send.idle()
        self._ray.wait([self._last], timeout=LAST_S)
        release_memory()
        return end

    def _put(self, message: Message) -> None:
        self._last = self.mailbox.put.remote(pickle.dumps(message))
        if message.ended:  # this process leaves
            self._ray.wait([self._last], timeout=LAST_S)


_workers: dict[bytes, RayWorker] = {}  # by the driver as it was sent


def worker(driver: bytes, mailbox: Any) -> RayWorker:
    """This process as a worker of that driver."""
    if driver not in _workers:
        _workers[driver] = RayWorker(pickle.loads(driver))
    _workers[driver].mailbox = mailbox  # a driver whose mailbox is lost opens another
    return _workers[driver]


def refusal(driver: Driver) -> str | None:
    """Why this process must not do the driver's jobs; None where it may."""
    if source_of_ours() != driver.source:
        return f"has {_version(code())}; the driver has {_version(driver.origin)}"
    theirs, ours = (facts["packages"] for facts in (driver.origin, machine()))
    assert isinstance(theirs, Mapping)
    assert isinstance(ours, Mapping)
    if unlike := [name for name in NUMERIC if theirs[name] != ours[name]]:
        return f"has {unlike[0]} {ours[unlike[0]]}; the driver has {theirs[unlike[0]]}"
    try:
        seen = driver.token_file.read_bytes()
    except OSError:
        seen = b""
    if seen != driver.token:
        return f"does not see the driver's results in {driver.token_file.parent}, as a shared folder would let it"
    if driver.device.startswith("cuda") and not torch.cuda.is_available():
        return "has no CUDA device that torch can use"
    return None


def _version(facts: Mapping[str, object]) -> str:
    """The release, commit and results version of some provenance."""
    commit = str(facts["commit"])[:12] + (" with changes" if facts["dirty"] else "")
    return f"pg-ladder {facts['release']}, commit {commit}, results version {facts['results_version']}"


def _host() -> str:
    """The name of this machine, and its address in the cluster."""
    return f"{socket.gethostname()} ({require_ray().util.get_node_ip_address()})"


def remote_task(ray: Any) -> Any:
    """The task that does a job. It goes to the node by value, so that a node without our code can say so."""
    name, threads = __name__, ONE_THREAD

    def do_job(index: int, content: bytes, driver: bytes, mailbox: Any) -> Any:
        os.environ.update(threads)  # numpy and torch read them when they load
        try:
            worker = importlib.import_module(name).worker(driver, mailbox)
        except Exception as error:  # a node whose code is another
            here = importlib.import_module("ray")
            where = here.get_runtime_context().get_node_id(), here.util.get_node_ip_address()
            return *where, f"{type(error).__name__}: {error}"
        return worker.do(index, content)

    return ray.remote(do_job)
