"""Trains one cell and writes its Parquet file; runs in a worker process."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from algorithms.references.scripted import optimal_texts
from algorithms.training.records import Progress, Record, Trained
from algorithms.training.returns.sampled_return import TextSamples
from algorithms.training.state import RunState
from benchmarks.design.cell import Cell
from benchmarks.design.identity import canonical
from benchmarks.execution.engine import OnEvent
from benchmarks.execution.provenance import provenance
from benchmarks.execution.resume import resumable
from benchmarks.playback.policy_files import save_policies
from benchmarks.store import states
from benchmarks.store.cells import save_cell
from envs.api import Task
from envs.control.limits import declared_limits
from envs.custom.faults import EnvironmentFault
from envs.custom.repeats import NOTICE, is_user_environment, repeats
from envs.files.writing import NotWritten
from envs.language.frontier import frontier_of

SLACK = 1e-5  # of the rounding of a mean of returns in float32


def run_cell(
    cell: Cell,
    path: Path,
    device: str,
    on_event: OnEvent,
    origin: dict[str, object] | None = None,
    policies: Path | None = None,
) -> None:
    """Train the cell and write it to `path`; a RunState in the same folder lets a killed run resume, bit for bit except
    with real actors, as its file says. With a folder for policies, they are written there first."""
    repeating = not is_user_environment(cell.task.factory) or repeats(cell.task.factory)
    once = not cell.algorithm.repeatable or not repeating
    facts = (origin or provenance(device)) | ({"reproducible": False} if once else {})
    if (own := cell.algorithm.device(device)) != device:
        facts = facts | {"device": own}
    log = _CellLog(cell, on_event)
    if not repeating:
        log.note(NOTICE)
    if cell.algorithm.learns:
        _train(cell, states.state_path(path), device, log, facts, policies)
    else:
        log.records.extend(event for event in cell.algorithm.train(cell) if isinstance(event, Record))
    check_range(cell.task, log.records)
    meta = {
        "cell": canonical(cell),
        "provenance": facts,
        "reading": report_metadata(cell),
        "notices": log.notices,
    } | texts(cell, log.records)
    save_cell(path, cell.task.name, cell.algorithm.name, log.records, meta)
    states.state_path(path).unlink(missing_ok=True)


class _CellLog:
    """The records and notices of a cell so far; each event is also passed on."""

    def __init__(self, cell: Cell, on_event: OnEvent) -> None:
        self.records: list[Record] = []
        self.notices: list[str] = []
        self._tell = on_event
        self._saved = 0
        self._at = Progress(0, len(cell.members.seeds) * cell.env_steps)

    def add(self, event: Progress | Record) -> None:
        """Add an event of training."""
        if isinstance(event, Record):
            self.records.append(event)
        else:
            self._at = event = replace(event, saved=self._saved)
            if event.notice:
                self.notices.append(event.notice)
        self._tell(event)

    def saved(self) -> None:
        """A RunState holds what has been done by now."""
        self._saved = self._at.env_steps

    def note(self, notice: str) -> None:
        """Something that a reader must know."""
        self.add(replace(self._at, notice=notice))


def _train(
    cell: Cell, state_path: Path, device: str, log: _CellLog, facts: Mapping[str, object], policies: Path | None
) -> None:
    """Train from the RunState at `state_path`, or from the start where there is none, and save the policies."""
    state, records, why = resumable(cell, state_path, device)
    for record in records:  # of the run that was killed: live logs hold whole runs
        log.add(record)
    if why:
        log.note(why)
    trained, written = None, True
    for event in cell.algorithm.train(cell, device, state):
        if isinstance(event, Trained):
            trained = event
            continue
        if not isinstance(event, RunState):
            log.add(event)
            continue
        try:
            states.save_state(state_path, event, log.records, cell.digest)
            log.saved()
            written = True
        except NotWritten as error:  # a full disk, say: the cell can be trained without
            if written:
                log.note(f"{state_path.name} could not be written ({error.reason}); training goes on without it")
            written = False
    members, checkpoints = len(cell.members.seeds), len(cell.evaluation.fractions)
    if cell.race is None and len(log.records) != members * checkpoints:
        raise RuntimeError(
            f"training left {len(log.records)} rows, and {members} members x {checkpoints} checkpoints are "
            f"{members * checkpoints}"
        )
    if policies is not None and trained is not None:
        save_policies(policies, cell, trained, log.records, facts)


def check_range(task: Task, records: list[Record]) -> None:
    """EnvironmentFault where a return lies beyond what the task's author declares, at which intervals are cut."""
    low, high = declared_limits(task.factory)
    slack = SLACK * max(abs(x) for x in (low, high, 1.0) if math.isfinite(x))
    for record in records:
        if record.eval_return < low - slack or record.eval_return > high + slack:
            raise EnvironmentFault(
                f"{task.name}: episodes earned {record.eval_return:.6g} in the mean, and its return_range says "
                f"{low:g} to {high:g}"
            )


def texts(cell: Cell, records: list[Record]) -> dict[str, object]:
    """Samples of a trained text cell, by writer: before and after training, and an optimal policy, from the same starts.

    `text_scores` are there where the task has a reference policy.
    """
    written = [TextSamples(record.texts, record.text_scores) for record in records if record.texts]
    if not written:
        return {"texts": {}}
    samples = {"untrained": written[0], "trained": written[-1], "optimal": optimal_texts(cell.task, cell.members)}
    found: dict[str, object] = {"texts": {writer: some.texts for writer, some in samples.items()}}
    if written[0].scores:
        found["text_scores"] = {writer: some.scores for writer, some in samples.items()}
    return found


def report_metadata(cell: Cell) -> dict[str, object]:
    """The metadata that reports need in addition to a cell's numbers; no number depends on it."""
    task, algorithm, frontier = cell.task, cell.algorithm, frontier_of(cell.task)
    limits = declared_limits(task.factory)
    optional = {
        "frontier": None if frontier is None else frontier.as_json(),
        "return_range": limits.as_json() if limits.known else None,
    }
    needs = f" (needs another {', '.join(algorithm.needs)})" if algorithm.needs else ""
    return {
        "scale": [task.scale.floor, task.scale.ceiling, task.scale.threshold],
        "parent": algorithm.parent,
        "change": algorithm.summary + needs,
        "title": algorithm.title,
        "task_title": task.title,
        "optional": algorithm.exact,
        "learns": algorithm.learns,
        "methods": algorithm.methods._asdict(),
    } | {name: value for name, value in optional.items() if value is not None}
