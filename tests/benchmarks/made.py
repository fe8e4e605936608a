"""A made-up result frame with known differences, for tables, figures and reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import store
from benchmarks.drawings import Measured
from benchmarks.report import ReportInput
from benchmarks.tables import Scale

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
SCALES = {
    "CartPole-v1": Scale(20.0, 500.0, 475.0),
    "transduce/reverse-medium": Scale(0.25, 1.0, 0.96),
    "gymnasium:MountainCar-v0": Scale(-200.0, -100.0, -110.0),
}


def frame(seeds: int = 10, checkpoints: int = 6) -> pd.DataFrame:
    """Scores rise linearly to GAIN of the scale, with a luck that each seed shares over variants and tasks."""
    rng, rows = np.random.default_rng(1), []
    luck = rng.normal(0, 0.05, seeds)
    for task, scale in SCALES.items():
        span = scale.ceiling - scale.floor
        for variant in (*RUNGS, "random"):
            for seed in range(seeds):
                for k in range(checkpoints if variant != "random" else 1):
                    share = k / (checkpoints - 1)
                    score = share * (GAIN.get(variant, 0.0) + luck[seed] + rng.normal(0, 0.01))
                    last = k == checkpoints - 1 or variant == "random"
                    value = scale.floor + span * score
                    rows.append(
                        {
                            "task": task, "variant": variant, "seed": seed, "learning_rate": 0.01, "checkpoint": k,
                            "fraction": share, "env_steps": 1000 * k, "updates": 10 * k, "wall_s": 2.0 * k,
                            "eval_return": value, "eval_return_greedy": value if last else np.nan, "diverged": False,
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)


def measures_of(made: pd.DataFrame) -> pd.DataFrame:
    """An episode length for every row that learned."""
    rows = made[made["variant"] != "random"].assign(measure="length", value=made["seed"] + 1.0)
    return rows[store.MEASURE_COLUMNS]


def report_input(made: pd.DataFrame, out: Path) -> ReportInput:
    """The frame as the report takes it."""
    variants = (*RUNGS, "random")
    return ReportInput(
        name="made",
        question="What does each ingredient buy?",
        frame=made,
        measures=measures_of(made),
        texts={"transduce/reverse-medium": {"untrained": ["1 2 => | 1 1"], "gae": ["1 2 => | 2 1"]}},
        drawings=(Measured("lengths", "How long episodes are", measures=("score", "length")),),
        scales=SCALES,
        variants=variants,
        parents=PARENTS,
        changes={v: f"what {v} changes" for v in variants},
        optional=set(),
        failures=(),
        provenance={"commit": "abc"},
        out=out,
    )
