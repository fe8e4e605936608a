"""Parity: the two one-sided tests against scipy, and what the finding says of runs that agree, differ or are unsure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats as sps

from benchmarks import adaptive_run, formats, parity, states, store
from benchmarks.cellwork import run_cell
from benchmarks.cli.kinds.comparison import ComparisonRun
from benchmarks.cli.run import Run
from benchmarks.commands import single_cells
from benchmarks.design.named import tasks_named, variant_named, variants_named
from benchmarks.drawings import Overlay
from benchmarks.experiment import build_cells
from benchmarks.experiments.parity import A2C, EXPERIMENT
from benchmarks.panels import Data
from benchmarks.parity import Parity, equivalence, pooled_deviation
from benchmarks.suite import Scale, Suite
from envs import TASKS
from envs.discover import UnknownName

PAIRS = {"mine": "theirs"}


def data(shift: float, spread: float = 1.0, ours: int = 30, theirs: int = 20, tasks: int = 1, still: int = -1) -> Data:
    """Runs whose mean returns rise from 0 to about 10; theirs end `shift` lower. Deviations by normal quantiles.

    still  the task on which nobody varies
    """
    rows = []
    for t in range(tasks):
        for name, n, below in (("mine", ours, 0.0), ("theirs", theirs, shift)):
            for seed, q in enumerate(sps.norm.ppf((np.arange(n) + 0.5) / n)):
                for k in range(3):
                    value = k / 2 * (10 + (0.0 if t == still else spread * q) - below * (1 + 6 * t))
                    rows.append(
                        {"task": f"task{t}", "variant": name, "seed": seed, "learning_rate": 0.1, "checkpoint": k,
                         "fraction": k / 2, "env_steps": 100 * k, "updates": k, "wall_s": 1.0 * k, "eval_return": value,
                         "eval_return_greedy": np.nan, "diverged": False}
                    )  # fmt: skip
    scales = {f"task{t}": Scale(0.0, 10.0, 9.0) for t in range(tasks)}
    return Data(Suite(pd.DataFrame(rows), scales, ("mine", "theirs")), pd.DataFrame(columns=store.MEASURE_COLUMNS))


def test_equivalence_is_two_one_sided_tests_of_welch() -> None:
    rng = np.random.default_rng(0)
    b, a = rng.normal(0.2, 1.0, 30), rng.normal(0.0, 2.0, 12)
    found = equivalence(b, a)
    assert found.margin == pytest.approx(np.sqrt((29 * b.var(ddof=1) + 11 * a.var(ddof=1)) / 40))
    low = sps.ttest_ind(b + found.margin, a, equal_var=False, alternative="greater")
    high = sps.ttest_ind(b - found.margin, a, equal_var=False, alternative="less")
    assert found.p == pytest.approx(max(low.pvalue, high.pvalue), rel=1e-9)
    interval = sps.ttest_ind(b, a, equal_var=False).confidence_interval(0.9)
    assert (found.low_90, found.high_90) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_equivalence_by_hand() -> None:
    """0 and 2 against 0 and 2: s = sqrt 2 = the margin, its error sqrt(1 + 1): t = 1 with 2 degrees, tail .2113."""
    same = np.array([0.0, 2.0])
    found = equivalence(same, same)
    assert found.margin == pytest.approx(2**0.5)
    assert found.p == pytest.approx(0.5 * (1 - 1 / 3**0.5))
    assert equivalence(same, same, 2.0).p < found.p
    assert equivalence(same + 1.5, same).p > 0.5  # a difference beyond the margin


def test_what_has_no_deviation_is_not_tested() -> None:
    assert np.isnan(equivalence(np.array([1.0, 1.0]), np.array([1.0, 1.0])).p)
    assert np.isnan(pooled_deviation(np.array([1.0]), np.array([1.0, 2.0])))


def test_the_interval_lies_within_the_margin_where_equivalence_is_shown() -> None:
    for shift in (0.0, 0.3, 0.6, 0.9, 1.5):
        made = parity.table(data(shift), PAIRS)
        inside = (made["low_90"] > -made["margin"]) & (made["high_90"] < made["margin"])
        assert (inside == (made["equal"] < 0.05)).all()
    assert [c for c in formats.shown(made).columns if "interval" in c] == ["90 % interval"]
    assert list(made["measure"]) == ["area", "final"]
    assert made["difference"].tolist() == pytest.approx([0.75, 1.5])  # the area of 0, 1/2, 1 is half
    assert made["seeds"].tolist() == [30, 30]
    assert made["seeds_other"].tolist() == [20, 20]


def test_the_sentence_claims_what_is_shown() -> None:
    finding = Parity(PAIRS)
    alike = finding.sentence(data(0.0, tasks=2))
    assert "30 runs of ours against 20" in alike
    assert "`mine` on task0 (area, final), `mine` on task1 (area, final): equivalent in every row" in alike
    unsure = finding.sentence(data(0.58))
    assert "neither is shown: `mine` on task0 (area, final)" in unsure
    assert "equivalent" not in unsure
    mixed = finding.sentence(data(0.01, spread=0.1, tasks=3))  # .1, .7 and 1.3 deviations
    assert "equivalent: `mine` on task0" in mixed
    assert "a difference is shown: `mine` on task2" in mixed
    assert "neither is shown: `mine` on task1" in mixed
    assert finding.sentence(data(0.0, ours=1, theirs=1)) == ""
    assert Parity({"mine": "nobody"}).sentence(data(0.0)) == ""


def test_rows_that_do_not_vary_are_compared_and_not_tested() -> None:
    same = Parity(PAIRS).sentence(data(0.0, tasks=2, still=1))
    assert "`mine` on task0 (area, final): equivalent in every row" in same
    assert "; the same number in every run: `mine` on task1 (area, final)." in same
    apart = Parity(PAIRS).sentence(data(0.01, spread=0.1, tasks=2, still=1))
    assert "numbers that differ and do not vary: `mine` on task1 (area, final)" in apart
    assert "in every row" not in apart


def test_the_figure_lays_one_upon_the_other() -> None:
    figure = Overlay("parity", "Parity", PAIRS).draw(data(0.0, tasks=2))
    panels = [axis for axis in figure.axes if axis.get_visible()]
    assert len(panels) == 2
    assert "mine (n = 30), theirs (n = 20)" in panels[0].get_title()
    assert [len(axis.lines) for axis in panels] == [2, 2]


def test_thirty_of_ours_stand_against_twenty_of_theirs() -> None:
    cells = build_cells(EXPERIMENT, tasks_named(EXPERIMENT.tasks), variants_named(EXPERIMENT.variants), None)
    seeds = {v: sum(len(c.members.seeds) for c in cells if c.variant.name == v) for v in EXPERIMENT.variant_names}
    assert set(seeds.values()) == {60, 40}
    assert seeds[A2C.name] == 40
    assert {c.env_steps for c in cells} == {100_000}
    run = ComparisonRun(EXPERIMENT)
    run.select(Run("parity", seeds=10, tasks="CartPole-v1"))
    assert {len(c.members.seeds) for c in run.cells} == {10}
    run.select(Run("parity"))
    looks = adaptive_run.SequentialPlan(run.experiment, A2C.name, 20, 0.05, 0.05, None)
    first = looks.cells(10, set(EXPERIMENT.variant_names))
    assert len(first) == 2 * len(EXPERIMENT.variants)  # on each task a block of ten, of ours and of theirs
    assert {c.members.seeds for c in first} == {tuple(range(10))}


def test_names_with_a_colon_are_ours_or_a_modules() -> None:
    assert variant_named("sb3:a2c").name == "sb3:a2c"
    with pytest.raises(UnknownName, match="nearest: sb3:"):
        variant_named("sb3:a2x")
    assert variant_named("algorithms.variants.gae:VARIANT").name == "gae"


def test_its_fields_cannot_be_set() -> None:
    with pytest.raises(ValueError, match="--set has no meaning for sb3:a2c"):
        single_cells(TASKS["CartPole-v1"], variant_named("sb3:a2c"), 1, 100, ("training.discount=0.9",))


def test_its_models_stay_on_the_processor(tmp_path: Path) -> None:
    cell = single_cells(TASKS["CartPole-v1"], variant_named("sb3:a2c"), 1, 50, ())[0]
    run_cell(cell, tmp_path / cell.file_name, "cuda", lambda e: None, {"device": "cuda"})
    assert store.read_meta(tmp_path / cell.file_name)["provenance"]["device"] == "cpu"


@pytest.mark.slow
def test_a_killed_cell_goes_on_at_the_next_seed(tmp_path: Path) -> None:
    cell = single_cells(TASKS["CartPole-v1"], variant_named("sb3:a2c"), 2, 100, ())[0]
    told: list[object] = []

    class Killed(Exception):
        pass

    def stop(event: object) -> None:
        told.append(event)
        if sum(getattr(e, "seed", 0) == 1 for e in told):
            raise Killed

    path = tmp_path / cell.file_name
    with pytest.raises(Killed):
        run_cell(cell, path, "cpu", stop, {})
    assert states.state_path(path).exists()
    run_cell(cell, path, "cpu", lambda e: None, {})
    whole = tmp_path / "whole" / cell.file_name
    run_cell(cell, whole, "cpu", lambda e: None, {})
    columns = ["seed", "checkpoint", "env_steps", "updates", "eval_return", "eval_return_greedy"]
    pd.testing.assert_frame_equal(store.read_cells([path])[columns], store.read_cells([whole])[columns])
    assert not states.state_path(path).exists()
