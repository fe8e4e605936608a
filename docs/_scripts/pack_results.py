"""Results as they are released: the cells, measurements or studies of an experiment in two Parquet files.

    python -m docs._scripts.pack_results results results/reference [EXPERIMENT ...]

Every cell is checked against its digest. An experiment that is packed like this already is left as it is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.experiments import EXPERIMENTS
from benchmarks.store import packed
from benchmarks.store.sources import MEASURED, read_cell, read_measurement, stored_cells
from benchmarks.store.studies import pack_studies, stored_studies


def contents(folder: Path) -> dict[str, tuple[pa.Table, dict[str, Any]]]:
    """(rows, metadata) of every cell and measurement of an experiment, by file name. Raises Damaged."""
    measured = {path.name: read_measurement(path) for path in stored_cells(folder, MEASURED)}
    cells = {path.name: read_cell(path) for path in stored_cells(folder)}
    return cells | {name: (pa.Table.from_pylist([meta["found"]]), meta) for name, meta in measured.items()}


def pack(folder: Path, target: Path) -> str:
    """Pack what lies in `folder`, single or packed; returns what was done."""
    cells, studies = contents(folder), dict(stored_studies(folder))
    if cells and _text(cells) != _text(contents(target)):
        packed.pack(target, ((name, *cells[name]) for name in sorted(cells)))
    elif studies and studies != dict(stored_studies(target)):
        pack_studies(target, studies)
    else:
        return f"{folder.name}: already packed" if cells or studies else f"{folder.name}: no results"
    return f"{folder.name}: {len(cells)} cells, {len(studies)} studies packed"


def _text(cells: dict[str, tuple[pa.Table, dict[str, Any]]]) -> dict[str, str]:
    """For comparison: NaN equals NaN."""
    return {name: repr(table.to_pydict()) + json.dumps(meta) for name, (table, meta) in cells.items()}


def main(results: Path, target: Path, names: Sequence[str]) -> None:
    """Pack the named experiments, or all of them."""
    for name in names or EXPERIMENTS:
        print(pack(results / name, target / name))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
