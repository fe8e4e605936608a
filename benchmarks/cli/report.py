"""Write the report of the cells that an experiment has on disk; trains nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.cli.kinds.registry import experiment_run
from benchmarks.cli.lookup import find_experiment, split
from benchmarks.cli.options import RESULTS, results_folder
from benchmarks.design.experiment import check_flags
from benchmarks.figures.rendering.output import SUFFIXES
from benchmarks.validation.usage import DONE, check_folder
from envs.validation import UsageError, look_up


@dataclass(frozen=True)
class Report:
    """The flags of `report`."""

    experiment: Annotated[str, tyro.conf.Positional]
    results: Path = RESULTS
    smoke: bool = False  # of the smoke run
    baseline: str | None = None  # the variant that all others are compared with; by default the experiment's own
    figures: str = "svg,pdf,png"  # which files of each figure; the page holds the SVG itself
    tuned: bool = False  # of the run with --tuned

    def __call__(self) -> int:
        suffixes = self._figure_suffixes()
        experiment = find_experiment(self.experiment)
        given = {"baseline": self.baseline is not None, "tuned": self.tuned}
        check_flags(experiment, [flag for flag, is_given in given.items() if is_given])
        folder = results_folder(self.results, experiment, self.smoke, self.tuned)
        for part in ("tables", "figures") if folder.is_dir() else ():
            check_folder(folder / part, "--results")
        run = experiment_run(experiment.smoke() if self.smoke else experiment)
        print(run.report_folder(folder, self.baseline, suffixes))
        return DONE

    def _figure_suffixes(self) -> list[str]:
        """`svg,png` as [".svg", ".png"]; UsageError for another kind, or without svg."""
        suffixes = [f".{kind}" for kind in split(self.figures)]
        for suffix in suffixes:
            look_up(dict.fromkeys(SUFFIXES), suffix, "kind of figure")
        if ".svg" not in suffixes:
            raise UsageError(f"--figures must hold svg, which the page is made of, not {self.figures!r} alone")
        return suffixes
