"""Access to finished cells: which ones an experiment's folder has, and their contents.

A cell is called by the path that its own file has or would have: results/<experiment>/cells/<name>. It may lie there as a
file, or in the two packed files next to the folder (benchmarks.store.packed); a file goes before a packed cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from benchmarks.store import cells, measurements
from benchmarks.store.cells import SCHEMA, read_cell_file
from benchmarks.store.files import Damaged
from benchmarks.store.measurements import read_measurement_file
from benchmarks.store.packed import Packed, cells_path, packed

if TYPE_CHECKING:
    import pandas as pd

CELLS, IMPORTED = "cells", "imported"
TRAINED, MEASURED = ".parquet", ".json"  # suffixes of a cell's file
MEASURE_COLUMNS = ["task", "variant", "seed", "checkpoint", "fraction", "env_steps", "measure", "value"]


def stored_cells(folder: Path, suffix: str = TRAINED) -> list[Path]:
    """The cells of an experiment's folder, or with MEASURED its measurements. Raises Damaged for damaged packed files."""
    paths = set((folder / CELLS).glob(f"*{suffix}"))
    if (packed_cells := packed(folder)) is not None:
        paths |= {folder / CELLS / name for name in packed_cells.names if name.endswith(suffix)}
    return sorted(paths)


def imported_cells(folder: Path) -> list[Path]:
    """What was imported into an experiment's folder."""
    return sorted((folder / IMPORTED).glob(f"*{TRAINED}"))


def has_results(folder: Path) -> bool:
    """Whether the folder has any cell or imported curve."""
    return any(folder.glob(f"{CELLS}/*__*")) or any(folder.glob(f"{IMPORTED}/*__*")) or cells_path(folder).exists()


def experiments_under(results: Path) -> list[str]:
    """The experiments whose cells lie under a folder of results."""
    ending = cells_path(Path("-")).name[1:]
    names = {p.parent.parent.name for p in results.glob(f"*/{CELLS}/*{TRAINED}")}
    return sorted(names | {p.name.removesuffix(ending) for p in results.glob(f"*{ending}")})


def _packed_with(path: Path) -> Packed | None:
    """The packed cells that this cell is one of; None where it has a file, or none of its experiment are packed."""
    return None if path.exists() or path.parent.name != CELLS else packed(path.parent.parent)


def read_cell(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """A cell's rows and metadata. Raises Damaged with what is wrong with it."""
    if (packed_cells := _packed_with(path)) is None:
        return read_cell_file(path)
    table, meta = packed_cells.rows(path.name), packed_cells.meta(path.name)
    cells.check(path.name, table, meta)
    return table, meta


def read_measurement(path: Path) -> dict[str, Any]:
    """A measurement. Raises Damaged where it cannot be read, or is not the one that its name says."""
    if (packed_cells := _packed_with(path)) is None:
        return read_measurement_file(path)
    value = packed_cells.meta(path.name)
    measurements.check(path.name, value)
    return value


def check_cell(path: Path) -> bool:
    """Whether the cell is done. Raises Damaged where it is there and does not hold what it should."""
    if not path.exists() and ((packed_cells := _packed_with(path)) is None or path.name not in packed_cells.names):
        return False
    if path.suffix == MEASURED:
        read_measurement(path)
    else:
        read_cell(path)
    return True


def readable(path: Path) -> bool:
    """Whether the cell is done; where it is damaged it is not."""
    try:
        return check_cell(path)
    except Damaged:
        return False


class Results(NamedTuple):
    """What cells hold."""

    frame: pd.DataFrame  # SCHEMA without the measures: a row a member and checkpoint
    measures: pd.DataFrame  # MEASURE_COLUMNS: a row a member, checkpoint and measure
    metas: list[dict[str, Any]]  # configuration and provenance, a cell each


def read_results(paths: Iterable[Path]) -> Results:
    """The cells as tidy frames; each is read once. Raises Damaged, which names every damaged cell."""
    contents = _all(paths)
    tables, metas = [table for table, _ in contents], [meta for _, meta in contents]
    joined = pa.concat_tables([t.replace_schema_metadata() for t in tables]) if tables else SCHEMA.empty_table()
    measures = joined.column("measures").combine_chunks()
    frame: pd.DataFrame = joined.drop_columns("measures").to_pandas()
    counts = np.diff(measures.offsets.to_numpy()) if len(frame) else np.zeros(0, np.int64)
    names = frame.astype({"task": "category", "variant": "category"})  # millions of rows, few different words
    rows = names[MEASURE_COLUMNS[:-2]].take(np.repeat(np.arange(len(frame)), counts)).reset_index(drop=True)
    rows["measure"] = measures.keys.dictionary_encode().to_pandas()
    rows["value"] = measures.items.to_pandas()
    return Results(frame, rows, metas)


def _all(paths: Iterable[Path]) -> list[tuple[pa.Table, dict[str, Any]]]:
    contents, damages = [], []
    for path in paths:
        try:
            contents.append(read_cell(path))
        except Damaged as error:
            damages.append(str(error))
    if damages:
        raise Damaged("; ".join(damages))
    return contents


def read_cells(paths: Iterable[Path]) -> pd.DataFrame:
    """The cells as one tidy frame, without the measures."""
    return read_results(paths).frame


def read_meta(path: Path) -> dict[str, Any]:
    """Configuration and provenance of a cell."""
    return read_cell(path)[1]


def read_metas(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Configuration and provenance of many cells. Raises Damaged, which names every damaged cell."""
    return [meta for _, meta in _all(paths)]
