"""`run --adaptive`: adds blocks of seeds for undecided variants, until all are decided or a limit is reached."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.design.cell import Cell
from benchmarks.design.cells import build_cells
from benchmarks.design.experiment import ComparisonExperiment, Outcome
from benchmarks.design.scales import check_averaged
from benchmarks.loading.suites import SEQUENTIAL, build_suite, read_folder
from benchmarks.statistics import sequential
from benchmarks.statistics.comparisons import Pair, one_sided_losses
from benchmarks.statistics.sequential import SequentialDecision
from benchmarks.store.curves import BLOCK
from benchmarks.store.suite import Suite
from envs.api import Doubles
from envs.files.writing import write_text
from envs.validation import UsageError

TrainCells = Callable[[list[Cell]], Outcome]


@dataclass(frozen=True)
class SequentialPlan:
    """All variants are compared with `baseline` on at most `cap` seeds; differences below `margin` count as none."""

    experiment: ComparisonExperiment  # its tasks and variants are the things themselves
    baseline: str  # one of them that learns
    cap: int
    margin: float
    alpha: float
    env_steps: int | None

    def __post_init__(self) -> None:
        if self.cap < BLOCK or self.cap % BLOCK:
            raise UsageError(f"--max-seeds must be a multiple of {BLOCK}, {BLOCK} or more, not {self.cap}")
        if not self.margin > 0:
            raise UsageError(f"--margin must be greater than 0, not {self.margin}")
        check_averaged(self.experiment.own_tasks, "--adaptive")

    def cells(self, seeds: int, names: set[str]) -> list[Cell]:
        """The cells of so many seeds of these variants."""
        tasks = list(self.experiment.own_tasks)
        chosen = [v for v in self.experiment.own_variants if v.name in names]
        return build_cells(replace(self.experiment, seeds=seeds, seeds_by_variant={}), tasks, chosen, self.env_steps)


def run(plan: SequentialPlan, train: TrainCells, folder: Path) -> Outcome:
    """Train until all is decided; writes the decisions to `folder`/adaptive.json, for the report."""
    looks = plan.cap // BLOCK
    decided: dict[str, SequentialDecision] = {}
    undecided = {v.name for v in plan.experiment.own_variants}
    cells: dict[str, Cell] = {}
    lowest_p: dict[str, float] = {}  # each variant's corrected p, over the looks so far
    for number, level in enumerate(sequential.levels(looks, plan.alpha), 1):
        seeds = number * BLOCK
        cells |= {c.file_name: c for c in plan.cells(seeds, undecided | {plan.baseline})}
        outcome = train(list(cells.values()))
        frame, _, metas = read_folder(outcome.paths, folder)
        suite = build_suite(plan.experiment, frame, metas)
        without_mean = _without_mean(suite)
        if plan.baseline in without_mean:
            undecided -= {plan.baseline}
            print(
                f"look {number} of {looks}: all seeds of {plan.baseline} diverged, so nothing is decided",
                file=sys.stderr,
            )
            _save(plan, suite, decided, undecided - without_mean, seeds, lowest_p, folder)
            break
        undecided_learners = [
            v for v in suite.learners if v in undecided and v != plan.baseline and v not in without_mean
        ]
        differences = {v: _differences(suite, v, plan.baseline) for v in undecided_learners}
        new = sequential.look(
            differences, float(level), plan.margin, variants_with_other_losses(suite, undecided_learners, plan.baseline)
        )
        for v, p in sequential.adjusted(differences, float(level), plan.alpha).items():
            lowest_p[v] = min(p, lowest_p.get(v, 1.0))
        decided |= new
        undecided = {v for v in undecided_learners if v not in new}
        decisions = ", ".join(f"{v} {d.kind}" for v, d in new.items()) or "nothing new"
        print(f"look {number} of {looks}, {seeds} seeds: {decisions}; {len(undecided)} undecided", file=sys.stderr)
        _save(plan, suite, decided, undecided, seeds, lowest_p, folder)
        if not undecided or outcome.failures:
            break
    return outcome


def _without_mean(suite: Suite) -> set[str]:
    """Variants whose members all diverged on one of their tasks: they have no mean over tasks and get no more seeds."""
    return {variant for _, variant in suite.without_mean}


def _differences(suite: Suite, variant: str, baseline: str) -> Doubles:
    """Variant minus baseline: each shared seed's mean over the tasks that both have."""
    b, a = (suite.final(v, suite.tasks(variant, baseline)).mean(axis=1) for v in Pair(variant, baseline))
    return (b - a).dropna().to_numpy(float)


def variants_with_other_losses(suite: Suite, variants: Sequence[str], baseline: str) -> set[str]:
    """Variants that lost different runs than the baseline on shared tasks."""
    pairs = (Pair(v, baseline) for v in variants)
    return {pair.b for pair in pairs if any(one_sided_losses(suite, pair, suite.tasks(*pair)))}


def _save(
    plan: SequentialPlan,
    suite: Suite,
    decided: dict[str, SequentialDecision],
    undecided: set[str],
    seeds: int,
    corrected: dict[str, float],
    folder: Path,
) -> None:
    """Write adaptive.json. p_corrected: for variants and looks; below alpha where a difference was decided."""
    rows: list[dict[str, object]] = [
        {"variant": v, "decision": d.kind, "seeds": d.seeds, "difference": d.difference, "p": d.p}
        for v, d in decided.items()
    ]
    without_mean = _without_mean(suite)
    lost = {"decision": "no mean: all seeds diverged", "seeds": seeds, "difference": None, "p": None}
    rows += [{"variant": v, **lost} for v in suite.learners if v in without_mean and v not in decided]
    for v in sorted(undecided - without_mean) if plan.baseline not in without_mean else ():
        mean = float(_differences(suite, v, plan.baseline).mean())
        rows.append({"variant": v, "decision": "undecided", "seeds": seeds, "difference": mean, "p": None})
    for row in rows:
        row["p_corrected"] = corrected.get(str(row["variant"]))
    document = {
        "baseline": plan.baseline, "cap": plan.cap, "margin": plan.margin, "unit": suite.unit, "alpha": plan.alpha,
        "decisions": rows,
    }  # fmt: skip
    write_text(folder / SEQUENTIAL, json.dumps(document, indent=1) + "\n")
