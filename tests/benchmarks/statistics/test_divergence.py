"""Divergence never beats a finite return: in scores, rankings, comparisons and the words of a report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.figures import learning_curves
from benchmarks.reports import report, score_tables
from benchmarks.reports.inputs import ReportInput
from benchmarks.reports.score_tables import score_table
from benchmarks.statistics.best import leaders
from benchmarks.statistics.comparison_tables import suite_table, task_table
from benchmarks.statistics.comparisons import all_pairs
from benchmarks.store.many.frames import MEASURE_COLUMNS
from benchmarks.store.suite import Suite
from envs.api import Scale
from tests.benchmarks.headlines import headline
from tests.benchmarks.synthetic_results import run_rows

NAN = float("nan")
FAR = Scale(-100.0, 0.0, -10.0)  # returns below its floor are possible


def rows(returns: Mapping[tuple[str, str], list[list[float]]]) -> pd.DataFrame:
    """Returns by (task, variant): one list a seed, the return of every checkpoint after the first, which is -90.

    NaN: the member has diverged by then.
    """
    made = [
        row
        for (task, variant), seeds in returns.items()
        for seed, values in enumerate(seeds)
        for row in run_rows(task, variant, seed, [-90.0, *values], values[-1], steps=100)
    ]
    return pd.DataFrame(made)


def suite_of(
    returns: Mapping[tuple[str, str], list[list[float]]], scale: Scale = FAR, frame: pd.DataFrame | None = None
) -> Suite:
    tasks, variants = (list(dict.fromkeys(key[i] for key in returns)) for i in (0, 1))
    made = rows(returns) if frame is None else frame
    return Suite(made, dict.fromkeys(tasks, scale), variants)


def test_a_diverged_member_counts_as_the_worst_of_everyone_on_its_task() -> None:
    suite = suite_of({("t", "a"): [[-50.0, NAN], [-50.0, -40.0]], ("t", "b"): [[-60.0, -300.0], [-60.0, -20.0]]})
    curve = suite.curves["t", "a"]
    assert curve.value[-1].tolist() == [-300.0, -40.0]  # below the floor, for b is
    assert curve.score[-1].tolist() == [-2.0, 0.6]
    assert curve.value[1].tolist() == [-50.0, -50.0]  # at half of the budget it was there
    assert curve.greedy.tolist() == [-300.0, -40.0]
    alone = suite_of({("t", "a"): [[-50.0, NAN], [-50.0, -40.0]]})
    assert alone.curves["t", "a"].value[-1].tolist() == [-100.0, -40.0]  # the floor


def test_the_area_of_a_diverged_member_is_no_larger_than_the_worst_of_the_others() -> None:
    suite = suite_of({("t", "a"): [[-10.0, NAN], [-50.0, -40.0]], ("t", "b"): [[-90.0, -90.0], [-20.0, -20.0]]})
    # trapezoids of -90, -10, -100 are -52.5 and beat those of -90, -90, -90
    assert suite.area("t", "a").tolist() == pytest.approx([0.1, ((-90 - 40) / 4 - 50 / 2 + 100) / 100])
    assert suite.area("t", "b").tolist() == pytest.approx([0.1, ((-90 - 20) / 4 - 20 / 2 + 100) / 100])


def test_a_cell_whose_members_all_diverged_has_no_mean() -> None:
    suite = suite_of({("t", "a"): [[-50.0, NAN], [NAN, NAN]], ("t", "b"): [[-300.0, -300.0]] * 2})
    assert np.isnan(suite.curves["t", "a"].score[-1]).all()
    assert suite.curves["t", "a"].value[1].tolist() == [-50.0, -300.0]
    assert suite.without_mean == [("t", "a")]
    assert suite.final("a", ["t"]).empty
    assert suite.scores("a", ["t"]) is None
    assert suite.area("t", "a").isna().all()


def test_a_return_that_is_no_number_is_told_from_a_missing_row_and_from_divergence() -> None:
    returns = {("t", "a"): [[-50.0, -40.0], [-50.0, -30.0], [-50.0, -20.0], [-50.0, NAN]], ("t", "b"): [[-90.0, -95.0]]}
    made = rows(returns)
    last = (made.variant == "a") & (made.checkpoint == 2)
    made.loc[last & (made.seed == 0), "eval_return"] = NAN  # it did not diverge
    made = made[~(last & (made.seed == 1))]  # this one has no row
    curve = suite_of(returns, frame=made).curves["t", "a"]
    assert curve.value[-1].tolist() == [-100.0, -50.0, -20.0, -100.0]
    assert curve.not_finite[-1].tolist() == [True, False, False, False]
    assert curve.diverged.tolist() == [False, False, False, True]
    assert curve.lost.tolist() == [True, False, False, True]
    made.loc[made.index[(made.variant == "b") & (made.checkpoint == 2)], "eval_return"] = np.inf
    assert suite_of(returns, frame=made).without_mean == [("t", "b")]  # an infinite return wins nothing


# reports


def reported(suite: Suite, out: Path) -> str:
    names = list(suite.variants)
    made = ReportInput(
        name="made", question="Who is best?", suite=suite, measures=pd.DataFrame(columns=MEASURE_COLUMNS), texts={},
        parents={v: names[i - 1] if i else None for i, v in enumerate(names)}, changes=dict.fromkeys(names, ""), out=out,
        kinds=(".svg",),
        provenance={"commit": "abc"},
    )  # fmt: skip
    return report.write(made).read_text()


def steady(end: float, seeds: int = 8) -> list[list[float]]:
    """Seeds that end at `end`, a hundredth apart."""
    return [[end - 5, end + seed / 100] for seed in range(seeds)]


LOST = [[-50.0, NAN]] * 8


def test_a_variant_whose_seeds_all_diverged_leads_nowhere(tmp_path: Path) -> None:
    suite = suite_of({("t", "sunk"): LOST, ("t", "a"): steady(-150.0), ("t", "b"): steady(-160.0)}, Scale(-100.0, None))
    text = headline(suite)
    assert text.startswith("`a` has the highest mean return on t (-150.0)")
    assert "sunk" not in text
    found = leaders(suite, suite.learners, ["t"])
    assert found is not None
    assert {found.best, *found.table["variant"]} == {"a", "b"}
    text = reported(suite, tmp_path)
    assert "All seeds diverged or returned no finite number: `sunk` on t. It has no mean there." in text
    assert "| sunk | - | - | - | - | - |" in text  # and not in bold
    assert "normalised" not in text
    for folder in (tmp_path / "tables", tmp_path / "figures"):
        for file in folder.rglob("*.svg" if folder.name == "figures" else "*.md"):
            assert "normalised" not in file.read_text(), file


def test_a_variant_lost_on_one_task_does_not_take_the_task_from_the_others(tmp_path: Path) -> None:
    returns = {(t, v): steady(end) for t in ("t", "u", "w") for v, end in (("a", -20.0), ("b", -40.0), ("c", -30.0))}
    returns["u", "c"] = LOST
    suite = suite_of(returns)
    aggregate = score_tables.aggregate_table(suite, ["t", "u", "w"]).set_index("variant")
    assert aggregate.loc["a", ["tasks", "seeds", "mean"]].tolist() == pytest.approx([3, 8, 0.80035])
    assert aggregate.loc["c", ["tasks", "diverged"]].tolist() == [3, 8]
    assert np.isnan(aggregate.loc["c", "mean"])
    family = all_pairs(suite)
    by_task = task_table(suite, family)
    made = suite_table(suite, family, by_task)
    assert made[["variant", "against", "tasks"]].to_numpy().tolist() == [["b", "a", 3]]
    assert len(by_task[by_task["task"] == "t"]) == 3  # one by one c is compared where it has a mean
    assert headline(suite).startswith("`a` has the highest mean normalised score over 3 tasks (0.80). It is shown")
    text = reported(suite, tmp_path)
    assert "`c` on u. It has no mean there, and a variant without one is not ranked over tasks." in text
    efficiency = score_tables.efficiency_table(suite).set_index("variant")["auc"]
    assert efficiency.notna().to_dict() == {"a": True, "b": True, "c": False}


def test_where_all_diverged_nothing_is_compared_and_that_is_said(tmp_path: Path) -> None:
    suite = suite_of({("t", "a"): LOST, ("t", "b"): LOST})
    text = reported(suite, tmp_path)
    assert "Nothing is compared here: no variant has a mean on every task" in text
    assert leaders(suite, suite.learners, ["t"]) is None
    one = suite_of({("t", "a"): steady(-20.0), ("t", "b"): LOST})
    assert "Nothing is compared here: only `a` has a mean on every task" in headline(one)
    assert "## All pairs" not in reported(one, tmp_path / "one")


def test_a_last_return_that_is_no_number_is_counted_and_named(tmp_path: Path) -> None:
    returns = {("t", "a"): steady(-20.0), ("t", "b"): steady(-40.0)}
    made = rows(returns)
    made.loc[(made.variant == "a") & (made.checkpoint == 2) & (made.seed < 3), "eval_return"] = [NAN, np.inf, NAN]
    suite = suite_of(returns, frame=made)
    row = score_tables.score_table(suite).set_index("variant").loc["a"]
    assert (row["not_finite"], row["diverged"], row["seeds"]) == (3, 0, 8)
    assert row["mean"] == pytest.approx((3 * -100 + 5 * -20 + (3 + 4 + 5 + 6 + 7) / 100) / 8)
    said = (
        "The last evaluation is NaN or infinite for members that did not diverge: 3 of `a` on t. They count as diverged"
    )
    assert said in reported(suite, tmp_path)
    assert "not_finite" not in score_tables.score_table(suite_of(returns))


def test_returns_of_several_tasks_are_compared_task_by_task_alone(tmp_path: Path) -> None:
    returns = {(t, v): steady(end) for t in ("t", "u") for v, end in (("a", -20.0), ("b", -40.0))}
    suite = Suite(rows(returns), {"t": FAR, "u": Scale(-100.0, None)}, ["a", "b"])
    assert suite.curves["t", "a"].score[-1, 0] == -20.0  # all in returns
    assert (suite.unit, suite.can_average(["t"]), suite.can_average(["t", "u"])) == ("return", True, False)
    assert suite.final("a", ["t", "u"]).empty
    text = reported(suite, tmp_path)
    assert "u has no ceiling: scores are returns there, and returns of different tasks are not averaged." in text
    assert "| b | a | t | -20 |" in text
    assert "normalised" not in text
    assert "No variant is ranked over tasks, for" in text


def test_the_report_of_returns_says_return(tmp_path: Path) -> None:
    suite = suite_of({("t", "a"): steady(-150.0), ("t", "b"): steady(-160.0)}, Scale(-100.0, None))
    text = reported(suite, tmp_path)
    assert "`b` against `a` loses 10.0 of the return" in text
    assert "Final return over the tasks a variant has, n = 8 seeds or more" in text
    for words in ("normalised", "optimality", "nine tenths", "[inf", " inf", " nan"):
        assert words not in text, words
    assert "| **a** | -150 |" in text
    assert score_table(suite)["reached"].isna().all()  # there is no threshold
    profile = learning_curves.profile(suite, "")
    x = profile.axes[0].lines[0].get_xdata()
    assert (min(x), max(x)) == pytest.approx((-161.007, -148.923))
