"""What registered variants reached on the open tasks, trained once for everybody.

The open cells of a rival are the same for every candidate: its tasks, rates and seeds are fixed. `python -m
benchmarks.judging open NAME,...` trains them and keeps the runs in open_runs.csv, a row each. A row serves only the cell
whose digest it names, so another number of tokens, another rate or another results version trains anew.

    cell           digest of the cell
    eval_return    mean over the checkpoints of the last fifth, which is what selects a rate
    diverged       whether the run was lost
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.design.cell import Cell
from benchmarks.design.settings import LAST_FIFTH

FILE = Path(__file__).with_name("open_runs.csv")
RUN = ["task", "variant", "learning_rate", "seed"]


@cache
def released_runs(file: Path) -> pd.DataFrame:
    """The rows of the file."""
    return pd.read_csv(file)


def is_released(cell: Cell) -> bool:
    """Whether the file has the runs of this cell."""
    return bool((released_runs(FILE)["cell"] == cell.digest).any())


def runs_of(cells: Sequence[Cell]) -> pd.DataFrame:
    """The released runs of these cells, as rows of a frame of results: of each run its last fifth as one checkpoint."""
    runs = released_runs(FILE)
    return runs[runs["cell"].isin([cell.digest for cell in cells])].drop(columns="cell").assign(fraction=1.0)


def as_released(cells: Sequence[Cell], frame: pd.DataFrame) -> pd.DataFrame:
    """The runs of these cells as rows of the file."""
    digests = {(cell.task.name, cell.algorithm.name): cell.digest for cell in cells}
    rows = frame[frame["fraction"] >= LAST_FIFTH]
    rows = rows.assign(diverged=rows["diverged"].astype(bool) | ~np.isfinite(rows["eval_return"]))
    runs = rows.groupby(RUN, sort=False).agg(eval_return=("eval_return", "mean"), diverged=("diverged", "any"))
    runs = runs.reset_index()
    keys = zip(runs["task"], runs["variant"], strict=True)
    return runs.assign(cell=[digests[key] for key in keys])[["cell", *RUN, "eval_return", "diverged"]]
