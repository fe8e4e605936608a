"""The engine of a cluster: each job is a task of Ray, whose worker writes the job's files itself.

Ray retries nothing: the dispatcher does, because it knows how often a job has killed its worker. A node that has other code,
or does not see the results, refuses its first job; the job goes to another node, and no other job goes to that one.
"""

from __future__ import annotations

import contextlib
import importlib
import pickle
import secrets
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.execution.engine import Job, Message, Setup
from benchmarks.execution.engines.ray_cluster import RayCluster, require_ray
from benchmarks.execution.engines.ray_mailbox import Mailbox
from benchmarks.execution.engines.ray_worker import Driver, Refused
from benchmarks.execution.engines.worker import packed
from benchmarks.execution.provenance import source_of_ours
from benchmarks.validation.usage import describe_error
from envs.files.partial import part_path
from envs.files.writing import replace_bytes
from envs.validation import UsageError

WORKER = "benchmarks.execution.engines.ray_worker"
NODE_ID = "ray.io/node-id"
DIED = "died: it was killed, perhaps for memory, or ended by itself"
TOUCH_EVERY_S = 600.0
DRAIN_S = 2.0  # how long the last messages of a job that has ended may take


class RayEngine:
    """Jobs on the nodes of a cluster (execution.engine). As a context: leaving it early stops them.

    address        of the cluster's head; None: one is started on this machine
    cells_per_gpu  how many jobs share a GPU, where they compute on one
    most           how many jobs may run at once; None: as many as the cluster has processors for
    """

    one_machine = False

    def __init__(self, setup: Setup, address: str | None, cells_per_gpu: int = 1, most: int | None = None) -> None:
        self.ray = require_ray()
        self._token_file = part_path(setup.folder / "driver")  # a later run sweeps it away, if this one cannot
        self._touched_s = time.monotonic()
        self._setup, self._address, self._gpus, self._most = setup, address, 1 / cells_per_gpu, most
        self._submitted = 0
        self._jobs: dict[int, tuple[bytes, float]] = {}  # by index: a job as it is sent, and its share of a GPU
        self._tasks: dict[Any, int] = {}  # what Ray calls a job's task -> index
        self._refused: dict[str, str] = {}  # node -> reason
        self._undelivered: deque[Message] = deque()

    def __enter__(self) -> Self:
        self._cluster = RayCluster(self._address, self._setup.at_once)
        try:
            self._driver = pickle.dumps(self._describe_driver())
            self._task = _remote_task(self.ray)
            self._open_mailbox()
            self._check_gpus()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()  # the tasks of a driver that has left end

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._token_file.unlink(missing_ok=True)
        self._cluster.close()

    def _describe_driver(self) -> Driver:
        token = secrets.token_bytes(16)
        replace_bytes(self._token_file, token)
        return Driver(
            origin=self._setup.origin,
            source=source_of_ours(),
            token_file=self._token_file,
            token=token,
            folder=Path.cwd(),
            device=self._setup.device,
            memory=self._setup.memory,
        )

    def _keep_token(self) -> None:
        """Keep the file of the token young, so that no other run takes it for left behind."""
        if time.monotonic() - self._touched_s > TOUCH_EVERY_S:
            self._touched_s = time.monotonic()
            with contextlib.suppress(OSError):
                self._token_file.touch()

    def _check_gpus(self) -> None:
        if self._share(self._setup.device) and not self.slots:
            raise UsageError(f"--device {self._setup.device}: no node of the cluster has a GPU and a processor")

    def _share(self, device: str) -> float:
        """The share of a GPU that a job on this device gets."""
        return self._gpus if device.startswith("cuda") else 0.0

    @property
    def slots(self) -> int:
        slots = self._cluster.slots(self._refused, self._share(self._setup.device))
        return slots if self._most is None else min(slots, self._most)

    @property
    def window(self) -> int:
        """Some jobs wait at the nodes, so that no processor does."""
        return 2 * max(self.slots, 1) if self._most is None else self.slots

    def submit(self, job: Job) -> int:
        """Send a job to the cluster; returns the index that its messages will carry."""
        index, self._submitted = self._submitted, self._submitted + 1
        try:
            content = packed(job)
        except Exception as error:  # a task or variant that pickle cannot take
            self._undelivered.append(Message(index, ended=True, error=describe_error(error)))
            return index
        self._jobs[index] = content, self._share(job.computes_on)
        self._send(index)
        return index

    def _send(self, index: int) -> None:
        content, gpus = self._jobs[index]
        options: dict[str, Any] = {"num_cpus": 1, "num_gpus": gpus, "max_retries": 0}
        if self._refused:
            options["label_selector"] = {NODE_ID: f"!in({','.join(self._refused)})"}
        self._tasks[self._task.options(**options).remote(index, content, self._driver, self._mailbox)] = index

    def receive(self, wait_s: float) -> list[Message]:
        """Messages that have come, or that come within `wait_s`."""
        self._cluster.nodes()  # the head is there
        self._keep_token()
        if self._tasks:
            wait_s = 0.0 if self._undelivered else wait_s
            ready, _ = self.ray.wait([*self._tasks, self._next], num_returns=1, timeout=wait_s)
            if ready:  # and whatever else has come by now
                ready, _ = self.ray.wait([*self._tasks, self._next], num_returns=len(self._tasks) + 1, timeout=0)
            if self._next in ready:
                self._deliver(self._take())
            if ended := [task for task in ready if task in self._tasks]:
                self._deliver(self._drain())
                for task in ended:
                    self._end(task)
        messages, self._undelivered = list(self._undelivered), deque()
        return messages

    def cancel(self, index: int) -> None:
        """End a job by force. No message of it comes afterwards."""
        for task in [task for task, of in self._tasks.items() if of == index]:
            with contextlib.suppress(Exception):  # it may have ended just now
                self.ray.cancel(task, force=True)
            del self._tasks[task]
        self._jobs.pop(index, None)
        self._undelivered = deque(message for message in self._undelivered if message.index != index)

    def _deliver(self, messages: Iterable[Message]) -> None:
        """Keep messages of jobs that run; the last one of a worker that had to leave is its job's end."""
        for message in messages:
            if message.index in self._jobs:
                self._undelivered.append(message)
                if message.ended:
                    self._forget(message.index)

    def _forget(self, index: int) -> None:
        del self._jobs[index]
        self._tasks = {task: of for task, of in self._tasks.items() if of != index}

    def _end(self, task: Any) -> None:
        """A task is over: its job has ended, has lost its worker or node, or was refused there."""
        if (index := self._tasks.get(task)) is None:
            return
        errors = self.ray.exceptions
        try:
            end = self.ray.get(task)
        except errors.NodeDiedError:
            end = Message(index, ended=True, lost="is gone", node=True)
        except errors.OutOfMemoryError:
            end = Message(index, ended=True, lost="was killed, for the memory of its node was full")
        except errors.WorkerCrashedError:
            end = Message(index, ended=True, lost=DIED)
        except errors.RayError as error:
            end = Message(index, ended=True, error=describe_error(error))
        if isinstance(end, tuple):
            node, host, why = end
            end = Refused(node, f"node {host} has no pg-ladder that can do the driver's work ({why})")
        if isinstance(end, Refused):
            self._refuse(task, end)
            return
        self._forget(index)
        self._undelivered.append(end)

    def _refuse(self, task: Any, refused: Refused) -> None:
        """Send the job to another node. Raises UsageError where there is none."""
        index = self._tasks.pop(task)
        if refused.node not in self._refused:
            self._refused[refused.node] = refused.reason
            self._undelivered.append(Message(index, note=f"{refused.reason}. Other nodes run the cells"))
        if not self._cluster.slots(self._refused, 0.0):
            raise UsageError("no node can run cells: " + "; ".join(self._refused.values()))
        self._send(index)

    def _open_mailbox(self) -> None:
        """A mailbox in this machine's node, which has our code."""
        here = self.ray.get_runtime_context().get_node_id()
        strategies: Any = importlib.import_module("ray.util.scheduling_strategies")
        place = strategies.NodeAffinitySchedulingStrategy(here, soft=False)
        self._mailbox = self.ray.remote(Mailbox).options(num_cpus=0, scheduling_strategy=place).remote()
        self._next = self._mailbox.take.remote()

    def _take(self) -> list[Message]:
        """What has come by the mailbox; another is opened where it is gone."""
        try:
            messages = [pickle.loads(message) for message in self.ray.get(self._next)]
            self._next = self._mailbox.take.remote()
        except self.ray.exceptions.RayError:
            self._open_mailbox()
            return []
        return messages

    def _drain(self) -> list[Message]:
        """What is in the mailbox now."""
        with contextlib.suppress(self.ray.exceptions.RayError):
            return [pickle.loads(message) for message in self.ray.get(self._mailbox.drain.remote(), timeout=DRAIN_S)]
        return []


def _remote_task(ray: Any) -> Any:
    """The task that does a job. It goes to the node by value, so that a node without our code can say so."""

    def do_job(index: int, content: bytes, driver: bytes, mailbox: Any) -> Any:
        try:
            worker = importlib.import_module(WORKER).worker(driver, mailbox)
        except Exception as error:  # a node whose code is another
            here = importlib.import_module("ray")
            where = here.get_runtime_context().get_node_id(), here.util.get_node_ip_address()
            return *where, f"{type(error).__name__}: {error}"
        return worker.do(index, content)

    return ray.remote(do_job)
