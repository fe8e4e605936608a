"""The protocol by which `run` and `report` handle a class of experiments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd

from benchmarks.cli.options import RunFlags
from benchmarks.design.experiment import Experiment, Outcome


class ExperimentRun(Protocol):
    """The run of an experiment, from its declaration to its report."""

    @property
    def experiment(self) -> Experiment:
        """As it is declared; after `select` with its tasks and variants themselves."""

    def select(self, flags: RunFlags) -> None:
        """Resize the experiment as the flags say. UsageError for names and values that cannot be; nothing is run."""

    def run(self, flags: RunFlags, folder: Path) -> Outcome | None:
        """Do what has no result in `folder` yet; None for a dry run, which says what would be done."""

    def report(self, folder: Path, outcome: Outcome, baseline: str | None, figure_kinds: Sequence[str]) -> Path | None:
        """Write the report of a run; None where nothing is done yet."""

    def report_folder(self, folder: Path, baseline: str | None, figure_kinds: Sequence[str]) -> Path | None:
        """Write the report of everything that lies in `folder`. UsageError where it holds nothing."""

    def guide_rows(self, folder: Path) -> pd.DataFrame | None:
        """Its rows of the decision guide, from what lies in `folder`; None where it has no part in the guide."""
