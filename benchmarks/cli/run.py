"""Train the cells of an experiment that have no result yet, then write its report."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from benchmarks.cli.kinds.registry import experiment_run
from benchmarks.cli.lookup import find_experiment
from benchmarks.cli.options import RunFlags, check_positive, figure_suffixes, results_folder, show_report
from benchmarks.design.experiment import check_flags
from benchmarks.figures.rendering.width import at_width, parse_width
from benchmarks.validation.usage import DONE, FAILED, user_errors


@dataclass(frozen=True)
class Run(RunFlags):
    """The flags of `run`, and what it does."""

    def __call__(self) -> int:
        for name in ("seeds", "env_steps", "jobs"):
            check_positive(name.replace("_", "-"), getattr(self, name))
        suffixes, width = figure_suffixes(self.figures), parse_width(self.figure_width)
        experiment = find_experiment(self.experiment, self.results)
        check_flags(experiment, self.given_flags())
        run = experiment_run(experiment.smoke() if self.smoke else experiment)
        with user_errors():
            run.select(self)
        folder = results_folder(self.results, run.experiment, self.smoke, self.tuned)
        outcome = run.run(self, folder)
        if outcome is None:
            return DONE
        if outcome.paths:
            print("writing the report", file=sys.stderr)
        with at_width(width):
            written = run.report(folder, outcome, self.baseline, suffixes)
        if written:
            show_report(written)
        if failures := outcome.failures:
            more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
            first = failures[0].splitlines()[0]
            print(f"failed: {first}{more}; the same command tries again what failed", file=sys.stderr)
        return FAILED if outcome.failures else DONE
