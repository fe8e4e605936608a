"""Runs of other programs: their curves as Parquet cells, which reports treat like trained cells.

results/<experiment>/imported/<task>__<variant>__<digest of the rows>.parquet
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.design.experiment import Experiment
from benchmarks.design.scales import ScaleFlags
from benchmarks.imports.kinds import KINDS, ReadFlags
from benchmarks.imports.names import ImportTarget, ScaledTask
from benchmarks.store.cells import save_rows
from benchmarks.store.file_names import file_safe
from benchmarks.store.files import Damaged
from benchmarks.store.sources import imported_cells, read_meta
from envs import TASKS
from envs.api import Scale
from envs.validation import UsageError, look_up


def import_runs(
    kind: str,
    paths: Sequence[Path],
    *,
    folder: Path,
    experiment: Experiment | None = None,
    task: str | None = None,
    variant: str | None = None,
    first_seed: int = 0,
    checkpoints: int | None = None,
    metric: str | None = None,
    steps: str | None = None,
    floor: float | None = None,
    ceiling: float | None = None,
    threshold: float | None = None,
) -> list[Path]:
    """Write curves under `folder`, one file a (task, variant); returns the files.

    monitor, evaluations  a path is a run of `variant` on `task`; the first has seed `first_seed`, the next the next
    csv, rlox             name their tasks, variants and seeds; `task` and `variant` pick some of them
    wandb                 as its files say (imports.wandb_runs)
    checkpoints           of monitor: points of a curve, 20 where they are not given; of wandb: means of intervals
    metric, steps         of wandb: which column is the return, which the environment steps
    experiment            whose folder it is: its own tasks and variants are ours, as the registered ones are
    floor, ceiling, threshold  the scale of a task that is not ours
    """
    reader = look_up(KINDS, kind, "kind of import")
    _check_paths(paths)
    target = ImportTarget(folder, experiment, ScaleFlags(floor, ceiling, threshold))
    flags = ReadFlags(task, variant, first_seed, checkpoints, metric, steps)
    _check_numbers(flags)
    reader.check(kind, flags)
    frame = reader.read(paths, flags)
    target.check_variants(frame["variant"].unique())
    tasks = target.tasks(frame["task"].unique(), by_user=task is not None)
    names = dict.fromkeys(path.resolve().name for path in paths)
    return _write(frame, tasks, folder, {"imported": kind, "source": ", ".join(names), "returns": reader.returns})


def _check_paths(paths: Sequence[Path]) -> None:
    if not paths:
        raise UsageError("no path is named: there is nothing to import")
    for i, path in enumerate(paths):
        if not path.exists():
            raise UsageError(f"{path} does not exist")
        if path.resolve() in [p.resolve() for p in paths[:i]]:
            raise UsageError(f"{path} is named twice, and would count as two seeds")


def _check_numbers(flags: ReadFlags) -> None:
    if flags.first_seed < 0:
        raise UsageError(f"--first-seed must be at least 0, not {flags.first_seed}")
    if flags.checkpoints is not None and flags.checkpoints < 1:
        raise UsageError(f"--checkpoints must be at least 1, not {flags.checkpoints}")


def _write(
    frame: pd.DataFrame, tasks: dict[str, ScaledTask], folder: Path, provenance: dict[str, object]
) -> list[Path]:
    """One file a (task, variant); nothing is written unless all of them can be."""
    ready: dict[Path, tuple[pd.DataFrame, dict[str, Any]]] = {}
    for key, rows in frame.groupby(["task", "variant"], sort=False):
        task_name, variant = map(str, key)
        task, scale = tasks[task_name]
        rows = rows.assign(task=task)
        path = folder / "imported" / f"{file_safe(task)}__{file_safe(variant)}__{_digest(rows)}.parquet"
        ready[path] = rows, _meta(rows, scale, provenance)
    for other in imported_cells(folder):
        if other not in ready:
            _check_present(other, [meta for _, meta in ready.values()])
    for path, (rows, meta) in ready.items():
        member = {seed: i for i, seed in enumerate(meta["cell"]["members"]["seeds"])}
        records = rows.to_dict("records")
        save_rows(path, [{**row, "member": member[row["seed"]], "measures": []} for row in records], meta)
    return list(ready)


def _digest(rows: pd.DataFrame) -> str:
    """Of what was measured and by whom: the same curves are the same file, from wherever they come."""
    return hashlib.sha256(rows.to_csv(index=False).encode()).hexdigest()[:16]


def _meta(rows: pd.DataFrame, scale: Scale, provenance: dict[str, object]) -> dict[str, Any]:
    """The metadata of a file, as train_cell writes them; a notice where scores are missing."""
    lost = rows[~np.isfinite(rows["eval_return"])]
    seeds = ", ".join(map(str, lost["seed"].unique()))
    count = f"{len(lost)} of {len(rows)} rows have no finite score and count as diverged (seed {seeds})"
    return ({"notices": [count]} if len(lost) else {}) | {
        "cell": {
            "task": {"name": rows["task"].iloc[0]},
            "algorithm": {"name": rows["variant"].iloc[0]},
            "members": {"seeds": rows["seed"].unique().tolist()},
            "imported": True,
        },
        "provenance": provenance,
        "reading": {
            "scale": [scale.floor, scale.ceiling, scale.threshold],
            "parent": None,
            "change": f"imported: {provenance['imported']}",
            "optional": False,
            "imported": True,
        },
        "texts": {},
    }


def _check_present(other: Path, metas: Sequence[dict[str, Any]]) -> None:
    """Refuse what contradicts a file that was imported before: other rows of a seed, another scale of the task."""
    try:
        present = read_meta(other)
    except Damaged as error:
        raise UsageError(f"damaged: {error}; remove it and import it again") from error
    for meta in metas:
        cell, scale, before = meta["cell"], meta["reading"]["scale"], present["reading"]["scale"]
        if present["cell"]["task"] != cell["task"]:
            continue
        if (task := cell["task"]["name"]) not in TASKS and before != scale:
            raise UsageError(
                f"{other.name} gives {task} the scale {before}, not {scale}; remove it to change the scale"
            )
        shared = sorted(set(present["cell"]["members"]["seeds"]) & set(cell["members"]["seeds"]))
        if present["cell"]["algorithm"] == cell["algorithm"] and shared:
            raise UsageError(f"{other.name} holds other rows of seed {shared[0]}; remove it, or take other seeds")
