"""Families of comparisons and what a knob does: hand numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.statistics import comparisons
from benchmarks.statistics.comparison_tables import suite_table, sweep_table, task_table
from benchmarks.statistics.comparisons import Pair, all_pairs, baseline_pairs, compare_variants, rung_pairs
from benchmarks.statistics.intervals import t_interval
from benchmarks.statistics.wording import sentences
from benchmarks.store.suite import Suite
from envs.api import Scale
from tests.benchmarks.synthetic_results import PARENTS, frame, suite


def made(scores: dict[str, dict[str, list[float]]]) -> Suite:
    """A suite of two checkpoints from final scores: by task, by variant, one a seed."""
    rows = [
        {
            "task": task, "variant": v, "seed": s, "learning_rate": 0.1, "checkpoint": k, "fraction": float(k),
            "env_steps": 100 * k, "updates": k, "wall_s": 1.0 * k, "eval_return": x * k, "eval_return_greedy": x,
            "diverged": False,
        }
        for task, of in scores.items()
        for v, values in of.items()
        for s, x in enumerate(values)
        for k in (0, 1)
    ]  # fmt: skip
    variants = list(dict.fromkeys(v for of in scores.values() for v in of))
    return Suite(pd.DataFrame(rows), {t: Scale(0.0, 1.0, 0.9) for t in scores}, variants)


def test_the_three_families() -> None:
    of = suite(frame())
    assert rung_pairs(of, PARENTS)[0] == Pair("reward_to_go", "reinforce")
    assert len(rung_pairs(of, PARENTS)) == 4
    assert baseline_pairs(of, "gae")[-1] == Pair("ppo", "gae")
    assert len(baseline_pairs(of, "gae")) == 4
    assert len(all_pairs(of)) == 5 * 4 / 2  # random does not learn and is compared with nobody


def test_a_suite_row_by_hand() -> None:
    """b - a of each seed's mean over two tasks: .3, .1, .2. On task t it is .4, .2, .0."""
    of = made({"t": {"a": [0.1, 0.2, 0.3], "b": [0.5, 0.4, 0.3]}, "u": {"a": [0.1, 0.2, 0.1], "b": [0.3, 0.2, 0.5]}})
    by_task = task_table(of, [Pair("b", "a")])
    row = suite_table(of, [Pair("b", "a")], by_task).iloc[0]
    assert row["difference"] == pytest.approx(0.2)
    assert row["p"] == pytest.approx(2 / 8)
    assert (row["low"], row["high"]) == pytest.approx(t_interval(np.array([0.3, 0.1, 0.2])))
    assert row["improvement"] == pytest.approx(8.5 / 9)  # on each task 8 wins and a tie of 9
    assert (row["better"], row["shown"], row["test"]) == (2, 0, "sign-flip")
    assert by_task["difference"].tolist() == pytest.approx([0.2, 0.2])
    assert by_task["p"].tolist() == pytest.approx([4 / 8, 4 / 8])  # .4 .2 .0: the 0 flips for nothing
    assert by_task["p_holm"].tolist() == pytest.approx([1.0, 1.0])


def test_a_comparison_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three pairs on two tasks and over both are nine comparisons, however many tables show them."""
    tested: list[int] = []
    each = comparisons.compare_each_paired

    def counted(pairs: Any) -> Any:
        tested.append(len(pairs))
        return each(pairs)

    monkeypatch.setattr(comparisons, "compare_each_paired", counted)
    seeds = {"a": [0.1, 0.2, 0.3], "b": [0.5, 0.4, 0.3], "c": [0.6, 0.4, 0.1]}
    of = made({"t": seeds, "u": seeds})
    pairs = all_pairs(of)
    for _ in range(2):
        suite_table(of, pairs, task_table(of, pairs))
    task_table(of, pairs[:1])
    assert sum(tested) == 3 * (2 + 1)


def test_imported_runs_are_no_pairs() -> None:
    """Seeds of somebody else's runs say nothing of ours: Welch's test, which the shared luck does not help."""
    paired, unpaired = suite(frame()), suite(frame(), imported=frozenset({"gae"}))
    found = [compare_variants(of, Pair("gae", "baseline_loo"), of.tasks("gae")) for of in (paired, unpaired)]
    assert found[0] is not None
    assert found[1] is not None
    assert (found[0].paired, found[1].paired) == (True, False)
    assert found[0].difference == pytest.approx(found[1].difference)
    width = [r.interval.high - r.interval.low for r in found]
    assert width[1] > 3 * width[0]


def test_what_a_knob_does() -> None:
    """From x = 1 to x = 10 a loses .5 on every seed of ten, b nothing."""
    rng = np.random.default_rng(0)
    low, noise = rng.normal(0.8, 0.05, 10), rng.normal(0, 0.01, 10)
    of = made(
        {
            "x1": {"a": low.tolist(), "b": low.tolist()},
            "x10": {"a": (low - 0.5 + noise).tolist(), "b": (low + noise).tolist()},
        }
    )
    table = sweep_table(of, {"x10": 10.0, "x1": 1.0}, {}).set_index("variant")
    assert table.loc["a", "difference"] == pytest.approx(-0.5 + noise.mean())
    assert (table.loc["a", "from"], table.loc["a", "to"]) == ("1", "10")
    assert table.loc["a", "p_holm"] == pytest.approx(4 / 2**10)
    (said,) = sentences.sweep_sentences(table.reset_index(), "a knob")
    assert said == "From 1 to 10 (a knob) the score falls for `a`, by 0.50. No change is shown for `b`."


def test_seeds_are_counted_on_our_own_runs() -> None:
    """One imported run beside ten seeds of ours does not make a report of one seed."""
    rows = frame()
    alone = rows[(rows["variant"] != "gae") | (rows["seed"] == 0)]
    assert suite(rows).seeds == 10
    assert suite(alone).seeds == 1
    assert suite(alone, imported=frozenset({"gae"})).seeds == 10
