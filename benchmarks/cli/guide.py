"""Which variant to use in which case, from the runs under a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.cli.kinds.registry import experiment_run
from benchmarks.cli.options import RESULTS
from benchmarks.experiments import EXPERIMENTS
from benchmarks.reports import table_formats
from benchmarks.validation.usage import DONE
from envs.validation import UsageError


@dataclass(frozen=True)
class Guide:
    """The flags of `guide`."""

    results: Path = RESULTS  # holds one folder, or packed file, an experiment

    def __call__(self) -> int:
        print(table_formats.markdown(collected_guide(self.results)))
        return DONE


def collected_guide(root: Path) -> pd.DataFrame:
    """The decision guide of all experiments whose folders lie under `root`; UsageError where they have none."""
    tables = [experiment_run(e).guide_rows(root / e.name) for e in EXPERIMENTS.values()]
    found = [rows for rows in tables if rows is not None]
    if not found:
        raise UsageError(f"{root} holds no runs of experiments that have a decision guide")
    with_rows = [rows for rows in found if len(rows)]
    if not with_rows:
        raise UsageError(f"the runs under {root} hold no case of the guide with two variants to compare")
    return pd.concat(with_rows, ignore_index=True).sort_values("aspect", kind="stable", ignore_index=True)
