"""Runs of Weights & Biases: offline folders, and three kinds of CSV.

an offline folder                   its config names task, variant and seed
a CSV with a column seed            as `history()` of the API with columns of the config: it names them too
a CSV of a chart                    Step, "NAME - METRIC", ...: a run each column, the seeds in their order
any other CSV                       the history of one run
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.imports.csv_table import CsvTable, read_table
from benchmarks.imports.curves import intervals, rows, text_of
from benchmarks.imports.wandb_files import read_run
from envs.validation import UnknownName, UsageError

# where the field's programs put things; the first that a run has is taken
TASK = ("task", "env_id", "env", "env_name", "environment", "gym_id")
VARIANT = ("variant", "algo", "algorithm", "exp_name")
METRIC = ("score/return", "charts/episodic_return", "rollout/ep_rew_mean", "eval/mean_reward")
STEPS = ("env_steps", "global_step", "Step", "_step")
SECONDS = "_runtime"
BETWEEN = " - "  # a run's name and a metric, in a chart's CSV


@dataclass(frozen=True)
class Curve:
    """A run's rows, and what its source says of it."""

    rows: pd.DataFrame
    name: str
    project: str | None = None
    config: Mapping[str, Any] | None = None  # None: the source names no task, variant and seed


@dataclass(frozen=True)
class Columns:
    """What the user says of the columns: which is the return, which the environment steps; and how many points."""

    metric: str | None = None
    steps: str | None = None
    checkpoints: int | None = None

    def pick(self, names: Sequence[str], source: str) -> tuple[str, str]:
        """(metric, steps) among a source's names. UsageError where there is none."""
        return (
            _first("--metric", self.metric, METRIC, names, source),
            _first("--steps", self.steps, STEPS, names, source),
        )

    def curve(
        self, steps: Iterable[float], returns: Iterable[float], seconds: Iterable[float], source: str
    ) -> pd.DataFrame:
        """The rows of a run; several returns at one step become their mean."""
        points = pd.DataFrame({"steps": steps, "return": returns, "seconds": seconds}, dtype=float)
        points = points.dropna(subset=["steps", "return"])
        if points.empty:
            raise UsageError(f"{source} holds no row with a return and its environment steps")
        points = points.groupby("steps", as_index=False).mean()
        at, scores, clock = (points[name].to_numpy() for name in ("steps", "return", "seconds"))
        if (at < 0).any() or (at != at.round()).any():
            raise UsageError(f"{source}: environment steps must be whole numbers of at least 0")
        if self.checkpoints is not None:
            return intervals(at.astype(np.int64), scores, clock, self.checkpoints)
        return rows(
            checkpoint=np.arange(len(at)),
            fraction=at / max(at[-1], 1),
            env_steps=at.astype(np.int64),
            eval_return=scores,
            wall_s=clock,
        )


def read_wandb(path: Path, columns: Columns) -> list[Curve]:
    """The runs of an offline folder (or of the folder that holds several), of a .wandb file, or of a CSV."""
    if path.suffix == ".wandb":
        return [_offline(path, columns)]
    if path.is_dir():
        folders = [path] if list(path.glob("run-*.wandb")) else sorted(path.glob("*run-*/"))
        if not folders:
            raise UsageError(f"{path} holds no offline run: name offline-run-... or the folder wandb that has them")
        return [_offline(folder, columns) for folder in folders if folder.resolve().name != "latest-run"]
    table = read_table(text_of(path), path.name, ())
    if table.frame.empty:
        raise UsageError(f"{path.name} has no rows")
    header = table.header
    if any(BETWEEN in name for name in header):
        return _chart(table, columns)
    return _named(table, columns) if "seed" in header else [_history(table, columns)]


def _offline(path: Path, columns: Columns) -> Curve:
    run = read_run(path)
    metric, steps = columns.pick(sorted({name for row in run.rows for name in row}), run.name or path.name)
    points = [(row[steps], row[metric], row.get(SECONDS, np.nan)) for row in run.rows if {steps, metric} <= row.keys()]
    try:
        at, returns, seconds = np.array(points, float).reshape(-1, 3).T
    except (TypeError, ValueError):
        raise UsageError(f"{run.name}: {metric} and {steps} must be numbers") from None
    return Curve(columns.curve(at, returns, seconds, run.name), run.name, run.project, run.config)


def _chart(table: CsvTable, columns: Columns) -> list[Curve]:
    """A run each column of the metric."""
    header = table.header
    plain = [name for name in header if BETWEEN in name and not name.endswith(("__MIN", "__MAX"))]
    metrics = {name.rpartition(BETWEEN)[2] for name in plain}
    if columns.metric is None and len(metrics) > 1:
        raise UsageError(f"{table.source} has several metrics: {', '.join(sorted(metrics))}; choose one with --metric")
    metric = _first("--metric", columns.metric, sorted(metrics), sorted(metrics), table.source)
    steps = table.numbers(_first("--steps", columns.steps, (header[0],), header, table.source), np.nan)
    unknown = np.full(len(steps), np.nan)
    curves = []
    for column in plain:
        name, _, of = column.rpartition(BETWEEN)
        if of == metric:
            curve = columns.curve(steps, table.numbers(column, np.nan), unknown, f"{table.source}, {name}")
            curves.append(Curve(curve, name))
    return curves


def _history(table: CsvTable, columns: Columns) -> Curve:
    metric, steps = columns.pick(table.header, table.source)
    seconds = table.numbers(SECONDS, np.nan) if SECONDS in table.frame else np.full(len(table.frame), np.nan)
    curve = columns.curve(table.numbers(steps, np.nan), table.numbers(metric, np.nan), seconds, table.source)
    return Curve(curve, table.source)


def _named(table: CsvTable, columns: Columns) -> list[Curve]:
    """A run each different task, variant and seed."""
    present = [name for name in (*TASK, *VARIANT, "seed", "project") if name in table.frame]
    curves = []
    for _, part in table.frame.groupby(present, sort=False):
        config = {name: part[name].iloc[0] for name in present}
        curve = _history(CsvTable(table.source, part), columns)
        curves.append(Curve(curve.rows, f"{table.source}, {config}", config.get("project"), config))
    return curves


def _first(flag: str, given: str | None, usual: Sequence[str], names: Sequence[str], source: str) -> str:
    if given is not None:
        if given not in names:
            raise UnknownName(f"{flag} of {source}", given, names)
        return given
    found = next((name for name in usual if name in names), None)
    if found is None:
        shown = ", ".join(name for name in names[:12]) or "none"
        raise UsageError(f"{source}: say which of its columns is meant with {flag}; it has {shown}")
    return found
