"""Runs of other programs: their curves as Parquet cells, which a report reads as it reads what we trained.

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
from benchmarks.imports.names import ImportTarget, ScaledTask
from benchmarks.imports.sources import CHECKPOINTS, RUN, read_csv, read_evaluations, read_monitor
from benchmarks.store.cells import save_rows
from benchmarks.store.file_names import file_safe
from benchmarks.store.files import Damaged
from benchmarks.store.sources import imported_cells, read_meta
from benchmarks.validation.numbers import LARGEST
from envs import TASKS
from envs.api import Scale
from envs.validation import UnknownName, UsageError, look_up

# what a return is; the provenance says it
KINDS = {
    "monitor": "training episodes, mean of those that ended in each interval",
    "evaluations": "evaluation episodes, mean of each evaluation (its log does not say whether actions were sampled)",
    "csv": "as the file gives them",
}


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
    floor: float | None = None,
    ceiling: float | None = None,
    threshold: float | None = None,
) -> list[Path]:
    """Write curves under `folder`, one file a (task, variant); returns the files.

    monitor, evaluations  a path is a run of `variant` on `task`; the first has seed `first_seed`, the next the next
    csv                   names its tasks, variants and seeds itself; `task` and `variant` pick some of them
    checkpoints           of monitor: points of a curve, 20 where they are not given
    experiment            whose folder it is: its own tasks and variants are ours, as the registered ones are
    floor, ceiling, threshold  the scale of a task that is not ours
    """
    look_up(KINDS, kind, "kind of import")
    _check_paths(paths)
    target = ImportTarget(folder, experiment, ScaleFlags(floor, ceiling, threshold))
    _check_flags(kind, task, variant, first_seed, checkpoints)
    if first_seed + len(paths) - 1 > LARGEST:
        raise UsageError(f"seeds are at most {LARGEST}, and --first-seed {first_seed} leads beyond")
    if kind == "csv":
        frame, tasks = _from_csv(paths, task, variant, target)
    else:
        target.check_variants([str(variant)])
        tasks = target.tasks([str(task)])
        frame = _runs(kind, paths, first_seed, checkpoints or CHECKPOINTS).assign(task=task, variant=variant)
    names = dict.fromkeys(path.resolve().name for path in paths)
    return _write(frame, tasks, folder, {"imported": kind, "source": ", ".join(names), "returns": KINDS[kind]})


def _check_paths(paths: Sequence[Path]) -> None:
    if not paths:
        raise UsageError("no path is named: there is nothing to import")
    for i, path in enumerate(paths):
        if not path.exists():
            raise UsageError(f"{path} does not exist")
        if path.resolve() in [p.resolve() for p in paths[:i]]:
            raise UsageError(f"{path} is named twice, and would count as two seeds")


def _check_flags(kind: str, task: str | None, variant: str | None, first_seed: int, checkpoints: int | None) -> None:
    """Refuse a flag that has no meaning for this kind, and ask for those that it needs."""
    if kind == "csv" and first_seed:
        raise UsageError(f"--first-seed has no meaning for csv, which names its seeds itself (now {first_seed})")
    if kind != "csv" and not (task and variant):
        raise UsageError(f"{kind} names no task and no variant; give both --task and --variant")
    if kind != "monitor" and checkpoints is not None:
        raise UsageError(f"--checkpoints has no meaning for {kind}, which has its own (now {checkpoints})")
    if first_seed < 0:
        raise UsageError(f"--first-seed must be at least 0, not {first_seed}")
    if checkpoints is not None and checkpoints < 1:
        raise UsageError(f"--checkpoints must be at least 1, not {checkpoints}")


def _runs(kind: str, paths: Sequence[Path], first_seed: int, checkpoints: int) -> pd.DataFrame:
    """The runs of one variant, each with its seed."""
    read = [read_monitor(p, checkpoints) if kind == "monitor" else read_evaluations(p) for p in paths]
    return pd.concat([frame.assign(seed=first_seed + i) for i, frame in enumerate(read)], ignore_index=True)


def _from_csv(
    paths: Sequence[Path], task: str | None, variant: str | None, target: ImportTarget
) -> tuple[pd.DataFrame, dict[str, ScaledTask]]:
    """The rows of all CSVs that were picked; a run lies in one of the files."""
    frame = pd.concat([read_csv(path) for path in paths], ignore_index=True)
    for column, name in (("task", task), ("variant", variant)):
        if name is not None:
            if name not in (there := set(frame[column])):
                raise UnknownName(f"{column} in the CSV", name, there)
            frame = frame[frame[column] == name]
    twice = frame[frame.duplicated([*RUN, "checkpoint"])]
    if len(twice):
        row = twice.iloc[0]
        raise UsageError(f"{row.variant} on {row.task}, seed {row.seed}, is in two of the files")
    target.check_variants(frame["variant"].unique())
    tasks = target.tasks(frame["task"].unique(), by_user=task is not None)
    return frame.sort_values([*RUN, "checkpoint"], ignore_index=True), tasks


def _write(
    frame: pd.DataFrame, tasks: dict[str, ScaledTask], folder: Path, provenance: dict[str, object]
) -> list[Path]:
    """One file a (task, variant); nothing is written unless all of them can be."""
    ready: dict[Path, tuple[pd.DataFrame, dict[str, Any]]] = {}
    for key, rows in frame.groupby(["task", "variant"], sort=False):
        named, variant = map(str, key)
        task, scale = tasks[named]
        rows = rows.assign(task=task)
        path = folder / "imported" / f"{file_safe(task)}__{file_safe(variant)}__{_digest(rows)}.parquet"
        ready[path] = rows, _meta(rows, scale, provenance)
    for other in imported_cells(folder):
        if other not in ready:
            _check_present(other, [meta for _, meta in ready.values()])
    for path, (rows, meta) in ready.items():
        member = {seed: i for i, seed in enumerate(meta["cell"]["members"]["seeds"])}
        found = rows.to_dict("records")
        save_rows(path, [{**row, "member": member[row["seed"]], "measures": []} for row in found], meta)
    return list(ready)


def _digest(rows: pd.DataFrame) -> str:
    """Of what was measured and by whom: the same curves are the same file, from wherever they come."""
    return hashlib.sha256(rows.to_csv(index=False).encode()).hexdigest()[:16]


def _meta(rows: pd.DataFrame, scale: Scale, provenance: dict[str, object]) -> dict[str, Any]:
    """What a report reads beside the rows, as run_cell writes it; notices where scores are missing."""
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
        there = read_meta(other)
    except Damaged as error:
        raise UsageError(f"damaged: {error}; remove it and import it again") from error
    for meta in metas:
        cell, scale, before = meta["cell"], meta["reading"]["scale"], there["reading"]["scale"]
        if there["cell"]["task"] != cell["task"]:
            continue
        if (task := cell["task"]["name"]) not in TASKS and before != scale:
            raise UsageError(
                f"{other.name} gives {task} the scale {before}, not {scale}; remove it to change the scale"
            )
        shared = sorted(set(there["cell"]["members"]["seeds"]) & set(cell["members"]["seeds"]))
        if there["cell"]["algorithm"] == cell["algorithm"] and shared:
            raise UsageError(f"{other.name} holds other rows of seed {shared[0]}; remove it, or take other seeds")
