"""Rows of learning curves that come from elsewhere: their columns, their order, and the means of intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.store.cells import SCHEMA
from envs.validation import UsageError

RUN = ["task", "variant", "seed"]
_TYPES = {"string": "str", "double": "float64"}


def intervals(steps: np.ndarray, returns: np.ndarray, seconds: np.ndarray, checkpoints: int) -> pd.DataFrame:
    """The mean return in each of `checkpoints` equal intervals of environment steps.

    An interval without a return has the last one before it, and before any that of the first.
    """
    at = np.arange(1, checkpoints + 1) * steps[-1] // checkpoints
    ended = np.searchsorted(steps, at, side="right")  # returns, by each checkpoint
    latest = np.maximum(ended - 1, 0)
    first = np.minimum([0, *ended[:-1]], latest)  # of the interval; where none is in it, the latest alone is read
    return rows(
        checkpoint=np.arange(checkpoints),
        fraction=np.arange(1, checkpoints + 1) / checkpoints,
        env_steps=at,
        wall_s=seconds[latest],
        eval_return=[returns[a : b + 1].mean() for a, b in zip(first, latest, strict=True)],
    )


def numbered(frame: pd.DataFrame, source: str) -> pd.DataFrame:
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


def rows(**columns: Any) -> pd.DataFrame:
    """The columns of a cell without its measures and indices of members: those given, and what a log does not say."""
    unknown = {"task": "", "variant": "", "seed": 0, "learning_rate": np.nan, "updates": 0, "wall_s": np.nan}
    frame = pd.DataFrame({**unknown, "eval_return_greedy": np.nan, "diverged": False, **columns})
    frame["diverged"] |= ~np.isfinite(frame["eval_return"])
    types = {f.name: _TYPES.get(str(f.type), str(f.type)) for f in SCHEMA if f.name not in ("member", "measures")}
    return frame[list(types)].astype(types)


def files_of(path: Path, ending: str = "") -> list[Path]:
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


def text_of(file: Path) -> str:
    """The text of a file. UsageError where it is none."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file.name} is no text: {error}") from error
