"""Made-up results with known differences, for tables, figures and reports; as files, of any size.

`python -m tests.benchmarks.synthetic_results FOLDER` writes 12 variants x 16 tasks x 20 seeds x 40 checkpoints; then
`python -m benchmarks report ladder --results FOLDER` makes a report.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from algorithms.estimators.diagnostics import NAMES
from algorithms.training.records import Record
from benchmarks.design.cell import RESULTS_VERSION
from benchmarks.figures.measures import MeasureCurves
from benchmarks.reports.inputs import ReportInput
from benchmarks.store.cells import save_cell
from benchmarks.store.descriptions import digest
from benchmarks.store.many.frames import MEASURE_COLUMNS
from benchmarks.store.suite import Suite
from envs.api import Scale

RATE = 0.01
RUNGS = ("reinforce", "reward_to_go", "baseline_loo", "gae", "ppo")
PARENTS = {
    "reinforce": None,
    "reward_to_go": "reinforce",
    "baseline_loo": "reward_to_go",
    "gae": "baseline_loo",
    "ppo": "gae",
    "random": None,
}
GAIN = {"reinforce": 0.2, "reward_to_go": 0.5, "baseline_loo": 0.5, "gae": 0.8, "ppo": 0.78}
NO_MEASURES = pd.DataFrame(columns=MEASURE_COLUMNS)
SCALES = {
    "CartPole-v1": Scale(20.0, 500.0, 475.0),
    "transduce/reverse-medium": Scale(0.25, 1.0, 0.96),
    "gymnasium:MountainCar-v0": Scale(-200.0, -100.0, -110.0),
}


def run_rows(
    task: str,
    variant: str,
    seed: int,
    returns: Sequence[float],
    greedy: float = float("nan"),
    steps: int = 1000,
    updates: int = 1,
    seconds: float = 1.0,
    rate: float = RATE,
) -> list[dict[str, object]]:
    """The rows of one run, one for each checkpoint.

    returns                  of the checkpoints; a run has diverged where it is NaN
    greedy                   return of greedy actions at the last checkpoint
    steps, updates, seconds  between two checkpoints
    """
    last = len(returns) - 1
    return [
        {
            "task": task, "variant": variant, "seed": seed, "learning_rate": rate, "checkpoint": k,
            "fraction": k / max(last, 1), "env_steps": steps * k, "updates": updates * k, "wall_s": seconds * k,
            "eval_return": value, "eval_return_greedy": greedy if k == last else np.nan, "diverged": bool(np.isnan(value)),
        }
        for k, value in enumerate(returns)
    ]  # fmt: skip


def frame(seeds: int = 10, checkpoints: int = 6) -> pd.DataFrame:
    """Scores rise linearly to GAIN of the scale, with a luck that each seed shares over variants and tasks."""
    rng, rows = np.random.default_rng(1), []
    luck = rng.normal(0, 0.05, seeds)
    for task, scale in SCALES.items():
        for variant in (*RUNGS, "random"):
            for seed in range(seeds):
                count = checkpoints if variant != "random" else 1
                end = GAIN.get(variant, 0.0) + luck[seed] + rng.normal(0, 0.01, count)
                values = scale.floor + (scale.ceiling - scale.floor) * np.arange(count) / (checkpoints - 1) * end
                rows += run_rows(task, variant, seed, values.tolist(), values[-1].item(), updates=10, seconds=2.0)
    return pd.DataFrame(rows)


def suite(made: pd.DataFrame, imported: frozenset[str] = frozenset()) -> Suite:
    """The frame as arrays."""
    return Suite(made, SCALES, (*RUNGS, "random"), frozenset(), imported)


def measures_of(made: pd.DataFrame) -> pd.DataFrame:
    """An episode length for every row that learned."""
    rows = made[made["variant"] != "random"].assign(measure="length", value=made["seed"] + 1.0)
    return rows[MEASURE_COLUMNS]


def report_input(made: pd.DataFrame, out: Path) -> ReportInput:
    """The frame as the report takes it."""
    return ReportInput(
        name="made",
        question="What does each ingredient buy?",
        suite=suite(made),
        measures=measures_of(made),
        texts={"transduce/reverse-medium": {"untrained": ["1 2 => | 1 1"], "gae": ["1 2 => | 2 1"]}},
        figures=(MeasureCurves("lengths", "How long episodes are", measures=("score", "length")),),
        parents=PARENTS,
        changes={v: f"what {v} changes" for v in (*RUNGS, "random")},
        provenance={"commit": "abc"},
        out=out,
    )


def meta(task: str, variant: str, seeds: Sequence[int], checkpoints: int = 6, **changes: Any) -> dict[str, Any]:
    """What a cell says of itself; `changes` replace entries of its configuration."""
    members = {"seeds": list(seeds), "rates": [RATE] * len(seeds)}
    cell = {
        "task": {"name": task},
        "algorithm": {"name": variant},
        "members": members,
        "evaluation": {"checkpoints": checkpoints - 1},
        **changes,
    }
    provenance = {"commit": "abc", "device": "cpu", "packages": {"torch": "2.13.0"}, "results_version": RESULTS_VERSION}
    reading = {"scale": [0.0, 1.0, 0.9], "parent": None, "change": "made", "optional": False}
    return {"cell": cell, "provenance": provenance, "reading": reading, "texts": {}}


def records(score: np.ndarray, seeds: Sequence[int], measures: Mapping[str, float]) -> list[Record]:
    """Records of a cell whose returns are score [checkpoints, seeds]; the same measures at each of them."""
    last = len(score) - 1
    return [
        Record(
            seed=seed, learning_rate=RATE, checkpoint=k, fraction=k / max(last, 1), env_steps=1000 * k, updates=10 * k,
            wall_s=2.0 * k, eval_return=float(score[k, i]),
            eval_return_greedy=float(score[k, i]) if k == last else float("nan"), diverged=bool(np.isnan(score[k, i])),
            measures=dict(measures), member=i,
        )
        for k in range(last + 1)
        for i, seed in enumerate(seeds)
    ]  # fmt: skip


def write_cell(
    folder: Path,
    task: str,
    variant: str,
    seeds: Sequence[int],
    score: np.ndarray,
    measures: Mapping[str, float] | None = None,
    **changes: Any,
) -> Path:
    """A cell on disk, of returns score [checkpoints, seeds]; the same measures in each row."""
    said = meta(task, variant, seeds, len(score), **changes)
    own = digest(said["cell"], results_version=said["provenance"]["results_version"])
    name = f"{task.replace('/', '-')}__{variant}__seeds{seeds[0]}-{seeds[-1]}__{own}"
    path = folder / "cells" / f"{name}.parquet"
    rows = records(score, seeds, measures or dict.fromkeys(("length", "entropy", *NAMES), 0.5))
    save_cell(path, task, variant, rows, said)
    return path


def write_large(folder: Path, variants: int = 12, tasks: int = 16, seeds: int = 20, checkpoints: int = 40) -> None:
    """Cells of so many of everything, in blocks of 10 seeds: variant i ends about i / variants."""
    rng = np.random.default_rng(0)
    luck = rng.normal(0, 0.05, seeds)
    rise = np.linspace(0, 1, checkpoints)[:, None]
    for t in range(tasks):
        for v in range(variants):
            for first in range(0, seeds, 10):
                block = range(first, min(first + 10, seeds))
                end = (v + 1) / (variants + 1) + luck[list(block)] + rng.normal(0, 0.05, len(block))
                score = rise * end + rng.normal(0, 0.01, (checkpoints, len(block)))
                write_cell(folder, f"made/task-{t:02}", f"variant_{v:02}", block, score)


if __name__ == "__main__":
    write_large(Path(sys.argv[1]) / "ladder")
