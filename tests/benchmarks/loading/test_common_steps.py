"""Runs of unequal length: cut at the steps that all reach, read by hand; what cannot be read is left out by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.experiments import EXPERIMENTS
from benchmarks.imports.importer import import_runs
from benchmarks.loading import common_steps
from benchmarks.reports import report
from benchmarks.reports.comparison import comparison, result_folders
from benchmarks.statistics.comparisons import Pair, compare_variants
from benchmarks.store.sources import read_meta
from benchmarks.store.suite import Suite
from envs.api import Scale
from tests.benchmarks.imports.sb3_logs import CSV
from tests.benchmarks.synthetic_results import write_cell

Log = Sequence[tuple[int, float]]  # env_steps, return


def frame(runs: Mapping[tuple[str, int], Log]) -> pd.DataFrame:
    """Rows of runs on one task, by variant and seed; a return that is NaN diverged."""
    rows = [
        {"task": "t", "variant": v, "seed": s, "learning_rate": 0.1, "checkpoint": k, "fraction": 1.0,
         "env_steps": steps, "updates": 2 * steps, "wall_s": steps / 10, "eval_return": value,
         "eval_return_greedy": value if k == len(log) - 1 else np.nan, "diverged": value != value}
        for (v, s), log in runs.items()
        for k, (steps, value) in enumerate(log)
    ]  # fmt: skip
    return pd.DataFrame(rows)


OURS: Log = [(0, 0.0), (100, 0.2), (200, 0.4)]


def read(made: common_steps.Aligned, variant: str, seed: int = 0) -> list[tuple[int, float]]:
    rows = made.frame[(made.frame["variant"] == variant) & (made.frame["seed"] == seed)]
    return [(int(s), float(x)) for s, x in zip(rows["env_steps"], rows["eval_return"], strict=True)]


def test_a_curve_that_stops_early_is_compared_where_it_stops() -> None:
    """Theirs has .3 at 150 steps and ends; ours is at .3 there too, half way from .2 to .4, and not at its final .4."""
    made = common_steps.align(frame({("ours", 0): OURS, ("theirs", 0): [(50, 0.1), (150, 0.3)]}), {"theirs"})
    assert read(made, "theirs") == [(50, 0.1), (150, 0.3)]
    assert read(made, "ours") == [(0, 0.0), (100, 0.2), (150, pytest.approx(0.3))]
    last = made.frame[made.frame["variant"] == "ours"].iloc[-1]
    assert (last["updates"], last["wall_s"], last["fraction"], last["checkpoint"]) == (300, 15.0, 1.0, 2)
    assert np.isnan(last["eval_return_greedy"])  # it was measured at 200 steps
    assert made.notes == (
        "On t runs are compared at 150 environment steps, where runs of `theirs` end; "
        "values between two logs are interpolated.",
    )


def test_seeds_of_one_variant_that_were_logged_otherwise_are_read_at_the_same_steps() -> None:
    runs = {("x", 0): [(10, 1.0), (20, 2.0), (30, 3.0), (40, 4.0)], ("x", 1): [(20, 6.0), (40, 8.0), (60, 9.0)]}
    made = common_steps.align(frame(runs), {"x"})
    assert read(made, "x") == [(20, 2.0), (40, 4.0)]
    assert read(made, "x", 1) == [(20, 6.0), (40, 8.0)]
    assert made.frame.groupby("seed")["checkpoint"].apply(list).tolist() == [[0, 1], [0, 1]]


def test_final_scores_are_compared_with_curves_at_their_steps() -> None:
    """One row a seed at 100 and 102 steps: T is 100, and 102 is within a twentieth of it."""
    runs = {("ours", 0): OURS, ("ours", 1): OURS, ("theirs", 0): [(100, 0.9)], ("theirs", 1): [(102, 0.8)]}
    made = common_steps.align(frame(runs), {"theirs"})
    assert read(made, "theirs") == [(100, 0.9)]
    assert read(made, "theirs", 1) == [(100, 0.8)]
    assert read(made, "ours") == [(0, 0.0), (100, 0.2)]
    suite = Suite(made.frame, {"t": Scale(0.0, 1.0, 0.9)}, ["ours", "theirs"], imported=frozenset({"theirs"}))
    assert suite.learners == ["ours", "theirs"]
    found = compare_variants(suite, Pair("theirs", "ours"), ["t"])
    assert found is not None
    assert found.difference == pytest.approx(0.85 - 0.2)


def test_who_begins_after_the_others_end_is_left_out_by_name() -> None:
    made = common_steps.align(frame({("ours", 0): OURS, ("theirs", 0): [(1000, 5.0)]}), {"theirs"})
    assert set(made.frame["variant"]) == {"ours"}
    assert read(made, "ours") == [*OURS]
    assert "`theirs` is left out on t: its first log is at 1,000 steps, and runs of `ours` end at 200." in made.notes


def test_a_run_that_diverged_and_stopped_stays_diverged_and_holds_nobody_back() -> None:
    runs = {("ours", 0): OURS, ("theirs", 0): [(40, 0.5), (200, 0.6)], ("theirs", 1): [(40, 0.5), (60, float("nan"))]}
    made = common_steps.align(frame(runs), {"theirs"})
    assert read(made, "theirs") == [(40, 0.5), (200, 0.6)]
    rows = made.frame[(made.frame["variant"] == "theirs") & (made.frame["seed"] == 1)]
    assert rows["diverged"].tolist() == [False, True]
    assert rows["env_steps"].tolist() == [40, 200]


def test_references_have_no_length_and_own_runs_alone_are_left_as_they_are() -> None:
    runs = {("ours", 0): OURS, ("random", 0): [(0, 0.1)], ("theirs", 0): [(100, 0.5), (200, 0.6)]}
    made = common_steps.align(frame(runs), {"theirs"})
    assert read(made, "random") == [(0, 0.1)]
    assert read(made, "ours") == [*OURS]
    assert made.notes == ("On t all runs are compared at 200 environment steps.",)
    alone = frame({("ours", 0): OURS})
    assert common_steps.align(alone, set()).frame is alone


def test_a_report_compares_a_csv_of_final_scores_and_says_at_which_steps(tmp_path: Path) -> None:
    """Five seeds of theirs at 100 steps have .7; ours pass .5 there and end at .9 after 200."""
    home = EXPERIMENTS["smoke"]
    assert isinstance(home, ComparisonExperiment)
    score = np.linspace(0.1, 0.9, 3)[:, None] + 0.01 * np.arange(5)
    write_cell(tmp_path, "bandit/small", "gae", range(5), score)  # 0, 1,000 and 2,000 steps
    table = tmp_path / "final.csv"
    table.write_text(CSV + "".join(f"theirs,bandit/small,{s},1000,{0.7 + 0.01 * s}\n" for s in range(5)))
    import_runs("csv", [table], folder=tmp_path, experiment=home)
    path = report.report_folder(home, tmp_path, kinds=(".svg",))
    assert path is not None
    text = path.read_text()
    assert "On bandit/small runs are compared at 1,000 environment steps, where runs of `theirs` end" in text
    assert "Nothing is compared" not in text
    rows = pd.read_csv(tmp_path / "tables" / "baseline.csv")
    scale = read_meta(next((tmp_path / "imported").glob("*.parquet")))["reading"]["scale"]
    assert abs(rows["difference"].iloc[0]) == pytest.approx(0.2 / (scale[1] - scale[0]))


def test_two_folders_of_others_are_compared_at_common_steps(tmp_path: Path) -> None:
    """B stops at 100 steps with what A has there too; A goes on to 9."""
    for side, last in (("a", 200), ("b", 100)):
        table = tmp_path / f"{side}.csv"
        rows = [f"x,toy,{s},{k},{k / 100 + 0.01 * s}\n" for s in range(6) for k in range(50, last + 1, 50)]
        table.write_text(CSV + "".join(rows))
        import_runs("csv", [table], folder=tmp_path / side, floor=0.0, ceiling=10.0)
    result = comparison.compare(result_folders.load(tmp_path / "a"), result_folders.load(tmp_path / "b"), 0.05)
    assert result.by_variant["difference"].tolist() == pytest.approx([0.0])
    assert result.suite.notes == (
        "On toy runs are compared at 100 environment steps, where runs of `x (B)` end; "
        "values between two logs are interpolated.",
    )


def test_a_return_that_is_no_number_is_never_read_over(tmp_path: Path) -> None:
    """Ours at 0, 100 and 200 steps: .2, none, .6. At 50 the log before is .2; at 100 and 150 there is none; at 200 .6."""
    nan = float("nan")
    lost: Log = [(0, 0.2), (100, nan), (200, 0.6)]
    ends: Log = [(0, 0.2), (100, 0.4), (200, nan)]
    grid: Log = [(0, 0.0), (50, 0.1), (100, 0.2), (150, 0.3), (200, 0.4)]
    runs = {("ours", 0): lost, ("ours", 1): ends, ("theirs", 0): [(100, 0.5), (200, 0.6)]}
    made = frame(runs).assign(diverged=False)
    for seed, values in ((0, [0.2, 0.2, nan, nan, 0.6]), (1, [0.2, 0.3, 0.4, 0.4, nan])):
        (rows,) = (of for (v, s), of in made.groupby(["variant", "seed"]) if (v, s) == ("ours", seed))
        found = common_steps.interpolate(rows, np.array([float(k) for k, _ in grid]))
        assert found["eval_return"].tolist() == pytest.approx(values, nan_ok=True)
        assert not found["diverged"].any()


def test_a_last_return_that_is_no_number_is_counted_and_named() -> None:
    """Two seeds logged at other steps, both without a number at their last: neither has the .2 from before."""
    nan = float("nan")
    runs = {("ours", 0): [(0, 0.1), (100, 0.2), (200, nan)], ("ours", 1): [(0, 0.1), (90, 0.2), (200, nan)],
            ("theirs", 0): [(100, 0.5), (200, 0.6)]}  # fmt: skip
    made = common_steps.align(frame(runs).assign(diverged=False), {"theirs"})
    suite = Suite(made.frame, {"t": Scale(0.0, 1.0)}, ["ours", "theirs"], imported=frozenset({"theirs"}))
    assert suite.curves["t", "ours"].not_finite[-1].tolist() == [True, True]
    assert suite.without_mean == [("t", "ours")]
