"""Train the cells of an experiment that have no result yet, then write its report."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass

from benchmarks.cli.kinds.registry import experiment_run
from benchmarks.cli.lookup import find_experiment
from benchmarks.cli.options import RunFlags, check_positive, figure_suffixes, results_folder
from benchmarks.design.experiment import check_flags
from benchmarks.language.experiment import LanguageExperiment
from benchmarks.sharing.turns import turn
from benchmarks.validation.program import program
from benchmarks.validation.usage import DONE, FAILED, user_errors
from envs.validation import UsageError


@dataclass(frozen=True)
class Run(RunFlags):
    """The flags of `run`, and what it does."""

    def __call__(self) -> int:
        for name in ("seeds", "env_steps", "jobs"):
            check_positive(name.replace("_", "-"), getattr(self, name))
        suffixes = figure_suffixes(self.figures)
        experiment = find_experiment(self.experiment, self.results)
        check_flags(experiment, self.given_flags())
        own = [name for name, value in self.own_data.items() if value is not None]
        if own and not isinstance(experiment, LanguageExperiment):
            raise UsageError(f"--{own[0]} has no meaning for {experiment.name}, which trains no language model")
        run = experiment_run(experiment.smoke() if self.smoke else experiment)
        with user_errors():
            run.select(self)
        folder = results_folder(self.results, run.experiment, self.smoke, self.tuned)
        outcome = run.run(self, folder)
        if outcome is None:
            return DONE
        if outcome.elsewhere:
            print(
                f"no report yet: {len(outcome.elsewhere)} cells have no result ({outcome.elsewhere[0]})",
                file=sys.stderr,
            )
            print(f"when all have one: {self._report_line()}", file=sys.stderr)
            return FAILED if outcome.failures else DONE
        with turn(folder / "report", f"report of {run.experiment.name}") as ours:
            written = run.report(folder, outcome, self.baseline, suffixes) if ours else folder / "report.md"
        if written:
            print(written)
        return FAILED if outcome.failures else DONE

    def _report_line(self) -> str:
        """The command that writes the report of what is there."""
        switches = [f"--{name}" for name in ("smoke", "tuned") if getattr(self, name)]
        return shlex.join(
            [*program().split(), "report", self.name or self.experiment, "--results", str(self.results), *switches]
        )
