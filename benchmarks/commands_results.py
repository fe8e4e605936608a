"""The commands that read what lies in results/: one frozen dataclass each, its fields the flags."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from benchmarks.commands import DONE, FAILED, RESULTS, folder_of
from benchmarks.usage import check_folder
from envs.validation import UsageError, look_up

if TYPE_CHECKING:
    from benchmarks.tuning.experiment import Tuning


@dataclass(frozen=True)
class Report:
    """Write the report of the cells that an experiment has on disk; trains nothing."""

    experiment: Annotated[str, tyro.conf.Positional]
    results: Path = RESULTS
    smoke: bool = False  # of the smoke run
    baseline: str | None = None  # whom all others are held against; the experiment's own where it is not given
    figures: str = "svg,pdf,png"  # which files of each figure; the page holds the SVG itself
    tuned: bool = False  # of the run with --tuned

    def __call__(self) -> int:
        from benchmarks import select
        from benchmarks.figures.rendering.output import SUFFIXES
        from benchmarks.reports.report import report_folder
        from benchmarks.store.sources import has_results
        from benchmarks.tuning.experiment import Tuning

        kinds = [f".{kind}" for kind in select.split(self.figures)]
        for kind in kinds:
            look_up(dict.fromkeys(SUFFIXES), kind, "kind of figure")
        if ".svg" not in kinds:
            raise UsageError(f"--figures must hold svg, which the page is made of, not {self.figures!r} alone")

        experiment = select.experiment(self.experiment)
        experiment = experiment.smoke() if self.smoke else experiment
        folder = folder_of(self.results, experiment, self.smoke, self.tuned)
        for part in ("tables", "figures") if folder.is_dir() else ():
            check_folder(folder / part, "--results")
        if isinstance(experiment, Tuning):
            return self._of_studies(experiment, folder, kinds)
        if not has_results(folder):
            raise UsageError(f"{folder} holds no results; run: python -m benchmarks run {experiment.name}")
        print(report_folder(experiment, folder, self.baseline, kinds))
        return DONE

    def _of_studies(self, experiment: Tuning, folder: Path, kinds: Sequence[str]) -> int:
        from benchmarks.tuning import result
        from benchmarks.tuning.report.report import write

        found = result.load_all(folder)
        if not found:
            raise UsageError(f"{folder} holds no studies; run: python -m benchmarks run {experiment.name}")
        print(write(folder.name, experiment.question, found, folder, kinds))
        return DONE


@dataclass(frozen=True)
class Guide:
    """What to use when, and how sure that is: a table made from the runs under a folder."""

    results: Path = RESULTS

    def __call__(self) -> int:
        from benchmarks.reports import report, table_formats

        print(table_formats.markdown(report.collected_guide(self.results)))
        return DONE


@dataclass(frozen=True)
class Compare:
    """Hold one folder of results against another, as a gate.

    Exit status 0: B passes. 1: B is shown to be worse, has lost a variant, task or cell of A, diverges more often, or a rule
    that you set (--min-seeds, --noninferior) is not met; each is named. 2: the folders cannot be compared.
    """

    result_a: Annotated[Path, tyro.conf.Positional]  # what was: a folder such as results/reference/ladder
    result_b: Annotated[Path, tyro.conf.Positional]  # what is
    margin: float = 0.05  # a difference of the score, or of the return where a task has no ceiling, that counts as none
    min_seeds: int | None = None  # status 1 where a variant has fewer seeds on a task, in A or in B
    noninferior: float | None = (
        None  # status 1 unless every row is shown to be worse by less than this (one-sided t tests)
    )
    out: Path | None = None  # a folder for report.html, report.md, tables and figures
    json: bool = False  # one JSON object on standard output

    def __call__(self) -> int:
        from benchmarks import compare
        from benchmarks.gate import Rules

        rules = Rules(self.margin, self.min_seeds, self.noninferior)
        a, b = compare.load(self.result_a), compare.load(self.result_b)
        if self.out is not None:
            check_folder(self.out, "--out")
        result = compare.compare(a, b, rules.margin, rules.min_seeds, rules.noninferior)
        document = compare.document(a, b, result, self.margin)
        print(json.dumps(compare.as_json(result)) if self.json else document.as_text())
        if self.out is not None:
            print(document.write(self.out), file=sys.stderr)
        for line in result.violations:
            print(f"gate: {line}", file=sys.stderr)
        return FAILED if result.violations else DONE


@dataclass(frozen=True)
class Import:
    """Add learning curves from elsewhere to an experiment: monitor, evaluations (stable-baselines3) or csv."""

    kind: Annotated[str, tyro.conf.Positional]  # monitor, evaluations or csv
    paths: Annotated[tuple[Path, ...], tyro.conf.Positional]  # a run each (a folder or a file), in the order of seeds
    experiment: str
    task: str | None = None  # of the runs; csv: only this one
    variant: str | None = None  # a name for whoever made the runs, as zoo:ppo; csv: only this one
    first_seed: int = 0  # of the first path; the others follow
    checkpoints: int | None = None  # monitor: points of a curve; 20 where it is not given
    floor: float | None = None  # scale of a task that is not ours: the return that counts 0
    ceiling: float | None = None  # the return that counts 1
    threshold: float | None = None  # the return that counts as solved; the ceiling where it is not given
    results: Path = RESULTS

    def __call__(self) -> int:
        from benchmarks import select
        from benchmarks.experiment import Experiment
        from benchmarks.imports.importer import import_runs
        from benchmarks.store.sources import read_meta

        experiment = select.experiment(self.experiment)
        if not isinstance(experiment, Experiment) or experiment.rates:
            raise UsageError(f"{experiment.name} compares no learning curves; import into another experiment")
        check_folder(self.results / experiment.name / "imported", "--results")
        written = import_runs(
            self.kind,
            self.paths,
            folder=self.results / experiment.name,
            experiment=experiment,
            task=self.task,
            variant=self.variant,
            first_seed=self.first_seed,
            checkpoints=self.checkpoints,
            floor=self.floor,
            ceiling=self.ceiling,
            threshold=self.threshold,
        )
        for path in written:
            print(path)
            for notice in read_meta(path).get("notices", ()):
                print(f"{path.name}: {notice}", file=sys.stderr)
        return DONE
