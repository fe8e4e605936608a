"""Experiment logs of rlox (its benchmarks/convergence): a JSON file a run, of rlox itself or of stable-baselines3.

{"framework", "algorithm", "environment", "seed", "hyperparameters", "hardware",
 "evaluations": [{"step", "wall_clock_s", "mean_return", ...}, ...], "training_metrics"}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.imports.curves import files_of, numbered, rows, text_of
from benchmarks.validation.numbers import whole_number
from envs.validation import UsageError

WORDS = ("framework", "algorithm", "environment")


def read_rlox(path: Path) -> pd.DataFrame:
    """The runs of a file or of a folder's .json files; variants are called framework:algorithm, as rlox:PPO.

    UsageError for a file of another kind, without a seed, and for runs of one variant whose hyperparameters differ.
    """
    frames, settings = [], dict[tuple[str, str], tuple[str, Any]]()
    for file in files_of(path, ".json"):
        log = _log(file)
        variant, task = f"{log['framework']}:{log['algorithm']}", log["environment"]
        other, before = settings.setdefault((variant, task), (file.name, log.get("hyperparameters")))
        if log.get("hyperparameters") != before:
            raise UsageError(
                f"{other} and {file.name} are both of {variant} on {task}, and their hyperparameters differ: "
                "import them one by one, into different experiments"
            )
        frames.append(_curve(file, log).assign(variant=variant, task=task, seed=_seed(file, log)))
    return numbered(pd.concat(frames, ignore_index=True), path.name)


def _log(file: Path) -> Mapping[str, Any]:
    try:
        log = json.loads(text_of(file))
    except ValueError as error:
        raise UsageError(f"{file.name} is no JSON: {error}") from error
    absent = [name for name in (*WORDS, "evaluations") if not isinstance(log, dict) or not log.get(name)]
    if absent:
        raise UsageError(f"{file.name} is no experiment log of rlox: it has no {', '.join(absent)}")
    if wrong := [name for name in WORDS if not isinstance(log[name], str)]:
        raise UsageError(f"{file.name}: {wrong[0]} must be a name, not {log[wrong[0]]!r}")
    return dict(log)


def _seed(file: Path, log: Mapping[str, Any]) -> int:
    seed = log.get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise UsageError(f"{file.name}: seed must be a whole number of at least 0, not {seed!r}")
    return seed


def _curve(file: Path, log: Mapping[str, Any]) -> pd.DataFrame:
    try:
        points = [
            (whole_number(str(e["step"])), float(e["mean_return"]), float(e["wall_clock_s"]))
            for e in log["evaluations"]
        ]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UsageError(
            f"{file.name}: an evaluation needs step, mean_return and wall_clock_s ({type(error).__name__}: {error})"
        ) from error
    steps, returns, seconds = zip(*points, strict=True)
    return rows(env_steps=steps, eval_return=returns, wall_s=seconds, checkpoint=0, fraction=0.0)
