"""The jobs that an engine runs here: the training of a cell, and a measurement of gradients."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from algorithms.training.records import Progress
from benchmarks.design.cell import Cell
from benchmarks.design.gradient_experiment import Measurement
from benchmarks.execution.cost import CELL_S, measurement_seconds
from benchmarks.execution.engine import Message, OnEvent, Origin, total_steps
from benchmarks.execution.sinks.live import LiveLogs
from benchmarks.execution.train_cell import run_cell
from benchmarks.store.cells import same_rows
from benchmarks.store.sources import read_cell, read_measurement

COPIES = "copies"  # folder of second copies, beside that of the cells


def second_path(path: Path) -> Path:
    """The result file of a second copy."""
    return path.parent.parent / COPIES / path.name


@dataclass(frozen=True)
class CellJob:
    """The training of a cell; `policies` is a folder for what its members have learned."""

    cell: Cell
    path: Path
    device: str = "cpu"
    policies: Path | None = None

    @property
    def label(self) -> str:
        return self.cell.label

    @property
    def seeds(self) -> tuple[int, ...]:
        return self.cell.members.seeds

    @property
    def member_steps(self) -> int:
        return self.cell.env_steps if self.cell.algorithm.learns else 0

    @property
    def expected_seconds(self) -> float:
        return CELL_S + self.cell.algorithm.expected_seconds(self.cell)

    @property
    def computes_on(self) -> str:
        return self.cell.algorithm.device(self.device)

    def run(self, on_event: OnEvent, origin: Origin) -> None:
        run_cell(self.cell, self.path, self.device, on_event, dict(origin), self.policies)

    def second(self) -> CellJob | None:
        return replace(self, path=second_path(self.path)) if self.cell.algorithm.repeatable else None

    def same_numbers(self, other: Path) -> bool:
        return same_rows(read_cell(self.path), read_cell(other))

    def log(self, live: LiveLogs, message: Message) -> None:
        for record in message.records:
            live.record(self.cell, record)
        if message.ended or message.lost:
            live.ended(self.cell)


@dataclass(frozen=True)
class MeasurementJob:
    """A measurement; its replicates are its seeds."""

    measurement: Measurement
    path: Path

    @property
    def label(self) -> str:
        return self.measurement.label

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(range(self.measurement.replicates))

    @property
    def member_steps(self) -> int:
        return self.measurement.env_steps

    @property
    def expected_seconds(self) -> float:
        return measurement_seconds(self.measurement)

    @property
    def computes_on(self) -> str:
        return "cpu"

    def run(self, on_event: OnEvent, origin: Origin) -> None:
        steps, budget = self.measurement.env_steps, total_steps(self)
        self.measurement.write(self.path, origin, lambda drawn: on_event(Progress(drawn * steps, budget)))

    def second(self) -> MeasurementJob | None:
        return replace(self, path=second_path(self.path))

    def same_numbers(self, other: Path) -> bool:
        here, there = (json.dumps(read_measurement(path)["found"]) for path in (self.path, other))
        return here == there

    def log(self, live: LiveLogs, message: Message) -> None:
        """A measurement has no learning curve."""
