"""Live logs on request: what a running cell has yielded, as TensorBoard scalars, a run a member.

    <folder>/<experiment>/<task>__<variant>__seed<k>[__rate<r>]/events.out.tfevents.*
    tags    score/return, score/greedy, measures/<name>     step    env_steps of the member     time    when it was written

They are not results: the cell's Parquet file holds all of their contents. The package `tensorboard` is needed
only here.
"""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from types import TracebackType
from typing import Any

from algorithms.training.records import Record
from benchmarks.design.cell import Cell, run_name
from benchmarks.store.file_names import file_safe
from envs.validation import UsageError

MISSING = "--tensorboard needs the package tensorboard: pip install tensorboard"


def check() -> Any:
    """The class that writes event files. UsageError where it cannot be imported. Call it before any work."""
    try:
        return importlib.import_module("torch.utils.tensorboard").SummaryWriter
    except ImportError as error:
        raise UsageError(MISSING) from error


class Live:
    """Event files of the cells in progress. Use as a context; feed it every Record, and say when a cell has ended.

    A run that is begun again takes the place of its earlier events from its first step on. A resumed cell writes only new
    records: the records before its State are in the event files of the process that was killed, if it kept any.
    """

    def __init__(self, folder: Path, experiment: str) -> None:
        self.folder = folder / file_safe(experiment)
        self._make = check()
        self._writers: dict[str, Any] = {}
        self._begun: set[str] = set()

    def __enter__(self) -> Live:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(list(self._writers))

    def record(self, cell: Cell, record: Record) -> None:
        """One member at one checkpoint; what is NaN (a member that diverged, a greedy score not taken) is left out."""
        scores = {"score/return": record.eval_return, "score/greedy": record.eval_return_greedy}
        values = scores | {f"measures/{name}": value for name, value in record.measures.items()}
        values = {tag: value for tag, value in values.items() if math.isfinite(value)}
        if not values:
            return
        writer = self._writer(run_name(cell, record.seed, record.learning_rate), record.env_steps)
        for tag, value in values.items():
            writer.add_scalar(tag, value, record.env_steps)
        writer.flush()

    def ended(self, cell: Cell, again: bool = False) -> None:
        """Close the cell's files; records that come later open others. `again`: they take the place of earlier events."""
        names = [run_name(cell, s, r) for s, r in zip(cell.members.seeds, cell.members.rates, strict=True)]
        self._close(names)
        if again:
            self._begun.difference_update(names)

    def _writer(self, name: str, step: int) -> Any:
        if name not in self._writers:
            # only the first file of a run in this process may overrule an earlier one
            purge = None if name in self._begun else step
            self._writers[name] = self._make(str(self.folder / name), purge_step=purge)
            self._begun.add(name)
        return self._writers[name]

    def _close(self, names: list[str]) -> None:
        for name in names:
            if writer := self._writers.pop(name, None):
                writer.close()
