"""What a lost run counts as is no measurement: nobody is identical, equivalent, not worse or first by it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.cli import main as cli
from benchmarks.design.guide_case import GuideCase
from benchmarks.execution import adaptive
from benchmarks.findings import parity
from benchmarks.reports import rate_report
from benchmarks.reports.comparison import comparison, result_folders
from benchmarks.reports.sections import guide
from benchmarks.statistics import sequential
from benchmarks.statistics.best import leaders
from benchmarks.statistics.comparison_tables import suite_table, task_table
from benchmarks.statistics.comparisons import Pair, identical, one_sided_losses
from benchmarks.statistics.wording import sentences
from benchmarks.store.suite import Data, Suite
from benchmarks.tuning import imputation
from benchmarks.tuning.result import TrialResult
from benchmarks.tuning.study import selection_candidates
from envs.api import Scale
from tests.benchmarks.headlines import headline
from tests.benchmarks.statistics.test_divergence import NAN, rows, suite_of
from tests.benchmarks.synthetic_results import write_cell

FLOOR = Scale(-200.0, None)
STILL = [[-200.0, -200.0]]  # a seed at the floor
GONE = [[NAN, NAN]]
NEARLY = {("t", "b"): GONE * 7 + STILL, ("t", "a"): STILL * 8}  # 7 of 8 seeds of b are lost, and count as a's -200


def test_lost_runs_are_neither_identical_nor_tied_with_runs_at_the_floor() -> None:
    of = suite_of(NEARLY, FLOOR)
    by_task = task_table(of, [Pair("b", "a")])
    assert (by_task["difference"].item(), by_task["identical"].item()) == (0.0, "")
    table = suite_table(of, [Pair("b", "a")], by_task)
    assert table[["identical", "tied", "lost"]].iloc[0].tolist() == [0, 0, 1]
    (said,) = sentences.pair_sentences(table, "return", by_task)
    assert (
        said
        == "`b` against `a`: no difference is shown. The two lost different runs, and a lost run counts as the worst."
    )
    alike = suite_of({("t", v): GONE * 2 + STILL for v in "ba"}, FLOOR)  # the same runs are lost: one run
    assert task_table(alike, [Pair("b", "a")])["identical"].item() == "yes"
    assert "lost" not in suite_table(alike, [Pair("b", "a")], task_table(alike, [Pair("b", "a")]))


def test_what_was_lost_before_the_end_is_no_identity() -> None:
    """b's first seed returned no number at half of the budget, and counts as the floor there, where a is."""
    made = rows({("t", v): [[-200.0, -50.0]] * 2 for v in "ba"})
    made.loc[(made["variant"] == "b") & (made["seed"] == 0) & (made["checkpoint"] == 1), "eval_return"] = NAN
    of = Suite(made, {"t": FLOOR}, ["b", "a"])
    assert not identical(of, Pair("b", "a"), "t")
    assert of.curves["t", "b"].imputed.tolist() == [[False, False], [True, False], [False, False]]


def test_lost_runs_are_told_apart_by_seed_or_by_share() -> None:
    of = suite_of({("t", "b"): GONE + STILL * 3, ("t", "a"): STILL + GONE + STILL * 2, ("t", "c"): STILL * 4}, FLOOR)
    assert one_sided_losses(of, Pair("b", "a"), ["t"]) == (True, True)
    assert one_sided_losses(of, Pair("b", "c"), ["t"]) == (True, False)
    assert one_sided_losses(of, Pair("c", "b"), ["t"]) == (False, True)
    theirs = Suite(of.frame, of.scales, of.variants, frozenset(), frozenset("ac"))
    assert one_sided_losses(theirs, Pair("b", "a"), ["t"]) == (False, False)  # one of four on both sides
    assert one_sided_losses(theirs, Pair("b", "c"), ["t"]) == (True, False)


def test_the_gate_does_not_take_lost_runs_for_measured_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """3 of 10 seeds of B are lost where all of A are at the floor: Fisher's p is .105, so the gate alone lets it pass."""
    still = np.zeros((3, 10))
    lost = still.copy()
    lost[1:, :3] = NAN
    a, b = tmp_path / "a", tmp_path / "b"
    write_cell(a, "t", "gae", range(10), still)
    write_cell(b, "t", "gae", range(10), lost)
    result = comparison.compare(result_folders.load(a), result_folders.load(b), 0.05, noninferior=0.05)
    for table in (result.by_variant, result.by_task):
        assert table[["finding", "p_same", "p_noninferior"]].iloc[0].tolist() == ["open", 1.0, 1.0]
    assert cli.main(["compare", str(a), str(b), "--noninferior", "0.05"]) == 1
    assert "not shown to be worse by less than 0.05: `gae` (p 1)" in capsys.readouterr().err
    turned = comparison.compare(result_folders.load(b), result_folders.load(a), 0.05, noninferior=0.05)
    assert turned.by_variant["p_noninferior"].item() == 1 / 2**10  # A alone lost runs: B is no worse
    assert turned.by_variant["finding"].item() == "open"  # and no equal of it
    assert cli.main(["compare", str(b), str(a), "--noninferior", "0.05"]) == 0


def test_a_look_does_not_call_lost_runs_the_same() -> None:
    """Ten differences of 0: p of TOST is 1/1024, whoever was lost; 9 of 10 seeds of b were."""
    zeros = {"b": np.zeros(10), "c": np.zeros(10)}
    assert {v: d.kind for v, d in sequential.look(zeros, 0.02, 0.05, {"b"}).items()} == {"c": "same"}
    of = suite_of({("t", "a"): STILL * 10, ("t", "b"): GONE * 9 + STILL, ("t", "c"): STILL * 10}, FLOOR)
    assert adaptive.variants_with_other_losses(of, ["b", "c"], "a") == {"b"}


def test_parity_is_not_shown_by_lost_runs() -> None:
    """All at the floor but for b's 7 lost seeds: no number is the same in every run."""
    data = Data(suite_of(NEARLY, FLOOR), pd.DataFrame())
    assert parity.table(data.suite, {"b": "a"})["equal"].tolist() == [1.0, 1.0]
    said = parity.Parity({"b": "a"}).sentence(data)
    assert said.endswith("- Neither is shown: `b` on t (area, final).")


def test_of_equal_means_who_lost_fewer_runs_leads() -> None:
    of = suite_of(NEARLY, FLOOR)
    found = leaders(of, ["b", "a"], ["t"])
    assert found is not None
    assert (found.best, found.not_separated) == ("a", ["b"])
    assert headline(of).startswith("`a` has the highest mean return on t (-200).")
    row = guide.row(of, GuideCase("x", "y", ("t",), ("b", "a")))
    assert row is not None
    assert row["use"] == "`a` (-200)"


def frame_of(values: dict[tuple[str, float], list[float]]) -> pd.DataFrame:
    """Returns of the seeds, by variant and rate."""
    return pd.DataFrame(
        {
            "task": "t",
            "variant": v,
            "seed": s,
            "learning_rate": rate,
            "fraction": 1.0,
            "eval_return": x,
            "diverged": x != x,
        }
        for (v, rate), of in values.items()
        for s, x in enumerate(of)
    )


def test_of_equal_rates_the_one_that_lost_fewer_runs_is_chosen() -> None:
    """At .001 four of five seeds are lost and count as -200, where the others are."""
    lost = [NAN] * 4 + [-200.0]
    table = rate_report.objective(frame_of({("b", 0.001): lost, ("b", 0.01): [-200.0] * 5}), {"t": FLOOR})
    assert table[table["chosen"]]["learning_rate"].tolist() == [0.01]
    close = frame_of({("b", 0.001): lost, ("b", 0.01): [-199.9] * 5, ("b", 0.1): [-199.9] * 5})
    table = rate_report.objective(close, {"t": Scale(-200.0, -100.0)})  # .001 of the score apart: equals
    assert table[table["chosen"]]["learning_rate"].tolist() == [0.01]
    both = frame_of({("b", 0.001): lost, ("a", 0.001): [-200.0] * 5, ("b", 0.01): lost, ("a", 0.01): [-200.0] * 5})
    assert set(rate_report.ranking(rate_report.objective(both, {"t": FLOOR}))["leader"]) == {"a"}
    three = frame_of({("b", 0.001): lost, ("b", 0.01): [-200.0] * 5, ("b", 0.1): [-200.0] * 5})
    assert rate_report.rates_at_ends(rate_report.objective(three, {"t": FLOOR})).startswith(
        "The best score of 0 of 1 search "
    )


def test_of_equal_configurations_the_one_that_lost_fewer_runs_is_first() -> None:
    lost, whole = {"t": (NAN, NAN, 0.0)}, {"t": (0.0, 0.0, 0.0)}
    values = imputation.mean_values([lost, whole, whole], {})
    assert values.tolist() == [0.0, 0.0, 0.0]
    assert imputation.first_best(values, [imputation.count_lost(of) for of in (lost, whole, whole)]) == 1
    assert imputation.first_best(np.array([NAN, 0.0, 0.5]), [0, 0, 2]) == 2
    trials = [TrialResult(i, "complete", {"x": i}, dict(of), 0.0) for i, of in enumerate((whole, lost, whole))]
    assert selection_candidates(trials, 2) == [0, 2, 1]
