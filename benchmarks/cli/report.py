"""Write the report of the cells that an experiment has on disk; trains nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.cli.kinds.registry import experiment_run
from benchmarks.cli.lookup import find_results
from benchmarks.cli.options import RESULTS, figure_suffixes, results_folder, show_report
from benchmarks.cli.pooling.pack import pack_experiment
from benchmarks.design.experiment import check_flags
from benchmarks.figures.rendering.width import at_width, parse_width
from benchmarks.validation.usage import DONE, check_folder


@dataclass(frozen=True)
class Report:
    """The flags of `report`."""

    experiment: Annotated[str, tyro.conf.Positional]  # an experiment that `list` names, or a --name of your own
    results: Path = RESULTS  # holds one folder, or packed file, an experiment
    # another folder of results, for example of another shard; all are packed into --results first
    more: Annotated[tuple[Path, ...], tyro.conf.UseAppendAction] = ()
    smoke: bool = False  # the cells of the smoke run
    baseline: str | None = None  # the variant that all others are compared with; by default the experiment's own
    figures: str = "svg,pdf,png"  # file types of each figure: svg, which the page needs, and any of pdf, png and pgf
    figure_width: str | None = None  # width of all figures, as 5.5in (or cm, mm, pt), with type of 7 and 8 points
    tuned: bool = False  # the cells of the run with --tuned

    def __call__(self) -> int:
        suffixes, width = figure_suffixes(self.figures), parse_width(self.figure_width)
        experiment = find_results(self.experiment, self.results, *self.more)
        given = {"baseline": self.baseline is not None, "tuned": self.tuned}
        check_flags(experiment, [flag for flag, is_given in given.items() if is_given])
        folder = results_folder(self.results, experiment, self.smoke, self.tuned)
        if self.more:
            pack_experiment(self.experiment, self.results, self.more, self.smoke, self.tuned)
        for part in ("tables", "figures") if folder.is_dir() else ():
            check_folder(folder / part, "--results")
        run = experiment_run(experiment.smoke() if self.smoke else experiment)
        with at_width(width):
            written = run.report_folder(folder, self.baseline, suffixes)
        if written:
            show_report(written)
        return DONE
