"""10,000 cells on 1,000 cores: the dispatcher that runs, on an engine and a clock that are simulated.

    python -m docs._scripts.cluster_simulation results/reference

writes results/reference/cluster_simulation.csv, which the table of docs/slurm.md is made of.

Cells take the seconds that released cells took, drawn with replacement, and are expected to take them up to a factor. A node
is lost at random, and another takes its place at once: of the cell on it only what its RunState holds remains.
"""

from __future__ import annotations

import heapq
import sys
import tempfile
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import numpy as np
import pandas as pd

from algorithms.training.records import Progress
from benchmarks.execution.dispatch import dispatcher as module
from benchmarks.execution.dispatch.dispatcher import Dispatcher
from benchmarks.execution.engine import Job, Message
from benchmarks.store.packed import read_table

FILE = "cluster_simulation.csv"
CELLS, CORES = 10_000, 1_000
LOOK_EVERY_S = 10.0  # of the dispatcher at running jobs; it is 1 s in a real run, and nothing here depends on it
STATE_EVERY_S = 60.0  # and a cell says how far it is as often
STEPS_A_SECOND = 1000
NOISE = 0.3  # standard deviation of the log of a cell's seconds over what was expected
SLOW_SHARE, SLOW_FACTOR = 0.02, 3.0


@dataclass(frozen=True)
class Scenario:
    """What happens. failures: lost nodes an hour, of all of them together."""

    longest_first: bool = True
    slow_nodes: bool = False
    failures: float = 0.0
    copies: bool = True
    states: bool = True


SCENARIOS = (
    Scenario(),
    Scenario(longest_first=False),
    Scenario(slow_nodes=True, copies=False),
    Scenario(slow_nodes=True),
    Scenario(failures=60, states=False),
    Scenario(failures=60),
    Scenario(failures=600, states=False),
    Scenario(failures=600),
    Scenario(slow_nodes=True, failures=60),
)


@dataclass(frozen=True)
class Piece:
    """A job of so many seconds."""

    path: Path
    seconds: float
    expected_seconds: float
    repeatable: bool
    seeds: tuple[int, ...] = (0,)
    member_steps: int = 0
    computes_on: str = "cpu"

    @property
    def label(self) -> str:
        return self.path.name

    def run(self, on_event: object, origin: object) -> None:
        raise NotImplementedError("it is simulated")

    def log(self, live: object, message: Message) -> None:
        return

    def second(self) -> Piece | None:
        return replace(self, path=self.path.parent.parent / "copies" / self.path.name) if self.repeatable else None

    def same_numbers(self, other: Path) -> bool:
        return True


@dataclass
class Cluster:
    """An engine of one-core nodes, and its clock.

    slowness  of each node      lost_at  when the next node is lost
    saved     seconds of work that RunStates hold, by result
    """

    slowness: Sequence[float]
    failures: float
    states: bool
    rng: np.random.Generator
    one_machine: bool = False
    now: float = 0.0
    jobs: list[Job] = field(default_factory=list)
    waiting: deque[int] = field(default_factory=deque)
    not_on: dict[int, Collection[str]] = field(default_factory=dict)  # job -> nodes that it must not go to
    running: dict[int, tuple[int, float]] = field(default_factory=dict)  # job -> node, and when it began
    events: list[tuple[float, bool, int]] = field(default_factory=list)  # when, whether it is a job's end, job
    saved: dict[Path, float] = field(default_factory=dict)
    outbox: list[Message] = field(default_factory=list)
    lost_at: float = float("inf")

    def __post_init__(self) -> None:
        self.free = list(range(len(self.slowness)))
        self._draw_loss()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    @property
    def slots(self) -> int:
        return len(self.slowness)

    @property
    def window(self) -> int:
        return 2 * self.slots

    def monotonic(self) -> float:
        """The simulated clock."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.now += seconds

    def machine(self, index: int) -> str | None:
        return str(self.running[index][0]) if index in self.running else None

    def elsewhere(self, not_on: Collection[str]) -> bool:
        return len(not_on) < self.slots

    def submit(self, job: Job, not_on: Collection[str] = ()) -> int:
        """Queue a job; a second copy begins from the RunState of the first, as the dispatcher copies it."""
        first = next((i for i in self.running if self.jobs[i].label == job.label), None) if not_on else None
        if first is not None and self.states:
            self.saved[job.path] = self._saved_by_now(first)
        self.jobs.append(job)
        self.waiting.append(len(self.jobs) - 1)
        self.not_on[len(self.jobs) - 1] = not_on
        self._start()
        return len(self.jobs) - 1

    def cancel(self, index: int) -> None:
        if index in self.running:
            self.free.append(self.running.pop(index)[0])
        else:
            self.waiting.remove(index)
        self._start()

    def receive(self, wait_s: float) -> list[Message]:
        until = self.now + wait_s
        while not self.outbox:
            when = min(self.lost_at, self.events[0][0] if self.events else float("inf"))
            if when > until:
                self.now = until
                break
            self.now = when
            if when == self.lost_at:
                self._lose_node()
            else:
                self._act(heapq.heappop(self.events))
        messages, self.outbox = self.outbox, []
        return messages

    def _start(self) -> None:
        while self.free and self.waiting:
            index = self.waiting.popleft()
            node = next((n for n in reversed(self.free) if str(n) not in self.not_on[index]), None)
            if node is None:  # it waits for another node
                self.waiting.append(index)
                return
            self.free.remove(node)
            job: Any = self.jobs[index]
            self.running[index] = node, self.now
            left = job.seconds - self.saved.get(job.path, 0.0)
            heapq.heappush(self.events, (self.now + left * self.slowness[node], True, index))
            self._say(index)

    def _act(self, event: tuple[float, bool, int]) -> None:
        _, ends, index = event
        if index not in self.running:
            return
        if ends:
            self.free.append(self.running.pop(index)[0])
            self.outbox.append(Message(index, ended=True))
            self._start()
        else:
            self._say(index)

    def _say(self, index: int) -> None:
        """How far a job is, now and again later."""
        job: Any = self.jobs[index]
        node, began = self.running[index]
        saved = self._saved_by_now(index) if self.states else 0.0
        done = self.saved.get(job.path, 0.0) + (self.now - began) / self.slowness[node]
        steps = [round(STEPS_A_SECOND * s) for s in (done, job.seconds, saved)]
        self.outbox.append(Message(index, Progress(steps[0], steps[1], saved=steps[2])))
        heapq.heappush(self.events, (self.now + STATE_EVERY_S, False, index))

    def _lose_node(self) -> None:
        """A node is lost. Where a cell was on it, its RunState, if any, holds the work up to the last whole minute."""
        self._draw_loss()
        node = int(self.rng.integers(self.slots))
        index = next((i for i, (n, _) in self.running.items() if n == node), None)
        if index is None:
            return
        if self.states:
            self.saved[self.jobs[index].path] = self._saved_by_now(index)
        del self.running[index]
        self.free.append(node)
        self.outbox.append(Message(index, ended=True, lost="is gone", node=True))
        self._start()

    def _saved_by_now(self, index: int) -> float:
        """Seconds of work that the RunState of a running job holds."""
        node, began = self.running[index]
        done = (self.now - began) // STATE_EVERY_S * STATE_EVERY_S / self.slowness[node]
        return self.saved.get(self.jobs[index].path, 0.0) + done

    def _draw_loss(self) -> None:
        self.lost_at = self.now + self.rng.exponential(3600 / self.failures) if self.failures else float("inf")


def released_seconds(results: Path) -> list[float]:
    """How long each released cell took, in order of their names."""
    seconds: dict[str, float] = {}
    for path in sorted(results.glob("*.cells.parquet")):
        table = read_table(path.with_name(path.name.replace(".cells", "")))
        if "wall_s" in table.column_names:
            ends = table.select(["cell", "wall_s"]).to_pandas().groupby("cell")["wall_s"].max()
            seconds |= {f"{path.name} {cell}": float(s) for cell, s in ends.items() if s > 0}
    return [seconds[name] for name in sorted(seconds)]


def simulate(scenario: Scenario, seconds: Sequence[float], cells: int = CELLS, cores: int = CORES) -> tuple[float, int]:
    """When the last cell ends, in seconds, and how many cells were given up."""
    rng = np.random.default_rng(0)
    true = rng.choice(np.asarray(seconds), cells)
    expected = true * rng.lognormal(0.0, NOISE, cells)
    slow = rng.permutation(cores) < SLOW_SHARE * cores
    slowness = [SLOW_FACTOR if s and scenario.slow_nodes else 1.0 for s in slow]
    order = np.argsort(-expected) if scenario.longest_first else rng.permutation(cells)
    cluster = Cluster(slowness, scenario.failures, scenario.states, rng)
    with tempfile.TemporaryDirectory() as folder, _on_clock(cluster):
        dispatcher = Dispatcher(cluster)
        for i in order:
            dispatcher.submit(
                Piece(Path(folder) / "cells" / f"{i}", float(true[i]), float(expected[i]), scenario.copies)
            )
        failed = sum(1 for message in dispatcher.messages() if message.ended and message.error)
    return cluster.now, failed


@contextmanager
def _on_clock(cluster: Cluster) -> Iterator[None]:
    """Within it the dispatcher reads the cluster's clock."""
    with patch.object(module, "time", cluster), patch.object(module, "TICK_S", LOOK_EVERY_S):
        yield


def table(seconds: Sequence[float]) -> pd.DataFrame:
    """A row a scenario."""
    rows = []
    for scenario in SCENARIOS:
        end, failed = simulate(scenario, seconds)
        rows.append({**scenario.__dict__, "hours": end / 3600, "given_up": failed})
    return pd.DataFrame(rows)


def stored(results: Path) -> pd.DataFrame:
    """The table that was written."""
    return pd.read_csv(results / FILE)


def markdown(rows: pd.DataFrame) -> str:
    """The table of the documentation."""
    lines = [
        "| order | slow nodes | nodes lost an hour | second copies | RunStates | all done after | given up |",
        "|---|---|---:|---|---|---:|---:|",
    ]
    for row in rows.to_dict("records"):
        yes = {name: "yes" if row[name] else "no" for name in ("slow_nodes", "copies", "states")}
        order = "longest first" if row["longest_first"] else "random"
        lines.append(
            f"| {order} | {yes['slow_nodes']} | {row['failures']:.0f} | {yes['copies']} | {yes['states']} | "
            f"{row['hours'] * 60:.0f} min | {row['given_up']} |"
        )
    return "\n".join(lines)


def main(results: Path) -> None:
    """Simulate every scenario and write the table."""
    table(released_seconds(results)).to_csv(results / FILE, index=False, float_format="%.4f")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
