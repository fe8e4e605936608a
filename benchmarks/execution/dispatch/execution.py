"""How jobs are run: on which engine, how many at once, and what each may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.dispatch.shared_folder import shared
from benchmarks.execution.engine import Setup, StartEngine
from benchmarks.execution.engines.pool import Pool
from benchmarks.execution.provenance import provenance


@dataclass(frozen=True)
class Execution:
    """`at_once` jobs at once, on a device.

    timeout_s  how long a job may run       memory  bytes that its worker may have resident
    waits      whether, at its end, it waits for jobs that other drivers on the folder have
    """

    at_once: int
    device: str = "cpu"
    timeout_s: float | None = None
    memory: int | None = None
    start_engine: StartEngine = Pool
    waits: bool = True

    @contextmanager
    def dispatcher(self, folder: Path, on_tick: Callable[[], object] | None = None) -> Iterator[Dispatcher]:
        """The dispatcher of jobs whose results lie under `folder`; leaving it early stops what still runs."""
        setup = Setup(self.at_once, provenance(self.device), folder, self.device, self.memory)
        with shared(folder, self.waits) as claims, self.start_engine(setup) as engine:
            yield Dispatcher(engine, self.timeout_s, claims, on_tick)
