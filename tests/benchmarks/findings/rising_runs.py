"""Runs that rise from 0 to given final scores: suites in which the right answer is obvious."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks.design.report_blocks import Finding
from benchmarks.store.many.frames import MEASURE_COLUMNS
from benchmarks.store.suite import Data, Suite
from envs.api import Scale
from tests.benchmarks.synthetic_results import run_rows

WOBBLE = np.array([1.0, -1.0] * 5)  # of ten seeds: mean 0, standard deviation sqrt(10 / 9)
FINE, ROUGH = 0.01 * WOBBLE, 0.1 * WOBBLE  # .01 sqrt(10/9) t_9 / sqrt(10) = .0075 is half an interval


def data(finals: Mapping[tuple[str, str], np.ndarray | float], seeds: int = 10) -> Data:
    """Runs that rise from 0 to these final scores, in two checkpoints; a cosine of half the score where it is written."""
    rows = [
        row
        for (task, variant), of in finals.items()
        for seed, score in enumerate(np.broadcast_to(of, seeds))
        for row in run_rows(task, variant, seed, [0.0, float(score)], greedy=0.0)
    ]
    frame = pd.DataFrame(rows)
    measures = frame[frame["task"] == "text"].assign(measure="gradient_cosine", value=frame["eval_return"] / 2)
    scales = {task: Scale(0.0, 1.0, 1.0) for task in dict.fromkeys(t for t, _ in finals)}
    suite = Suite(frame, scales, list(dict.fromkeys(v for _, v in finals)))
    return Data(suite, measures[MEASURE_COLUMNS])


def on_both(finals: Mapping[str, np.ndarray | float]) -> dict[tuple[str, str], np.ndarray | float]:
    return {(task, v): of for task in ("text", "pole") for v, of in finals.items()}


def said_by(finding: Finding, runs: Data) -> str:
    """What a finding says, its list of details as further sentences."""
    return " ".join(finding.sentence(runs).replace("\n- ", " ").split())
