"""Train the cells of an experiment that have no result yet, then write its report."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.cli.kinds.registry import experiment_run
from benchmarks.cli.lookup import find_experiment
from benchmarks.cli.options import RunFlags, check_positive, figure_suffixes, results_folder
from benchmarks.design.experiment import check_flags
from benchmarks.figures.rendering.width import at_width, parse_width
from benchmarks.language.experiment import LanguageExperiment
from benchmarks.validation.usage import DONE, FAILED, user_errors
from envs.validation import UsageError


@dataclass(frozen=True)
class Run(RunFlags):
    """The flags of `run`, and what it does."""

    def __call__(self) -> int:
        for name in ("seeds", "env_steps", "jobs"):
            check_positive(name.replace("_", "-"), getattr(self, name))
        suffixes, width = figure_suffixes(self.figures), parse_width(self.figure_width)
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
        with at_width(width):
            written = run.report(folder, outcome, self.baseline, suffixes)
        if written:
            print(written)
        return FAILED if outcome.failures else DONE
