"""Train the cells of an experiment that have no result yet, then write its report."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cli.kinds.api import ExperimentRun
from benchmarks.cli.kinds.registry import experiment_run
from benchmarks.cli.lookup import find_experiment
from benchmarks.cli.options import RunFlags, check_positive, figure_suffixes, results_folder, show_report
from benchmarks.design.experiment import Outcome, check_flags
from benchmarks.figures.rendering.width import at_width, parse_width
from benchmarks.sharing.turns import turn
from benchmarks.store.files import Damaged, set_aside
from benchmarks.store.sources import CELLS
from benchmarks.validation.program import program
from benchmarks.validation.usage import DONE, FAILED, user_errors
from envs.validation import UsageError


@dataclass(frozen=True)
class Run(RunFlags):
    """The flags of `run`, and what it does."""

    def __call__(self) -> int:
        for name in ("seeds", "env_steps", "jobs", "max_seeds"):
            check_positive(name.replace("_", "-"), getattr(self, name))
        suffixes = figure_suffixes(self.figures)
        parse_width(self.figure_width)  # a mistake is named before anything runs
        experiment = find_experiment(self.experiment, self.results)
        check_flags(experiment, self.given_flags())
        run = experiment_run(experiment.smoke() if self.smoke else experiment)
        with user_errors():
            run.select(self)
        folder = results_folder(self.results, run.experiment, self.smoke, self.tuned)
        try:
            outcome = run.run(self, folder)
            written = None if outcome is None else self._report(run, folder, outcome, suffixes)
        except UsageError as error:
            if not set_aside_damaged(error, folder):
                raise
            outcome = run.run(self, folder)
            written = None if outcome is None else self._report(run, folder, outcome, suffixes)
        if outcome is None:
            return DONE
        if written:
            show_report(written)
        if failures := outcome.failures:
            more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
            first = failures[0].splitlines()[0]
            print(f"failed: {first}{more}; the same command tries again what failed", file=sys.stderr)
        return FAILED if outcome.failures else DONE

    def _report(self, run: ExperimentRun, folder: Path, outcome: Outcome, suffixes: Sequence[str]) -> Path | None:
        """Write the report, unless another driver just has; None where there is none."""
        if missing := outcome.elsewhere:
            print(f"no report yet: {len(missing)} cells have no result ({missing[0]})", file=sys.stderr)
            print(f"when all have one: {self._report_line()}", file=sys.stderr)
            return None
        with turn(folder / "report", "the report") as ours:
            if not ours:
                return folder / "report.md"
            if outcome.paths:
                print("writing the report", file=sys.stderr)
            with at_width(parse_width(self.figure_width)):
                return run.report(folder, outcome, self.baseline, suffixes)

    def _report_line(self) -> str:
        """The command that writes the report of what is there."""
        switches = [f"--{name}" for name in ("smoke", "tuned") if getattr(self, name)]
        return shlex.join(
            [*program().split(), "report", self.name or self.experiment, "--results", str(self.results), *switches]
        )


def set_aside_damaged(error: UsageError, folder: Path) -> bool:
    """Rename the cells of the folder that reading their rows found damaged, so that they run again; whether there are any.

    A run looks at footers alone before it starts (benchmarks.store.many.footers).
    """
    cause = error.__cause__
    paths = [path for path in cause.paths if path.parent == folder / CELLS] if isinstance(cause, Damaged) else []
    for path in paths:
        print(f"damaged: {path.name}; kept as {set_aside(path).name}, its cell runs again", file=sys.stderr)
    return bool(paths)
