"""`python -m benchmarks.judging open NAME,... [FOLDER]`: trains the open cells of registered variants for open_runs.csv.

The cells are kept in FOLDER, results/judge where it is not given, so that an interrupted command goes on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from algorithms import VARIANTS
from benchmarks.execution import runner
from benchmarks.execution.dispatch.execution import Execution
from benchmarks.judging.cells import open_cells
from benchmarks.judging.judge import FOLDER, jobs_of
from benchmarks.judging.protocol import Protocol
from benchmarks.judging.released import FILE, as_released
from benchmarks.loading.suites import read_folder
from envs import TASKS
from envs.validation import look_up


def main(words: Sequence[str], file: Path = FILE, protocol: Protocol | None = None) -> int:
    """Train, and write the rows of these variants in the place of what the file has of them. 1 where a cell failed."""
    protocol = protocol or Protocol()
    variants = [look_up(VARIANTS, name, "variant") for name in words[0].split(",")]
    folder = Path(words[1] if len(words) > 1 else f"results/{FOLDER}")
    cells = open_cells([TASKS[name] for name in protocol.open_tasks], variants, protocol)
    outcome = runner.run(jobs_of(cells, folder), folder, Execution(os.cpu_count() or 1))
    if outcome.failures:
        print("\n".join(outcome.failures), file=sys.stderr)
        return 1
    frame, _, _ = read_folder(outcome.paths, folder)
    rows = as_released(cells, frame)
    if file.exists():
        old = pd.read_csv(file)
        rows = pd.concat([old[~old["variant"].isin([v.name for v in variants])], rows])
    rows.sort_values(["variant", "task", "learning_rate", "seed"]).to_csv(file, index=False)
    return 0
