"""Tune variants with Optuna: many seeds a trial, whole batches of trials at once, chosen on fresh seeds, tested once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.cli.engine_flags import EngineFlags
from benchmarks.cli.kinds.plans import build_plans, run_studies
from benchmarks.cli.lookup import split
from benchmarks.cli.options import (
    RESULTS,
    RunFlags,
    check_count,
    check_positive,
    command_line,
    figure_suffixes,
    show_report,
)
from benchmarks.design.experiment import Outcome
from benchmarks.design.lookup import find_tasks, find_variant
from benchmarks.design.own.arguments import parse_env_kwargs
from benchmarks.design.scales import ScaleFlags
from benchmarks.experiments.ladder import RUNGS
from benchmarks.figures.rendering.width import at_width, parse_width
from benchmarks.tuning import result
from benchmarks.tuning.protocol import StudyPlan, pruner
from benchmarks.tuning.report.report import write
from benchmarks.tuning.report.terminal import as_text
from benchmarks.validation.program import as_typed
from benchmarks.validation.usage import DONE, FAILED, user_errors
from envs.validation import UsageError

SIZES = ("trials", "batch", "tuning_seeds", "selection_seeds", "test_seeds")


@dataclass(frozen=True)
class Tune(EngineFlags):
    """The flags of `tune`."""

    variant: str | None = None  # one variant
    task: str | None = None  # one task
    variants: str | None = None  # x,y, or ladder for all its rungs: a study each
    tasks: str | None = None  # a,b: one configuration for all of them, judged by the mean score
    results: Path = RESULTS  # holds a folder for each --study
    trials: int = 64  # configurations of a study, the default among them; may be raised until the study is tested
    batch: int = 16  # configurations at once; a sampler learns from batch to batch
    tuning_seeds: int = 5  # seeds a trial, the same for all
    selection_seeds: int = 20  # fresh seeds for the default and the best five
    test_seeds: int = 20  # seeds for the default and the chosen one, used once
    env_steps: int | None = None  # budget of a run; the task's own where it is not given
    sampler: str = "tpe"  # tpe, random, qmc, cma or gp
    pruner: str | None = None  # none, racing or wilcoxon; where it is not given, none up to 64 trials and racing beyond
    objective: str = "last_fifth"  # last_fifth or auc
    space: str = "members"  # members, all (shapes too: networks, batches, windows, epochs), or fields: lam,clip
    seed: int = 0  # the sampler's seed
    # estimator.credit.lam=.9: a value that every configuration has, so that it is not searched
    set: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    # a journal file or an Optuna URL; <results>/<study>/studies.journal where it is not given
    storage: str | None = None
    study: str = "tuned"  # the folder under --results, and the studies' prefix in the storage
    jobs: int | None = None  # processes at once; the number of processors where it is not given
    device: str = "cpu"  # cpu or cuda
    dry_run: bool = False  # say what would run, and stop
    figures: str = "svg,pdf,png"  # file types of each figure: svg, which the page needs, and any of pdf, png and pgf
    figure_width: str | None = None  # width of all figures, as 5.5in (or cm, mm, pt), with type of 7 and 8 points
    # your environment: an argument of its constructor, as size=5; max_episode_steps=500 sets the time limit
    env_kwargs: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    floor: float | None = None  # your task: the return with score 0; measured where it is not given
    ceiling: float | None = None  # your task: the return with score 1; without it scores are returns
    threshold: float | None = None  # your task: the return that counts as solved

    def __call__(self) -> int:
        figure_suffixes(self.figures), parse_width(self.figure_width)  # a mistake is named before anything runs
        variants = [find_variant(n) for n in self._names("variant", self.variant, self.variants)]
        tasks = find_tasks((), self._names("task", self.task, self.tasks), parse_env_kwargs(self.env_kwargs))
        tasks = ScaleFlags(self.floor, self.ceiling, self.threshold).apply(tasks)
        check_positive("env-steps", self.env_steps)
        for name in SIZES:
            check_count(name.replace("_", "-"), getattr(self, name))
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"--seed must be at least 0 and below 2^32, not {self.seed}")
        budget = {name: getattr(self, name) for name in (*SIZES, "sampler", "objective", "space", "seed")}
        budget["pruner"] = self.pruner or pruner(self.trials, len(tasks))
        steps = {} if self.env_steps is None else {task.name: self.env_steps for task in tasks}
        with user_errors():
            plans = build_plans(self.study, variants, [tuple(tasks)], budget, steps, self.set)
        outcome = run_studies(plans, self.results, self.storage, self.jobs, self.device, self.dry_run, self)
        if outcome is None:
            return DONE
        self._show(plans, outcome)
        return FAILED if outcome.failures else DONE

    def _show(self, plans: Sequence[StudyPlan], outcome: Outcome) -> None:
        """Print what was chosen, whether that helps, where the report lies, and the line that uses it."""
        folder = self.results / self.study
        if studies := result.load_all(folder):
            names = [path.name for path in outcome.paths]
            if new := [study for study in studies if study.file_name in names]:
                print(as_text(new), flush=True)
            print("writing the report", file=sys.stderr)
            suffixes, width = figure_suffixes(self.figures), parse_width(self.figure_width)
            with at_width(width):
                written = write(self.study, f"What do {self.trials} trials buy?", studies, folder, suffixes)
            show_report(written)
        tuned = [plan.variant.name for plan in plans if any(plan.file_name == path.name for path in outcome.paths)]
        if tuned:
            print(f"run next: {as_typed(self._next(tuned))}", file=sys.stderr)

    def _next(self, tuned: Sequence[str]) -> str:
        """The line that trains these variants in the configurations that were chosen."""
        words = {find_variant(name).name: name for name in self._names("variant", self.variant, self.variants)}
        return command_line(
            RunFlags(
                "ladder",
                tasks=self.task or self.tasks,
                variants=",".join(words[name] for name in tuned),
                env_steps=self.env_steps,
                results=self.results,
                device=self.device,
                tuned=True,
                study=self.study,
                env_kwargs=self.env_kwargs,
                floor=self.floor,
                ceiling=self.ceiling,
                threshold=self.threshold,
            )
        )

    def _names(self, kind: str, one: str | None, many: str | None) -> Sequence[str]:
        if (one is None) == (many is None):
            raise UsageError(f"tune takes --{kind} NAME or --{kind}s A,B, one of the two")
        if one is not None:
            return [one]
        assert many is not None
        if kind == "variant" and many == "ladder":
            return RUNGS
        return split(many)
