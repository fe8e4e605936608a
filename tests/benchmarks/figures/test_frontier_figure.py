"""The frontier's figure and its distances, of policies whose losses can be read off."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.execution.train_cell import report_metadata
from benchmarks.figures.frontier import Frontier, distances, read_path
from benchmarks.loading.suites import task_frontiers
from benchmarks.store.many.frames import MEASURE_COLUMNS
from benchmarks.store.suite import Data, Suite
from envs.api import Scale
from envs.language.frontier import Frontier as Exact
from envs.language.frontier import Point
from envs.text.overopt import OverOpt, judged_task
from tests.benchmarks.small_cells import small_cell

# the most proxy is 2 sqrt(KL), the most gold sqrt(KL)
EXACT = Exact(
    0.5,
    tuple(Point(k, 2 * k**0.5, k**0.5 / 2) for k in np.linspace(0, 9, 20)),
    tuple(Point(k, k**0.5, k**0.5) for k in (0.0, 1.0, 9.0)),
    (Point(0.0, 0.0, 0.0), Point(1.0, 1.5, 0.5)),
)


def data(exact: Exact = EXACT, lost: bool = False) -> Data:
    """Two seeds at KL 0, then 4 and 4: returns 0 and 1, then 1 and 2; gold 0, then .5 and 1.5. `lost`: the second too."""
    rows = pd.DataFrame(
        {"task": "t", "variant": "gae", "seed": s, "checkpoint": k, "fraction": k / 1.0, "env_steps": k,
         "eval_return": 1.0 * k + s, "learning_rate": 1.0, "eval_return_greedy": 0.0, "updates": k, "wall_s": 1.0 * k,
         "diverged": lost and s == k == 1}
        for s in (0, 1) for k in (0, 1)
    )  # fmt: skip
    measured = rows[~rows["diverged"]]
    values = {"kl": measured.checkpoint * 4.0, "gold": measured.checkpoint * (0.5 + measured.seed)}
    measures = pd.concat(measured.assign(measure=name, value=x)[MEASURE_COLUMNS] for name, x in values.items())
    return Data(Suite(rows, {"t": Scale(0.0, 1.0, 1.0)}, ("gae",), frontiers={"t": exact}), measures)


def test_paths_are_means_over_seeds_with_the_kl_put_back() -> None:
    proxy, gold = Frontier("f", "c").draw(data()).axes
    path = proxy.lines[3]  # after the frontier, the best of n and the star
    np.testing.assert_allclose(path.get_xdata(), [0.0, 4.0])
    np.testing.assert_allclose(path.get_ydata(), [0.5, 1.5 + 0.5 * 4])  # return + beta KL
    np.testing.assert_allclose(gold.lines[1].get_ydata(), [p.gold for p in EXACT.proxy])
    np.testing.assert_allclose(gold.lines[2].get_ydata(), [p.gold for p in EXACT.gold])
    np.testing.assert_allclose(gold.lines[5].get_ydata(), [0.0, 1.0])
    ends = Frontier("f", "c", paths=False, variants=("gae",)).draw(data()).axes[0]
    np.testing.assert_allclose(ends.lines[3].get_xydata(), [[4.0, 3.5]])
    assert len(Frontier("f", "c", variants=("ppo",)).draw(data()).axes[0].lines) == 3


def test_what_is_lost_at_the_policys_kl() -> None:
    """At KL 4 the most proxy is 4 and the most gold 2; the seeds have 3 and 4, and .5 and 1.5."""
    (row,) = distances(data()).to_dict("records")
    assert (row["kl"], row["proxy"], row["gold"]) == (4.0, 3.5, 1.0)
    half = 12.706 * np.std([1, 0], ddof=1) / 2**0.5
    found = [row[f"proxy lost{end}"] for end in ("", " low", " high")]
    assert found == pytest.approx([0.5, 0.0, 0.5 + half], rel=1e-3)  # no policy is beyond the frontier
    assert row["gold lost"] == pytest.approx(1.0)
    table = Frontier("f", "c", measured=True).table(data())
    assert table is not None
    assert table.frame["proxy lost"].tolist() == [pytest.approx(0.5)]
    assert Frontier("f", "c").table(data()) is None


def test_a_task_whose_best_gold_is_unknown_has_no_such_column() -> None:
    assert not {"gold lost", "gold lost low"} & {*distances(data(Exact(0.5, EXACT.proxy))).columns}


def test_seeds_that_diverged_are_left_out() -> None:
    path = read_path(data(lost=True), "t", "gae")
    assert path is not None
    np.testing.assert_allclose(path.proxy, [[0.0], [3.0]])


def test_a_cell_stores_its_tasks_frontier_and_older_cells_ask_the_experiments_task() -> None:
    mdp = OverOpt(topics=2, each=2, filler=1, length=5, beta=0.1)
    task = judged_task("own", mdp)
    one = small_cell(task)
    reading = report_metadata(one)
    meta = {"cell": {"task": {"name": "own"}}, "reading": reading}
    old = {"cell": {"task": {"name": "own"}}, "reading": {"scale": [0, 1, 1]}}
    experiment = ComparisonExperiment("e", "Which?", (task,), ())
    without = ComparisonExperiment("e", "Which?", ("own",), ())
    stored, asked = task_frontiers(without, [meta]), task_frontiers(experiment, [old])
    assert stored["own"].peak == pytest.approx(asked["own"].peak, rel=1e-6)
    assert asked["own"] == mdp.exact_frontier()
    assert "frontier" not in report_metadata(small_cell())
    assert task_frontiers(without, [old]) == {}
