"""Thousands of valid result files, written fast: each is a copy of one made cell with other names, seeds and returns.

`python -m tests.benchmarks.many_cells FOLDER 10000` writes them as cells of the ladder under FOLDER.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from algorithms.estimators.diagnostics import NAMES
from benchmarks.store.cells import CHECKSUM, META, SCHEMA, read_cell_file
from benchmarks.store.descriptions import digest
from tests.benchmarks.synthetic_results import meta, write_cell

CHECKPOINTS, BLOCK, MEASURES = 11, 10, 8  # about as released cells have them
TASKS, VARIANTS = 20, 25


def write_many(folder: Path, count: int, checkpoints: int = CHECKPOINTS) -> list[Path]:
    """So many cells under folder/cells: of 20 tasks x 25 variants, in blocks of 10 seeds. Variant i ends about i / 25."""
    rng, rise = np.random.default_rng(0), np.linspace(0, 1, checkpoints)[:, None]
    named = dict.fromkeys(("length", "entropy", *NAMES)[:MEASURES], 0.5)
    made = write_cell(folder, "made/model", "model", range(BLOCK), np.zeros((checkpoints, BLOCK)), named)
    table, _ = read_cell_file(made)
    made.unlink()
    rows, measures, paths = len(table), table.column("measures").combine_chunks(), []
    for number in range(count):
        block, place = divmod(number, TASKS * VARIANTS)
        t, v = divmod(place, VARIANTS)
        task, variant, seeds = f"made/task-{t:02}", f"variant_{v:02}", range(block * BLOCK, (block + 1) * BLOCK)
        said = meta(task, variant, seeds, checkpoints)
        own = digest(said["cell"], results_version=said["provenance"]["results_version"])
        name = f"made-task-{t:02}__{variant}__seeds{seeds[0]}-{seeds[-1]}__{own}"
        text = json.dumps(said).encode()
        score = rise * ((v + 1) / (VARIANTS + 1) + rng.normal(0, 0.05, BLOCK)) + rng.normal(
            0, 0.01, (checkpoints, BLOCK)
        )
        values = pa.array(rng.random(rows * MEASURES))
        new = {
            "measures": pa.MapArray.from_arrays(measures.offsets, measures.keys, values, measures.type),
            "task": pa.array([task] * rows),
            "variant": pa.array([variant] * rows),
            "seed": pa.array(np.tile(np.asarray(seeds), checkpoints)),
            "eval_return": pa.array(score.ravel()),
        }
        columns = [new.get(field.name, table.column(field.name)) for field in SCHEMA]
        schema = SCHEMA.with_metadata({META: text, CHECKSUM: hashlib.sha256(text).hexdigest().encode()})
        paths.append(folder / "cells" / f"{name}.parquet")
        pq.write_table(
            pa.Table.from_arrays(columns, schema=schema), paths[-1], compression="zstd", write_page_checksum=True
        )
    return paths


if __name__ == "__main__":
    write_many(Path(sys.argv[1]) / "ladder", int(sys.argv[2]))
