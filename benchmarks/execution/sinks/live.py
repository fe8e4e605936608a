"""Live logs of the cells in progress, to any number of sinks. A sink that fails is left out; a run never ends for it."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from algorithms.training.records import Record
from benchmarks.design.cell import Cell, run_name
from benchmarks.design.identity import canonical
from benchmarks.execution.sinks.sink import LoggedRun, OpenRun, Sink
from benchmarks.execution.sinks.tensorboard import TensorBoard
from benchmarks.execution.sinks.trackio import Trackio
from benchmarks.execution.sinks.wandb import WeightsAndBiases
from benchmarks.store.file_names import file_safe
from envs.validation import look_up

SINKS: dict[str, Callable[[Path], Sink]] = {
    "tensorboard": TensorBoard,
    "trackio": Trackio,
    "wandb": WeightsAndBiases,
}


def make_sinks(names: Sequence[str], folder: Path) -> list[Sink]:
    """The sinks of these names, which write under `folder`. UsageError for an unknown name or a missing package."""
    return [look_up(SINKS, name, "log")(folder) for name in dict.fromkeys(names)]


class LiveLogs:
    """Use as a context; feed it every Record, and say when a cell has ended.

    A run in a tracker is always whole: a cell that begins again, after a kill or a worker's death, sends all of its
    records anew, those of its RunState among them, and they take the place of what was written before.
    """

    def __init__(self, sinks: Sequence[Sink], experiment: str) -> None:
        self._project = file_safe(experiment)
        self._logs = [_GuardedSink(sink) for sink in sinks]

    def __enter__(self) -> LiveLogs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for log in self._logs:
            log.close()

    def record(self, cell: Cell, record: Record) -> None:
        """One member at one checkpoint; what is NaN (a member that diverged, a greedy score not taken) is left out."""
        scores = {"score/return": record.eval_return, "score/greedy": record.eval_return_greedy}
        values = scores | {f"measures/{name}": value for name, value in record.measures.items()}
        finite = {tag: float(value) for tag, value in values.items() if math.isfinite(value)}
        if not finite:
            return
        name = run_name(cell, record.seed, record.learning_rate)
        for log in self._logs:
            log.write(name, lambda: self._run(cell, record, name), record.env_steps, finite)

    def ended(self, cell: Cell) -> None:
        """Close the cell's runs. Records that come later are of runs that begin again."""
        names = [run_name(cell, s, r) for s, r in zip(cell.members.seeds, cell.members.rates, strict=True)]
        for log in self._logs:
            log.close(names)

    def _run(self, cell: Cell, record: Record, name: str) -> LoggedRun:
        scale = cell.task.scale
        varied = {path: values[record.member] for path, values in cell.members.varied}
        config = {
            "task": cell.task.name,
            "variant": cell.algorithm.name,
            "seed": record.seed,
            "learning_rate": record.learning_rate,
            "budget": cell.env_steps,
            "cell": cell.digest,
            "floor": scale.floor,
            "ceiling": scale.ceiling,
            "algorithm": canonical(cell.algorithm),
            "training": canonical(cell.training),
        }
        return LoggedRun(self._project, name, f"{cell.task.name} x {cell.algorithm.name}", {**config, **varied})


class _GuardedSink:
    """A sink and its open runs. Its first error is said on standard error, and is its end."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._runs: dict[str, OpenRun] = {}
        self._last: dict[str, int] = {}  # the last step of each open run
        self._failed = False

    def write(self, name: str, describe: Callable[[], LoggedRun], step: int, values: Mapping[str, float]) -> None:
        if self._failed:
            return
        try:
            if step <= self._last.get(name, -1):  # begun again, by a second copy of its job
                self.close([name])
            if name not in self._runs:
                self._runs[name] = self._sink.open(describe())
            self._runs[name].write(step, values)
            self._last[name] = step
        except Exception as error:  # whatever a tracker raises: a full disk, another version, a network that is gone
            self._fail(error)

    def close(self, names: Sequence[str] | None = None) -> None:
        """Close the runs of these names, or all."""
        for name in list(self._runs) if names is None else names:
            self._last.pop(name, None)
            run = self._runs.pop(name, None)
            if run is None:
                continue
            try:
                run.close()
            except Exception as error:
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self._failed:
            line = " ".join(str(error).split())
            print(
                f"--log {self._sink.name}: {type(error).__name__}: {line}; the run goes on without it", file=sys.stderr
            )
        self._failed = True
