"""TensorBoard: a folder a run.

<folder>/tensorboard/<experiment>/<task>__<variant>__seed<k>[__rate<r>]/events.out.tfevents.*
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.execution.sinks.sink import LoggedRun, package


class TensorBoard:
    """See execution.sinks.sink.Sink. Groups are in the names of the folders, which a regular expression can select."""

    name = "tensorboard"

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "tensorboard"
        self._make = package("torch.utils.tensorboard", self.name, "tensorboard").SummaryWriter

    @property
    def hint(self) -> str:
        return f"tensorboard --logdir {self._folder}"

    def open(self, run: LoggedRun) -> _Run:
        return _Run(self._make, str(self._folder / run.project / run.name))


class _Run:
    """The events of one run. Its first file overrules older ones from its first step on."""

    def __init__(self, make: Any, folder: str) -> None:
        self._make, self._folder = make, folder
        self._writer: Any = None

    def write(self, step: int, values: Mapping[str, float]) -> None:
        if self._writer is None:
            self._writer = self._make(self._folder, purge_step=step)
        for tag, value in values.items():
            self._writer.add_scalar(tag, value, step)
        self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
