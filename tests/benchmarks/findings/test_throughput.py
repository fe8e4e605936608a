"""Ratios of runs by hand, and what the table and the finding say of them."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.findings import throughput
from benchmarks.findings.throughput import Speedup, paired_ratio
from benchmarks.statistics.tests import holm
from benchmarks.store.suite import Data, Suite
from envs.api import Scale
from tests.benchmarks.synthetic_results import run_rows

SCALES = {"cheap": Scale(0.0, 1.0, 0.5), "dear": Scale(0.0, 1.0, 0.5)}


def rows(task: str, variant: str, seed: int, seconds: float, reaches: bool = True) -> list[dict[str, object]]:
    """A run of 1,000 steps in three checkpoints; its return is .6 at half of the seconds, or never above .4."""
    values = (0.0, 0.6, 0.8) if reaches else (0.0, 0.2, 0.4)
    return run_rows(task, variant, seed, values, steps=500, updates=5, seconds=seconds / 2)


def data(block: int = 1, reaches: bool = True) -> Data:
    """Four runs each. `turns` takes 8 s. On `dear` two actors take about 4 s, on `cheap` 4 to 16 s, whose ratios' logarithms
    are symmetric; there the first seed's return stays low unless `reaches`."""
    of = {("dear", "actors"): (4.0, 4.0, 3.9, 4.1), ("cheap", "actors"): (4.0, 16.0, 4.0, 16.0)}
    made = [
        line
        for task in SCALES
        for variant in ("turns", "actors")
        for seed in range(4)
        for line in rows(
            task, variant, seed, of.get((task, variant), (8.0,) * 4)[seed], reaches or (task, seed) != ("cheap", 0)
        )
    ]
    frame = pd.DataFrame(made)
    lags = frame[frame["variant"] == "actors"]
    long = [lags.assign(measure="lag", value=lags["checkpoint"] + 1.0), lags.assign(measure="lag_max", value=7.0)]
    return Data(Suite(frame, SCALES, ("turns", "actors"), block=block), pd.concat(long))


def test_a_ratio_is_the_mean_of_logarithms_with_their_t_interval() -> None:
    """2, 2 and 8 times: 2^(5/3). The logarithms to base 2 are 1, 1, 3: t = (5/3) / (2/3) = 2.5 with 2 degrees."""
    found = paired_ratio(np.array([2.0, 4.0, 8.0]), np.array([1.0, 2.0, 1.0]))
    assert found.ratio == pytest.approx(2 ** (5 / 3))
    low, high = (math.log2(x) for x in (found.low, found.high))
    assert (low, high) == pytest.approx((5 / 3 - 4.302653 * 2 / 3, 5 / 3 + 4.302653 * 2 / 3), abs=1e-5)
    assert found.p == pytest.approx(1 - 2.5 / math.sqrt(2 + 2.5**2))  # t with 2 degrees has this tail


def test_ratios_that_do_not_vary_have_the_least_p_and_missing_ones_none() -> None:
    assert paired_ratio(np.array([3.0, 6.0]), np.array([1.0, 2.0]))[3] == 0.5  # two pairs: 2 / 2^2
    assert paired_ratio(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == (1.0, 1.0, 1.0, 1.0)
    assert paired_ratio(np.array([2.0]), np.array([1.0]))[3] == 1
    assert all(math.isnan(x) for x in paired_ratio(np.array([1.0, np.nan]), np.array([1.0, 2.0])))
    assert all(math.isnan(x) for x in paired_ratio(np.array([]), np.array([])))


def row(task: str, variant: str) -> dict[Hashable, Any]:
    """Of the table against `turns`."""
    table = throughput.table(data(), "turns")
    (found,) = table[(table["task"] == task) & (table["variant"] == variant)].to_dict("records")
    return found


def test_the_table_reads_each_runs_clock() -> None:
    cheap, turns, dear = (row(*place) for place in (("cheap", "actors"), ("dear", "turns"), ("dear", "actors")))
    assert (turns["steps_per_s"], turns["seconds"], turns["reached"]) == pytest.approx((125.0, 4.0, 4))
    assert math.isnan(turns["steps_per_s_ratio"])
    mean = (4 * 4 * 3.9 * 4.1) ** 0.25
    assert dear["steps_per_s_ratio"] == pytest.approx(8 / mean)
    assert dear["seconds_ratio"] == pytest.approx(mean / 8)
    assert (dear["lag"], dear["lag_max"]) == (2.0, 7.0)
    assert math.isnan(turns["lag"])
    assert cheap["steps_per_s_ratio"] == pytest.approx(1.0)


def test_p_values_are_corrected_over_the_rows() -> None:
    alone = paired_ratio(np.full(4, 8.0), np.array([4.0, 4.0, 3.9, 4.1])).p
    assert row("dear", "actors")["steps_per_s_p"] == pytest.approx(2 * alone)
    assert holm(np.array([np.nan, alone]))[1] == alone


def test_a_block_of_seeds_is_one_run() -> None:
    """Blocks of two: 2,000 steps in the seconds of the slower member, 16 of `cheap`."""
    found = throughput.suite_run_speeds(data(block=2))["cheap", "actors"]
    assert found["steps_per_s"].tolist() == [125.0, 125.0]
    assert found["seconds"].tolist() == [8.0, 8.0]
    assert len(throughput.suite_run_speeds(data(block=10))["cheap", "actors"]) == 1


def test_the_finding_says_what_is_shown_and_what_is_not() -> None:
    said = Speedup("turns", "actors").sentence(data())
    assert said == (
        "`actors` makes 2.00 times the steps a second of `turns` on 1 of 2 tasks (4 runs each, p below .05 after Holm). "
        "No difference is shown on cheap.\n\n"
        "- On cheap: no difference is shown in environment steps a second (1.00 [0.28, 3.57]).\n"
        "- On cheap: no difference is shown in seconds to the threshold (1.00 [0.28, 3.57]).\n"
        "- On dear: 2.00 [1.94, 2.07] times the environment steps a second.\n"
        "- On dear: it reaches the threshold after 0.50 [0.48, 0.52] of the seconds."
    )


def test_seconds_to_a_threshold_that_some_did_not_reach_are_not_compared() -> None:
    made = data(reaches=False)
    assert "On cheap: 3 of 4 runs reach the threshold, so the seconds to it are not compared." in Speedup(
        "turns", "actors"
    ).sentence(made)
    page = throughput.page_table(throughput.table(made, "turns"))
    assert page["reached"].tolist() == ["3 of 4", "3 of 4", "4 of 4", "4 of 4"]
    assert page["times the seconds"].tolist()[:2] == ["-", "-"]


def test_a_finding_of_a_variant_that_did_not_run_is_empty() -> None:
    assert Speedup("turns", "four actors").sentence(data()) == ""
    assert Speedup("four actors", "turns").sentence(data()) == ""
