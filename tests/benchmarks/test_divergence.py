"""Divergence never beats a finite return: in scores, rankings, comparisons and the words of a report."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from benchmarks.suite import Scale, Suite

NAN = float("nan")
FAR = Scale(-100.0, 0.0, -10.0)  # returns below its floor are possible


def rows(returns: Mapping[tuple[str, str], list[list[float]]], checkpoints: int = 3) -> pd.DataFrame:
    """Returns by (task, variant): one list a seed, the return of every checkpoint after the first, which is -90.

    NaN: the member has diverged by then.
    """
    made = []
    for (task, variant), seeds in returns.items():
        for seed, values in enumerate(seeds):
            for k, value in enumerate([-90.0, *values]):
                made.append(
                    {
                        "task": task, "variant": variant, "seed": seed, "learning_rate": 0.01, "checkpoint": k,
                        "fraction": k / (checkpoints - 1), "env_steps": 100 * k, "updates": k, "wall_s": 1.0 * k,
                        "eval_return": value, "eval_return_greedy": value if k == checkpoints - 1 else NAN,
                        "diverged": bool(np.isnan(value)),
                    }
                )  # fmt: skip
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
