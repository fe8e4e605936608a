"""Tasks on which two variants are one run by construction: counted as identical, named, and nobody's gain."""

from __future__ import annotations

import pytest

from benchmarks.statistics.comparison_tables import suite_table, task_table
from benchmarks.statistics.comparisons import Pair
from benchmarks.statistics.wording import sentences
from benchmarks.store.suite import Suite
from tests.benchmarks.statistics.test_comparisons import made

UNIT = "normalised score"


def test_tasks_where_both_are_one_run_are_counted_and_named() -> None:
    """b is a on t and u, above it on v, and on w of the same mean without being the same run: better on 1 of 4."""
    even = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    turned = [0.2, 0.1, 0.4, 0.3, 0.6, 0.5]
    of = made(
        {
            "t": {"a": even, "b": even}, "u": {"a": turned, "b": [x + 1e-9 for x in turned]},
            "v": {"a": even, "b": [x + 0.2 for x in even]}, "w": {"a": even, "b": turned},
        }
    )  # fmt: skip
    by_task = task_table(of, [Pair("b", "a")])
    assert by_task["identical"].tolist() == ["yes", "yes", "", ""]
    table = suite_table(of, [Pair("b", "a")], by_task)
    row = table.iloc[0]
    assert (row["better"], row["identical"], row["tied"]) == (1, 2, 1)
    assert row["difference"] == pytest.approx(0.2 / 4)
    assert sentences.pair_sentences(table, UNIT, by_task)[0].endswith(
        "By task: better on 1 of 4, identical on 2 (t, u), tied on 1."
    )
    turned_pair = [Pair("a", "b")]
    by_task = task_table(of, turned_pair)
    (said,) = sentences.pair_sentences(suite_table(of, turned_pair, by_task), UNIT, by_task)
    assert "better on 0 of 4, identical on 2 (t, u), tied on 1" in said  # so it is worse on one


def test_a_pair_that_is_one_run_everywhere_is_said_to_be() -> None:
    of = made({t: {"a": [0.1, 0.2, 0.3], "b": [0.1, 0.2, 0.3]} for t in ("t", "u")})
    by_task = task_table(of, [Pair("b", "a")])
    assert sentences.pair_sentences(suite_table(of, [Pair("b", "a")], by_task), UNIT, by_task) == [
        "`b` against `a`: identical on all 2 tasks, at every checkpoint of every shared seed."
    ]


def test_equal_ends_of_different_curves_are_no_identity() -> None:
    """Both end at the maximum; half way they differ."""
    of = made({"t": {"a": [1.0, 1.0, 1.0], "b": [1.0, 1.0, 1.0]}})
    changed = of.frame.copy()
    changed.loc[(changed["variant"] == "b") & (changed["checkpoint"] == 0), "eval_return"] = 0.5
    by_task = task_table(Suite(changed, of.scales, of.variants), [Pair("b", "a")])
    assert by_task["identical"].tolist() == [""]


def test_losses_on_tasks_are_no_gains_that_are_shown() -> None:
    """Above by .5 on two tasks and below by .1 on one, all of them shown: shown on 2, a loss on 1."""
    base = [0.3 + 0.01 * i for i in range(8)]
    of = made({t: {"a": base, "b": [x + d for x in base]} for t, d in (("t", 0.5), ("u", 0.5), ("v", -0.1))})
    by_task = task_table(of, [Pair("b", "a")])
    (said,) = sentences.pair_sentences(suite_table(of, [Pair("b", "a")], by_task), UNIT, by_task)
    assert said.endswith("By task: better on 2 of 3, a gain shown on 2, a loss shown on 1.")
