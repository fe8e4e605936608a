"""Train the cells of an experiment that have no result yet, then write its report."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.cli.kinds.registry import run_of
from benchmarks.cli.lookup import experiment_named
from benchmarks.cli.options import RunFlags, check_positive, folder_of
from benchmarks.design.experiment import check_flags
from benchmarks.validation.usage import DONE, FAILED, checking


@dataclass(frozen=True)
class Run(RunFlags):
    """The flags of `run`, and what it does."""

    def __call__(self) -> int:
        for name in ("seeds", "env_steps", "jobs"):
            check_positive(name.replace("_", "-"), getattr(self, name))
        experiment = experiment_named(self.experiment)
        check_flags(experiment, self.given())
        run = run_of(experiment.smoke() if self.smoke else experiment)
        with checking():
            run.select(self)
        folder = folder_of(self.results, experiment, self.smoke, self.tuned)
        outcome = run.run(self, folder)
        if outcome is None:
            return DONE
        if written := run.report(folder, outcome, self.baseline):
            print(written)
        return FAILED if outcome.failures else DONE
