"""The engine of a cluster: each job is a task of Ray, whose worker writes the job's files itself.

Ray retries nothing: the dispatcher does, because it knows how often a job has killed its worker. A node that has other code,
or does not see the results, refuses its first job; the job goes to another node, and no other job goes to that one.
"""

from __future__ import annotations

import contextlib
import pickle
import secrets
import time
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.execution.engine import Job, Message, Setup
from benchmarks.execution.engines.ray_cluster import RayCluster, require_ray
from benchmarks.execution.engines.ray_mailbox import Letters
from benchmarks.execution.engines.ray_worker import Begun, Driver, Refused, remote_task
from benchmarks.execution.engines.worker import packed
from benchmarks.execution.provenance import source_of_ours
from benchmarks.store.files import part_path, replace_bytes
from benchmarks.validation.usage import describe_error
from envs.validation import UsageError

NODE_ID = "ray.io/node-id"
DIED = "died: it was killed, perhaps for memory, or ended by itself"
TOUCH_EVERY_S = 600.0


@dataclass
class _Sent:
    """A job as it is sent, and its share of a GPU. `not_on`: nodes that it must not go to; `node`: where it runs."""

    content: bytes
    gpus: float
    not_on: tuple[str, ...] = ()
    node: str | None = None


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
        self._jobs: dict[int, _Sent] = {}  # by index
        self._tasks: dict[Any, int] = {}  # what Ray calls a job's task -> index
        self._refused: dict[str, str] = {}  # node -> reason
        self._undelivered: deque[Message] = deque()
        self._letters: Any = None

    def __enter__(self) -> Self:
        self._cluster = RayCluster(self._address, self._setup.at_once)
        try:
            self._driver = pickle.dumps(self._describe_driver())
            self._task = remote_task(self.ray)
            self._letters = Letters(self.ray)
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
        if not self._cluster.ours:
            for index in list(self._jobs):
                self.cancel(index)
            if self._letters is not None:
                self._letters.close()
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

    def machine(self, index: int) -> str | None:
        """Ray's id of the node where a job runs."""
        return self._jobs[index].node if index in self._jobs else None

    def elsewhere(self, not_on: Collection[str]) -> bool:
        """Whether other nodes run jobs."""
        return self._cluster.slots({*self._refused, *not_on}, self._share(self._setup.device)) > 0

    def submit(self, job: Job, not_on: Collection[str] = ()) -> int:
        """Send a job to the cluster; returns the index that its messages will carry."""
        index, self._submitted = self._submitted, self._submitted + 1
        try:
            content = packed(job)
        except Exception as error:  # a task or variant that pickle cannot take
            self._undelivered.append(Message(index, ended=True, error=describe_error(error)))
            return index
        self._jobs[index] = _Sent(content, self._share(job.computes_on), tuple(not_on))
        self._send(index)
        return index

    def _send(self, index: int) -> None:
        sent = self._jobs[index]
        options: dict[str, Any] = {"num_cpus": 1, "num_gpus": sent.gpus, "max_retries": 0}
        if not_on := (*self._refused, *sent.not_on):
            options["label_selector"] = {NODE_ID: f"!in({','.join(not_on)})"}
        self._tasks[self._task.options(**options).remote(index, sent.content, self._driver, self._letters.box)] = index

    def receive(self, wait_s: float) -> list[Message]:
        """Messages that have come, or that come within `wait_s`."""
        self._cluster.nodes()  # the head is there
        self._keep_token()
        if self._tasks:
            wait_s = 0.0 if self._undelivered else wait_s
            ready, _ = self.ray.wait([*self._tasks, self._letters.next], num_returns=1, timeout=wait_s)
            if ready:  # and whatever else has come by now
                ready, _ = self.ray.wait(
                    [*self._tasks, self._letters.next], num_returns=len(self._tasks) + 1, timeout=0
                )
            if self._letters.next in ready:
                self._deliver(self._letters.take())
            if ended := [task for task in ready if task in self._tasks]:
                self._deliver(self._letters.drain())
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

    def _deliver(self, messages: Iterable[Message | Begun]) -> None:
        """Keep messages of jobs that run; the last one of a worker that had to leave is its job's end."""
        for message in messages:
            if message.index not in self._jobs:
                continue
            if isinstance(message, Begun):
                self._jobs[message.index].node = message.node
                self._undelivered.append(Message(message.index))
            else:
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
        if not self.elsewhere(()):
            raise UsageError("no node can run cells: " + "; ".join(self._refused.values()))
        self._send(index)
