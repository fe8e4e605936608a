"""The kinds of import. Each says what its returns are, which flags it takes, and reads its runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from benchmarks.imports.curves import RUN, numbered
from benchmarks.imports.rlox import read_rlox
from benchmarks.imports.sources import CHECKPOINTS, read_csv, read_evaluations, read_monitor
from benchmarks.imports.wandb_runs import TASK, VARIANT, Columns, Curve, read_wandb
from benchmarks.validation.numbers import LARGEST, whole_number
from envs.validation import UnknownName, UsageError

WANDB = "wandb"  # in the place of a project that a CSV does not name


@dataclass(frozen=True)
class ReadFlags:
    """What the command line says of the runs; None where it says nothing."""

    task: str | None = None
    variant: str | None = None
    first_seed: int = 0
    checkpoints: int | None = None
    metric: str | None = None
    steps: str | None = None

    def given(self) -> dict[str, object]:
        """The flags that not every kind takes, by their names."""
        values = {"first-seed": self.first_seed or None, "checkpoints": self.checkpoints,
                  "metric": self.metric, "steps": self.steps}  # fmt: skip
        return {name: value for name, value in values.items() if value is not None}


class Kind(Protocol):
    """A kind of import."""

    @property
    def returns(self) -> str:
        """What a return is; the provenance of the rows says it."""

    def check(self, name: str, flags: ReadFlags) -> None:
        """Refuse flags without a meaning for this kind, and ask for those that it needs. No file is read."""

    def read(self, paths: Sequence[Path], flags: ReadFlags) -> pd.DataFrame:
        """The rows of all runs, each with its task, variant and seed, in the order of RUN and checkpoints."""


@dataclass(frozen=True)
class OneRunAPath:
    """A path is a run of --variant on --task; the first has seed --first-seed, the next the next."""

    returns: str
    reader: Callable[[Path, int], pd.DataFrame]
    takes_checkpoints: bool = False

    def check(self, name: str, flags: ReadFlags) -> None:
        if not (flags.task and flags.variant):
            raise UsageError(f"{name} names no task and no variant; give both --task and --variant")
        takes = ("first-seed", "checkpoints") if self.takes_checkpoints else ("first-seed",)
        refuse(flags, takes, f"{name}, which has its own" if "checkpoints" in flags.given() else name)

    def read(self, paths: Sequence[Path], flags: ReadFlags) -> pd.DataFrame:
        frames = [self.reader(path, flags.checkpoints or CHECKPOINTS) for path in paths]
        return in_order(frames, flags)


@dataclass(frozen=True)
class NamedRuns:
    """Files that name the tasks, variants and seeds of their runs; --task and --variant pick some."""

    returns: str
    reader: Callable[[Path], pd.DataFrame]

    def check(self, name: str, flags: ReadFlags) -> None:
        refuse(flags, (), f"{name}, which names its seeds itself" if flags.first_seed else name)

    def read(self, paths: Sequence[Path], flags: ReadFlags) -> pd.DataFrame:
        return picked(pd.concat([self.reader(path) for path in paths], ignore_index=True), flags)


@dataclass(frozen=True)
class WandbRuns:
    """Offline folders and CSV of Weights & Biases, whose runs say what they are or do not (imports.wandb_runs)."""

    returns: str = "as the metric that was logged"

    def check(self, name: str, flags: ReadFlags) -> None:
        """Which flags are needed depends on the files."""

    def read(self, paths: Sequence[Path], flags: ReadFlags) -> pd.DataFrame:
        columns = Columns(flags.metric, flags.steps, flags.checkpoints)
        curves = [curve for path in paths for curve in read_wandb(path, columns)]
        projects = sorted({curve.project for curve in curves if curve.project})
        if len(projects) > 1:
            raise UsageError(f"the runs are of several projects ({', '.join(projects)}): import them one by one")
        silent = [curve for curve in curves if curve.config is None]
        if not silent:
            named = pd.concat([_named(curve) for curve in curves], ignore_index=True)
            return picked(numbered(named, projects[0] if projects else WANDB), flags)
        name = silent[0].name
        if len(silent) < len(curves):
            raise UsageError(f"{name} names no task, variant and seed, and others do: import them one by one")
        if not (flags.task and flags.variant):
            raise UsageError(f"{name} names no task and no variant; give both --task and --variant")
        return in_order([curve.rows for curve in curves], flags)


def _named(curve: Curve) -> pd.DataFrame:
    """The rows with the names and the seed of the run's config; a variant is called project:variant."""
    config = curve.config or {}
    try:
        seed = whole_number(str(config["seed"]))
    except (KeyError, ValueError, OverflowError):
        raise UsageError(
            f"{curve.name} has no seed in its config; export its history as a CSV, and give --first-seed"
        ) from None
    task, variant = _setting(curve, config, TASK, "task"), _setting(curve, config, VARIANT, "variant")
    return curve.rows.assign(task=task, variant=f"{curve.project or WANDB}:{variant}", seed=seed)


def _setting(curve: Curve, config: Mapping[str, Any], keys: Sequence[str], what: str) -> str:
    found = next((config[key] for key in keys if isinstance(config.get(key), str) and config[key]), None)
    if found is None:
        raise UsageError(f"{curve.name} names no {what} in its config (none of {', '.join(keys)})")
    return str(found)


def refuse(flags: ReadFlags, takes: Sequence[str], kind: str) -> None:
    """UsageError for the first flag that is given and has no meaning."""
    for flag, value in flags.given().items():
        if flag not in takes:
            raise UsageError(f"--{flag} has no meaning for {kind} (now {value})")


def in_order(frames: Sequence[pd.DataFrame], flags: ReadFlags) -> pd.DataFrame:
    """The runs of one variant on one task, each with its seed."""
    if flags.first_seed + len(frames) - 1 > LARGEST:
        raise UsageError(f"seeds are at most {LARGEST}, and --first-seed {flags.first_seed} leads beyond")
    runs = [frame.assign(seed=flags.first_seed + i) for i, frame in enumerate(frames)]
    return pd.concat(runs, ignore_index=True).assign(task=flags.task, variant=flags.variant)


def picked(frame: pd.DataFrame, flags: ReadFlags) -> pd.DataFrame:
    """The rows of the named task and variant; a run lies in one of the files."""
    for column, name in (("task", flags.task), ("variant", flags.variant)):
        if name is not None:
            if name not in (present := set(frame[column])):
                raise UnknownName(f"imported {column}", name, present)
            frame = frame[frame[column] == name]
    twice = frame[frame.duplicated([*RUN, "checkpoint"])]
    if len(twice):
        row = twice.iloc[0]
        raise UsageError(f"{row.variant} on {row.task}, seed {row.seed}, is in two of the files")
    return frame.sort_values([*RUN, "checkpoint"], ignore_index=True)


KINDS: dict[str, Kind] = {
    "monitor": OneRunAPath(
        "training episodes, mean of those that ended in each interval", read_monitor, takes_checkpoints=True
    ),
    "evaluations": OneRunAPath(
        "evaluation episodes, mean of each evaluation (its log does not say whether actions were sampled)",
        lambda path, _: read_evaluations(path),
    ),
    "csv": NamedRuns("as the file gives them", read_csv),
    "rlox": NamedRuns("evaluation episodes, mean of each evaluation", read_rlox),
    "wandb": WandbRuns(),
}
