"""A cell, two of its records, and a sink that keeps what it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from algorithms import VARIANTS
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members, Record
from benchmarks.design.cell import Cell
from benchmarks.design.resolve import resolve
from benchmarks.execution.sinks.sink import LoggedRun
from envs import TASKS

NAN = float("nan")
FIRST = Record(0, 0.01, 0, 0.0, 0, 0, 0.0, 0.25, NAN, False, {"entropy": 1.5, "ratio": NAN})
LATER = replace(
    FIRST, checkpoint=1, env_steps=640, eval_return=0.75, eval_return_greedy=0.875, measures={"entropy": 0.5}
)


def cell(seeds: tuple[int, ...] = (0, 1), rates: tuple[float, ...] = (0.01, 0.01)) -> Cell:
    task, variant = TASKS["bandit/small"], VARIANTS["gae"]
    return Cell(task, variant, resolve(task, variant).training, Members(seeds, rates), 1_000, Evaluation(2, 3))


@dataclass
class Recorder:
    """A sink: the runs that were opened, in order, and the rows of each as it stands; it may fail at a method."""

    name: str = "recorder"
    fails: str = ""
    opened: list[LoggedRun] = field(default_factory=list)
    rows: dict[str, list[tuple[int, dict[str, float]]]] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)

    @property
    def hint(self) -> str:
        return "look here"

    def open(self, run: LoggedRun) -> _Rows:
        self.fail("open")
        self.opened.append(run)
        self.rows[run.name] = []
        return _Rows(self, run.name)

    def fail(self, method: str) -> None:
        if self.fails == method:
            raise OSError("No space left on device")


@dataclass
class _Rows:
    recorder: Recorder
    name: str

    def write(self, step: int, values: Mapping[str, float]) -> None:
        self.recorder.fail("write")
        self.recorder.rows[self.name].append((step, dict(values)))

    def close(self) -> None:
        self.recorder.closed.append(self.name)
        self.recorder.fail("close")
