"""A judgement from the candidate's file to its verdict: the kit, the open tasks, then looks at the hidden ones.

All that it computes lies in cells, so a judgement that was killed goes on from there, to the same verdict.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from algorithms.conformance.estimator import examine
from algorithms.variant import Variant
from benchmarks.design.cell import Cell
from benchmarks.design.experiment import Outcome
from benchmarks.execution import runner
from benchmarks.execution.adaptive import variants_with_other_losses
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.execution.jobs import CellJob
from benchmarks.judging.candidate import Candidate
from benchmarks.judging.cells import experiment_of, hidden_cells, open_cells, stages_of
from benchmarks.judging.decision import Judgement
from benchmarks.judging.hidden import Hidden
from benchmarks.judging.protocol import Protocol
from benchmarks.judging.released import is_released, runs_of
from benchmarks.judging.tuning import Scores, chosen_rates, scores_of_rates
from benchmarks.loading.suites import build_suite, read_folder
from benchmarks.statistics.comparisons import Pair, seed_differences
from benchmarks.store.curves import BLOCK
from benchmarks.store.file_names import file_safe
from benchmarks.store.suite import Suite
from benchmarks.validation.usage import WorkFailed, describe_error
from envs.api import Task

FOLDER = "judge"  # under --results


@dataclass(frozen=True)
class Case:
    """What is to be judged, on what, and against whom."""

    candidate: Candidate
    rivals: tuple[Variant, ...]
    open_tasks: tuple[Task, ...]
    hidden: Hidden
    protocol: Protocol
    results: Path

    @property
    def name(self) -> str:
        """The candidate's."""
        return self.candidate.variant.name

    @property
    def contestants(self) -> tuple[Variant, ...]:
        return (self.candidate.variant, *self.rivals)

    @cached_property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        """Names of the rivals, in the order in which they are met."""
        return stages_of(self.hidden, self.candidate.variant, self.rivals, self.protocol)

    @property
    def pool(self) -> Path:
        """Holds the cells of all judgements: what a rival has done once serves all candidates."""
        return self.results / FOLDER

    @property
    def folder(self) -> Path:
        """Of the verdict on this candidate, under this draw, protocol and against these rivals."""
        named = [self.hidden.draw, [rival.name for rival in self.rivals], asdict(self.protocol)]
        key = hashlib.sha256(json.dumps(named).encode()).hexdigest()[:12]
        return self.pool / f"{file_safe(self.candidate.variant.name)}-{key}"


@dataclass
class Found:
    """What was found; `broken` are the reasons for which the candidate is no estimator to compare.

    released  rivals whose runs on the open tasks are those of open_runs.csv
    """

    broken: list[str] = field(default_factory=list)
    rules: int = 0
    scores: Scores = field(default_factory=dict)
    released: list[str] = field(default_factory=list)
    rates: dict[str, float] = field(default_factory=dict)
    judgement: Judgement | None = None
    suite: Suite | None = None
    lost_runs: int = 0


def judge(case: Case, execution: Execution) -> Found:
    """Everything up to the verdict. WorkFailed where a rival cannot be trained."""
    found = Found()
    _examine(case, found)
    if not found.broken:
        _compare(case, found, execution)
    return found


def _examine(case: Case, found: Found) -> None:
    """Hold the candidate to the rules and to its own promises."""
    variant = case.candidate.variant
    try:
        findings = examine(variant.estimator, variant.promises)
    except Exception as error:
        found.broken.append(f"the conformance kit cannot compute it: {describe_error(error).splitlines()[0]}")
        return
    found.rules = len(findings)
    found.broken += [f"{one.rule}: {one.detail}" for one in findings if not one.holds]


def _select_rates(case: Case, found: Found, execution: Execution, contestants: Sequence[Variant]) -> None:
    """Give each of these contestants one rate, from the open tasks."""
    cells = open_cells(case.open_tasks, contestants, case.protocol)
    outcome = _train(case, to_train(case, cells), execution, found)
    if found.broken:
        return
    frames = [read_folder(outcome.paths, case.pool)[0]] if outcome.paths else []
    if len(released := runs_of([cell for cell in cells if cell.algorithm.name != case.name])):
        frames.append(released)
        found.released += [v.name for v in contestants if v.name in set(released["variant"])]
    scores = scores_of_rates(pd.concat(frames), {task.name: task.scale for task in case.open_tasks})
    found.scores |= scores
    found.rates |= chosen_rates(scores)
    if case.name not in found.rates:
        found.broken.append("no learning rate keeps it finite on the open tasks")
    for variant in contestants:
        if variant.name in found.rates:
            print(f"open tasks: {variant.name} at learning rate {found.rates[variant.name]:g}", file=sys.stderr)
        elif variant.name != case.name:
            raise WorkFailed(f"no learning rate keeps {variant.name} finite on the open tasks, so it is no rival")


def _compare(case: Case, found: Found, execution: Execution) -> None:
    protocol, name = case.protocol, case.name
    judgement = found.judgement = Judgement(case.stages, protocol.looks, protocol.alpha, protocol.margin)
    by_name = {variant.name: variant for variant in case.contestants}
    cells: dict[str, Cell] = {}
    while judgement.outcome is None and not found.broken:
        playing = [by_name[n] for n in (name, *judgement.undecided)]
        if unrated := [variant for variant in playing if variant.name not in found.rates]:
            _select_rates(case, found, execution, unrated)
        if found.broken:
            return
        new = hidden_cells(case.hidden, playing, found.rates, judgement.taken + 1, protocol)
        cells |= {cell.file_name: cell for cell in new}
        outcome = _train(case, list(cells.values()), execution, found)
        if found.broken:
            return
        frame, _, metas = read_folder(outcome.paths, case.pool)
        suite = found.suite = build_suite(experiment_of(case.hidden.tasks, case.contestants), frame, metas)
        _check_losses(case, found, suite)
        if found.broken:
            return
        tasks = list(suite.scales)
        rivals = judgement.undecided
        differences = {r: seed_differences(suite, Pair(name, r), tasks).to_numpy(float) for r in rivals}
        lost = {r for r in rivals if variants_with_other_losses(suite, [r], name)}
        number = judgement.taken + 1
        judgement.look(differences, lost)
        said = ", ".join(f"{r}: {judgement.standings[r].decision}" for r in rivals)
        print(f"look {number} of {judgement.looks}, {number * BLOCK} seeds: {said}", file=sys.stderr)


def _check_losses(case: Case, found: Found, suite: Suite) -> None:
    """The candidate is broken where too many of its runs are lost; a rival without a mean cannot be compared with."""
    name = case.name
    curves = [suite.curves[task, name] for task in suite.scales]
    found.lost_runs, runs = sum(int(c.lost.sum()) for c in curves), sum(len(c.lost) for c in curves)
    if found.lost_runs > case.protocol.lost * runs:
        found.broken.append(f"{found.lost_runs} of {runs} hidden runs diverged or have no finite return")
    for task, variant in suite.without_mean:
        if variant != name:
            raise WorkFailed(f"all seeds of the rival {variant} diverged on {task}; name others by --against")


def _train(case: Case, cells: Sequence[Cell], execution: Execution, found: Found) -> Outcome:
    """Train the cells that have no result. A failure of the candidate's breaks it, one of a rival's ends the judgement."""
    jobs = jobs_of(cells, case.pool, execution.device)
    outcome = runner.run(jobs, case.pool, execution)
    own = [job.label for job in jobs if job.cell.algorithm.name == case.name]
    for failure in sorted(outcome.failures):
        if not any(failure.startswith(f"{label}:") for label in own):
            raise WorkFailed(f"a rival could not be trained: {failure}")
        found.broken.append(f"it cannot be trained: {failure.splitlines()[0]}")
    return outcome


def to_train(case: Case, cells: Sequence[Cell]) -> list[Cell]:
    """Open cells without those that are released: the candidate's are always trained."""
    return [cell for cell in cells if cell.algorithm.name == case.name or not is_released(cell)]


def jobs_of(cells: Sequence[Cell], folder: Path, device: str = "cpu") -> list[CellJob]:
    """The cells as jobs of a folder."""
    return [CellJob(cell, runner.cell_path(folder, cell), device) for cell in cells]
