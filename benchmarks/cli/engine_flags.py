"""The flags that say where jobs run, and what each may take: shared by `run` and `tune`."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import partial

import torch

from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.engine import StartEngine
from benchmarks.execution.engines.pool import Pool, available_processors
from benchmarks.execution.engines.ray_cluster import check_address, require_ray
from benchmarks.execution.engines.ray_engine import RayEngine
from envs.validation import UsageError, look_up

ENGINES = ("local", "ray")
UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "KB": 10**3, "MB": 10**6, "GB": 10**9}
LEAST_MEMORY = 512 * 2**20  # a worker that has loaded torch and a task has about half of it


def check_device(device: str) -> None:
    """UsageError for a device that torch cannot use."""
    if device == "cpu":
        return
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UsageError(
            f"--device {device!r} cannot be used: torch finds no CUDA device here; --device cpu is possible"
        )
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {device!r} cannot be used: {str(error).splitlines()[0]}") from error


@dataclass(frozen=True, kw_only=True)
class EngineFlags:
    """Where jobs run."""

    engine: str = "local"  # local: processes of this machine; ray: a cluster, see docs/scale-out.md
    address: str | None = None  # --engine ray: the cluster's head, HOST:PORT; one is started here where it is not given
    cells_per_gpu: int = 1  # --engine ray with --device cuda: so many cells share a GPU
    cell_timeout: float | None = None  # seconds after which a cell is ended, and named as failed
    cell_memory: str | None = None  # as 4GiB: a cell that uses more is ended, and named as failed
    cores: int | None = None  # --dry-run: estimate the time on so many processors

    def check_engine(self, device: str, dry_run: bool) -> None:
        """UsageError for flags that do not fit together, or whose package is missing. Call it before any work."""
        if self.cores is not None and not dry_run:
            raise UsageError("--cores belongs to --dry-run; --jobs says how many cells run at once")
        look_up(dict.fromkeys(ENGINES), self.engine, "engine")
        if self.engine != "ray":
            for name in ("address", "cells_per_gpu"):
                if getattr(self, name) != getattr(EngineFlags, name):
                    raise UsageError(f"--{name.replace('_', '-')} has no meaning without --engine ray")
        else:
            if not dry_run:
                require_ray()
                if self.address is not None:
                    check_address(self.address)
            if device not in ("cpu", "cuda"):
                raise UsageError(f"--device is cpu or cuda with --engine ray, which chooses the GPU, not {device}")
        if self.engine == "local" and not dry_run:
            check_device(device)
        for name in ("cells_per_gpu", "cores"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise UsageError(f"--{name.replace('_', '-')} must be at least 1, not {value}")
        if self.cell_timeout is not None and not 0 < self.cell_timeout < float("inf"):
            raise UsageError(f"--cell-timeout must be more than 0 seconds, not {self.cell_timeout:g}")
        self.memory_bytes()

    def memory_bytes(self) -> int | None:
        """--cell-memory in bytes. UsageError for what is no size, or too small for any cell."""
        if self.cell_memory is None:
            return None
        found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*([KMG]i?B|)", self.cell_memory.strip())
        if found is None:
            raise UsageError(f"--cell-memory takes a size, as 4GiB or 500MB, not {self.cell_memory!r}")
        size = int(float(found[1]) * UNITS[found[2]])
        if size < LEAST_MEMORY:
            raise UsageError(f"--cell-memory must be at least 512MiB, which a worker needs, not {self.cell_memory}")
        if self.engine == "local" and sys.platform != "linux":
            raise UsageError("--cell-memory needs Linux, which says how much memory a process has")
        return size

    def execution(self, at_once: int, device: str, jobs: int | None) -> Execution:
        """How jobs are run. `jobs`: the flag --jobs."""
        start: StartEngine = Pool
        if self.engine == "ray":
            start = partial(RayEngine, address=self.address, cells_per_gpu=self.cells_per_gpu, most=jobs)
        return Execution(at_once, device, self.cell_timeout, self.memory_bytes(), start)

    def processors(self, jobs: int | None, dry_run: bool) -> int:
        """How many jobs run at once: --cores in a dry run, else --jobs, else all processors of this machine."""
        return (self.cores if dry_run else None) or jobs or available_processors()
