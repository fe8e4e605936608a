"""Cells as tidy frames, one after another. Of the measures only numbers are kept, for a cell has a dozen in each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.store.cells import SCHEMA

if TYPE_CHECKING:
    import pandas as pd

MEASURE_COLUMNS = ["task", "variant", "seed", "checkpoint", "fraction", "env_steps", "measure", "value"]
_PLAIN = SCHEMA.remove(SCHEMA.get_field_index("measures"))


class Frames:
    """Collects the rows of cells; memory grows by 8 bytes a number, and 2 more for the name of each measure."""

    def __init__(self) -> None:
        self._plain: list[pa.Table] = []  # the rows without the measures
        self._names: dict[str, int] = {}  # measure -> its code
        self._codes: list[NDArray[np.int16]] = []
        self._values: list[NDArray[np.float64]] = []
        self._counts: list[NDArray[np.int32]] = []  # measures of each row

    def add(self, table: pa.Table) -> None:
        """The rows of one cell."""
        self._plain.append(table.drop_columns("measures").replace_schema_metadata())
        for chunk in table.column("measures").chunks:
            ends = chunk.offsets.to_numpy()  # of a part of a packed table; keys and items are those of all of it
            first, count = int(ends[0]), int(ends[-1] - ends[0])
            keys = chunk.keys.slice(first, count).dictionary_encode()
            codes = [self._names.setdefault(name, len(self._names)) for name in keys.dictionary.to_pylist()]
            self._codes.append(np.asarray(codes, np.int16)[keys.indices.to_numpy()])
            self._values.append(np.array(chunk.items.slice(first, count).to_numpy(zero_copy_only=False)))
            self._counts.append(np.diff(ends))

    def build(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """A row a member and checkpoint, and a row a member, checkpoint and measure (MEASURE_COLUMNS). Use once."""
        joined = pa.concat_tables(self._plain) if self._plain else _PLAIN.empty_table()
        self._plain.clear()
        frame: pd.DataFrame = joined.to_pandas()
        del joined
        counts = np.concatenate(self._counts) if self._counts else np.zeros(0, np.int32)
        place = np.repeat(np.arange(len(frame), dtype=np.int32), counts)  # of the row of each measure
        columns: dict[str, Any] = {}
        for name in MEASURE_COLUMNS[:-2]:  # millions of rows, few different words
            column = frame[name].astype("category") if name in ("task", "variant") else frame[name]
            columns[name] = column.array.take(place)
        del place
        codes = np.concatenate(self._codes) if self._codes else np.zeros(0, np.int16)
        words = pa.array(list(self._names), pa.string())
        columns["measure"] = pa.DictionaryArray.from_arrays(pa.array(codes), words).to_pandas()
        columns["value"] = np.concatenate(self._values) if self._values else np.zeros(0)
        self._values.clear()
        return frame, type(frame)(columns, copy=False)  # one copy of each column
