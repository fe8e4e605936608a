"""Learning curves that others wrote, as rows of our tables: stable-baselines3's Monitor and EvalCallback, and CSV."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.lib.npyio import NpzFile

from benchmarks.imports.csv_table import read_table
from benchmarks.imports.curves import files_of, intervals, numbered, rows, text_of
from envs.validation import UsageError

MONITOR, EVALUATIONS = "monitor.csv", "evaluations.npz"
CHECKPOINTS = 20


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
    return intervals(steps, returns, seconds, checkpoints)


def read_evaluations(path: Path) -> pd.DataFrame:
    """EvalCallback's evaluations.npz, or the folder that holds it: the mean return of each evaluation's episodes."""
    file = files_of(path, EVALUATIONS)[0]
    try:
        with np.load(file, allow_pickle=False) as arrays:
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
    return rows(
        checkpoint=np.arange(len(steps)),
        fraction=steps / max(steps[-1], 1),
        env_steps=steps,
        eval_return=results.mean(axis=1),
    )


def read_csv(path: Path) -> pd.DataFrame:
    """Curves of any number of runs: variant, task, seed, env_steps, score; wall_s, updates, diverged where they are."""
    file = files_of(path)[0]
    table = read_table(text_of(file), file.name, ("variant", "task", "seed", "env_steps", "score"))
    optional: dict[str, Callable[[str], Sequence[object]]] = {
        "wall_s": partial(table.numbers, blank=np.nan),
        "updates": partial(table.integers, least=0, blank=0),
        "diverged": table.booleans,
    }
    if table.frame.empty:
        raise UsageError(f"{file.name} has no rows")
    frame = rows(
        task=table.words("task"),
        variant=table.words("variant"),
        seed=table.integers("seed", 0),
        checkpoint=0,
        fraction=0.0,
        env_steps=table.integers("env_steps", 0),
        eval_return=table.numbers("score", np.nan),
        **{name: column(name) for name, column in optional.items() if name in table.frame},
    )
    return numbered(frame, file.name)


def _episodes(path: Path) -> pd.DataFrame:
    """r, l, t of all finished episodes of a run, ordered by the time of day at which they ended; t from its start."""
    files = files_of(path, MONITOR)
    runs = [_monitor_file(file) for file in files]
    episodes = pd.concat([frame for _, frame in runs]).sort_values("t", kind="stable", ignore_index=True)
    if episodes.empty:
        raise UsageError(f"{path} holds no finished episode")
    episodes["t"] -= min(start for start, _ in runs)
    return episodes


def _monitor_file(file: Path) -> tuple[float, pd.DataFrame]:
    """When the file's environment started, and its episodes, t in seconds since the epoch."""
    first, _, text = text_of(file).partition("\n")
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
