"""Learning curves that others wrote, as rows of our tables: stable-baselines3's Monitor and EvalCallback, and CSV."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.npyio import NpzFile

from benchmarks.imports.csv_table import read_table
from benchmarks.store.cells import SCHEMA
from envs.validation import UsageError

MONITOR, EVALUATIONS = "monitor.csv", "evaluations.npz"
CHECKPOINTS = 20
RUN = ["task", "variant", "seed"]
_TYPES = {"string": "str", "double": "float64"}


def read_monitor(path: Path, checkpoints: int = CHECKPOINTS) -> pd.DataFrame:
    """A run (a folder of Monitor files, or one): the mean return of its training episodes in equal intervals of steps.

    Episodes are in the order in which they ended, whichever environment they come from, and their lengths add up to
    env_steps; what an episode that never ended had taken is in no file. An interval in which none ended has the return
    of the last episode before it, and before any has ended that of the first.
    """
    if checkpoints < 1:
        raise UsageError(f"checkpoints must be at least 1, not {checkpoints}")
    episodes = _episodes(path)
    returns, seconds = episodes["r"].to_numpy(), episodes["t"].to_numpy()
    steps = episodes["l"].to_numpy().cumsum()
    at = np.arange(1, checkpoints + 1) * steps[-1] // checkpoints
    ended = np.searchsorted(steps, at, side="right")  # episodes, by each checkpoint
    latest = np.maximum(ended - 1, 0)
    first = np.minimum([0, *ended[:-1]], latest)  # of the interval; where none ended in it, the latest alone is read
    return _rows(
        checkpoint=np.arange(checkpoints),
        fraction=np.arange(1, checkpoints + 1) / checkpoints,
        env_steps=at,
        wall_s=seconds[latest],
        eval_return=[returns[a : b + 1].mean() for a, b in zip(first, latest, strict=True)],
    )


def read_evaluations(path: Path) -> pd.DataFrame:
    """EvalCallback's evaluations.npz, or the folder that holds it: the mean return of each evaluation's episodes."""
    file = _files(path, EVALUATIONS)[0]
    try:
        with np.load(file) as arrays:
            if not isinstance(arrays, NpzFile):
                raise ValueError("it is a single array")
            steps, results = np.asarray(arrays["timesteps"], np.int64), np.asarray(arrays["results"], float)
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise UsageError(f"{file.name} is not what EvalCallback writes: {error}") from error
    if steps.ndim != 1 or results.ndim != 2 or len(steps) != len(results) or not results.size:
        raise UsageError(f"{file.name}: timesteps {steps.shape} and results {results.shape} must be [K], [K, episodes]")
    if (fall := np.flatnonzero(np.diff(steps) <= 0)).size:
        a, b = steps[fall[0]], steps[fall[0] + 1]
        raise UsageError(f"{file.name}: timesteps must rise, but {b} follows {a}: it holds more than one run")
    return _rows(
        checkpoint=np.arange(len(steps)),
        fraction=steps / max(steps[-1], 1),
        env_steps=steps,
        eval_return=results.mean(axis=1),
    )


def read_csv(path: Path) -> pd.DataFrame:
    """Curves of any number of runs: variant, task, seed, env_steps, score; wall_s, updates, diverged where they are."""
    file = _files(path)[0]
    table = read_table(_text(file), file.name, ("variant", "task", "seed", "env_steps", "score"))
    optional: dict[str, Callable[[str], Sequence[object]]] = {
        "wall_s": partial(table.numbers, blank=np.nan),
        "updates": partial(table.integers, least=0, blank=0),
        "diverged": table.booleans,
    }
    if table.frame.empty:
        raise UsageError(f"{file.name} has no rows")
    frame = _rows(
        task=table.words("task"),
        variant=table.words("variant"),
        seed=table.integers("seed", 0),
        checkpoint=0,
        fraction=0.0,
        env_steps=table.integers("env_steps", 0),
        eval_return=table.numbers("score", np.nan),
        **{name: column(name) for name, column in optional.items() if name in table.frame},
    )
    return _numbered(frame, file.name)


def _numbered(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The rows of each run in order of their steps, with their checkpoints and fractions."""
    frame = frame.sort_values([*RUN, "env_steps"], kind="stable", ignore_index=True)
    twice = frame[frame.duplicated([*RUN, "env_steps"])]
    if len(twice):
        row = twice.iloc[0]
        raise UsageError(
            f"{source}: two rows of {row.variant} on {row.task}, seed {row.seed}, env_steps {row.env_steps}"
        )
    _check_runs(frame, source)
    runs = frame.groupby(RUN, sort=False)
    frame["checkpoint"] = runs.cumcount()
    frame["fraction"] = frame["env_steps"] / runs["env_steps"].transform("max").clip(lower=1)
    return frame


def _check_runs(frame: pd.DataFrame, source: str) -> None:
    """Refuse runs without a length, and two runs under one seed: their steps interleave, their clocks do not."""
    ends = frame.groupby(RUN, sort=False)["env_steps"].max()
    if (ends == 0).any():
        task, variant, seed = ends.index[ends == 0][0]
        raise UsageError(
            f"{source}: {variant} on {task}, seed {seed}, ends at env_steps 0: give the steps it was trained"
        )
    for name in ("wall_s", "updates"):
        known = frame[frame[name].notna() & (frame[name] > 0)]
        falls = known.groupby(RUN, sort=False)[name].diff() < 0
        if falls.any():
            row = known[falls].iloc[0]
            where = f"{row.variant} on {row.task}, seed {row.seed}: {name} falls at env_steps {row.env_steps}"
            raise UsageError(f"{source}: {where}; it holds more than one run")


def _rows(**columns: Any) -> pd.DataFrame:
    """The columns of a cell without its measures and indices of members: those given, and what a log does not say."""
    unknown = {"task": "", "variant": "", "seed": 0, "learning_rate": np.nan, "updates": 0, "wall_s": np.nan}
    frame = pd.DataFrame({**unknown, "eval_return_greedy": np.nan, "diverged": False, **columns})
    frame["diverged"] |= ~np.isfinite(frame["eval_return"])
    types = {f.name: _TYPES.get(str(f.type), str(f.type)) for f in SCHEMA if f.name not in ("member", "measures")}
    return frame[list(types)].astype(types)


def _episodes(path: Path) -> pd.DataFrame:
    """r, l, t of all finished episodes of a run, ordered by the time of day at which they ended; t from its start."""
    files = _files(path, MONITOR)
    runs = [_monitor_file(file) for file in files]
    episodes = pd.concat([frame for _, frame in runs]).sort_values("t", kind="stable", ignore_index=True)
    if episodes.empty:
        raise UsageError(f"{path} holds no finished episode")
    episodes["t"] -= min(start for start, _ in runs)
    return episodes


def _monitor_file(file: Path) -> tuple[float, pd.DataFrame]:
    """When the file's environment started, and its episodes, t in seconds since the epoch."""
    first, _, text = _text(file).partition("\n")
    try:
        start = float(json.loads(first.removeprefix("#"))["t_start"])
    except (ValueError, KeyError, TypeError):
        raise UsageError(f'{file.name}: its first line must be #{{"t_start": ...}}, not {first.strip()!r}') from None
    table = read_table(text, file.name, ("r", "l", "t"), skipped=1)
    ended = np.array(table.numbers("t"))
    if (fall := np.flatnonzero(~(np.diff(ended) >= 0))).size:
        line = table.frame.index[fall[0] + 1]
        raise UsageError(f"{file.name}, line {line}: t falls: another run was appended, whose start is not in the file")
    return start, pd.DataFrame({"r": table.numbers("r", np.nan), "l": table.integers("l", 1), "t": ended + start})


def _files(path: Path, ending: str = "") -> list[Path]:
    """The file itself, or the files of a folder whose names end so, by name."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError(f"{path} does not exist")
    files = sorted(path.glob(f"*{ending}")) if ending else []
    if not files:
        inside = ", ".join(sorted(p.name for p in path.iterdir())[:5]) or "nothing"
        wanted = f"no *{ending}" if ending else "no file that was named"
        raise UsageError(f"{path} is a folder with {wanted}; it holds: {inside}")
    return files


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file.name} is no text: {error}") from error
