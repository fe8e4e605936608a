"""Access to finished cells: which ones an experiment's folder has, and their contents.

A cell is called by the path that its own file has or would have: results/<experiment>/cells/<name>. It may lie there as a
file, or in the two packed files next to the folder (benchmarks.store.packed); a file goes before a packed cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from benchmarks.store import cell_checks, cells, measurements
from benchmarks.store.cells import read_cell_file
from benchmarks.store.descriptions import share_parts
from benchmarks.store.files import Damaged
from benchmarks.store.many.frames import Frames
from benchmarks.store.measurements import read_measurement_file
from benchmarks.store.packed import Packed, cells_path, packed

if TYPE_CHECKING:
    import pandas as pd

CELLS, IMPORTED = "cells", "imported"
TRAINED, MEASURED = ".parquet", ".json"  # suffixes of a cell's file


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
    places = (f"{place}/*__*{suffix}" for place in (CELLS, IMPORTED) for suffix in (TRAINED, MEASURED))
    return any(any(folder.glob(pattern)) for pattern in places) or cells_path(folder).exists()


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


def is_packed(path: Path) -> bool:
    """Whether a cell that has no file is packed, and its description is its own. Raises Damaged."""
    packed_cells = _packed_with(path)
    if packed_cells is None or not packed_cells.has(path.name):
        return False
    meta = packed_cells.meta(path.name)
    if path.suffix == TRAINED and (why := cell_checks.meta_error(meta) or cell_checks.digest_error(path.stem, meta)):
        raise Damaged(f"{path.name}: {why}")
    return True


def check_cell(path: Path) -> bool:
    """Whether the cell is done. Raises Damaged where it is there and does not hold what it should."""
    if not path.exists() and ((packed_cells := _packed_with(path)) is None or not packed_cells.has(path.name)):
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
    frames, metas, shared = Frames(), list[dict[str, Any]](), dict[str, Any]()
    for table, meta in _each(paths):
        frames.add(table)
        metas.append(share_parts(meta, shared))
    return Results(*frames.build(), metas)


def _each(paths: Iterable[Path]) -> Iterator[tuple[pa.Table, dict[str, Any]]]:
    """The contents of each cell. Raises Damaged at the end, where any was damaged."""
    damaged = {}
    for path in paths:
        try:
            yield read_cell(path)
        except Damaged as error:
            damaged[path] = str(error)
    if damaged:
        raise Damaged("; ".join(damaged.values()), tuple(damaged))


def read_cells(paths: Iterable[Path]) -> pd.DataFrame:
    """The cells as one tidy frame, without the measures."""
    return read_results(paths).frame


def read_meta(path: Path) -> dict[str, Any]:
    """Configuration and provenance of a cell."""
    return read_cell(path)[1]
