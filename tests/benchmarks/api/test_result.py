"""The tables and pictures of results with known numbers, and the comparison with a baseline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import Result, compare, load
from benchmarks.reports.report import report_folder
from envs.validation import UnknownName, UsageError
from tests.benchmarks.synthetic_results import write_cell

SEEDS = tuple(range(8))
TASKS = ("bandit/small", "lock/small")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """gae at .5, ppo .2 above it on the first task and .1 on the second, reinforce at the same numbers as gae."""
    folder = tmp_path_factory.mktemp("api") / "mine"
    for task, gain in zip(TASKS, (0.2, 0.1), strict=True):
        end = 0.5 + 0.01 * np.arange(8)
        for variant, more in (("gae", 0.0), ("ppo", gain), ("reinforce", 0.0)):
            write_cell(folder, task, variant, SEEDS, np.linspace(0, 1, 3)[:, None] * (end + more))
    return load(folder)


def test_the_curves_are_tidy(result: Result) -> None:
    assert len(result.curves) == 2 * 3 * 8 * 3
    assert not result.curves.duplicated(["task", "variant", "seed", "checkpoint"]).any()
    row = result.curves.query("task == 'lock/small' and variant == 'ppo' and seed == 3 and checkpoint == 1").iloc[0]
    assert row["eval_return"] == pytest.approx(0.5 * (0.53 + 0.1))
    assert row["fraction"] == pytest.approx(0.5)
    assert not row["lost"]


def test_the_scores_are_the_last_of_the_curves(result: Result) -> None:
    assert len(result.scores) == 2 * 3 * 8
    row = result.scores.query("task == 'lock/small' and variant == 'ppo' and seed == 3").iloc[0]
    scale = result.suite.scales["lock/small"]
    assert scale.floor is not None
    assert scale.ceiling is not None
    assert row["eval_return"] == pytest.approx(0.63)
    assert row["score"] == pytest.approx((0.63 - scale.floor) / (scale.ceiling - scale.floor))
    # a straight line from 0 to .63: its mean is .315, read on the same scale
    assert row["area"] == pytest.approx((0.315 - scale.floor) / (scale.ceiling - scale.floor))
    means = result.scores.groupby(["task", "variant"])["eval_return"].mean()
    pd.testing.assert_series_equal(
        result.summary.set_index(["task", "variant"])["mean"].sort_index(), means, check_names=False
    )


def test_a_comparison_tests_each_variant_against_the_baseline(result: Result) -> None:
    table = compare(result, "gae").set_index("variant")
    assert table["finding"].to_dict() == {"ppo": "better", "reinforce": "identical"}
    spans = [result.suite.scales[task] for task in TASKS]
    widths = [scale.ceiling - scale.floor for scale in spans if scale.ceiling is not None and scale.floor is not None]
    assert table.loc["ppo", "difference"] == pytest.approx((0.2 / widths[0] + 0.1 / widths[1]) / 2)
    assert table.loc["ppo", "p"] == pytest.approx(2 / 2**8)  # all eight signs agree
    assert table.loc["ppo", "p_holm"] == pytest.approx(2 * 2 / 2**8)
    back = compare(result, "ppo").set_index("variant")
    assert back["finding"].to_dict() == {"gae": "worse", "reinforce": "worse"}


def test_a_comparison_by_task_has_a_row_each(result: Result) -> None:
    table = compare(result.folder, "gae", by_task=True)
    assert [tuple(row) for row in table[["variant", "task", "finding"]].to_numpy()] == [
        ("ppo", TASKS[0], "better"),
        ("ppo", TASKS[1], "better"),
        ("reinforce", TASKS[0], "identical"),
        ("reinforce", TASKS[1], "identical"),
    ]


def test_the_report_says_the_same(result: Result) -> None:
    """Where no other family has decided a pair, the report's table against the baseline holds these numbers."""
    report_folder(result.experiment, result.folder, "gae", [".svg"])
    theirs, ours = (
        pd.read_csv(result.folder / "tables" / "baseline.csv").set_index("variant"),
        compare(result, "gae").set_index("variant"),
    )
    assert theirs.loc["ppo", "difference"] == pytest.approx(ours.loc["ppo", "difference"], rel=1e-4)
    assert theirs.loc["ppo", "p"] == pytest.approx(ours.loc["ppo", "p"], rel=1e-4)


def test_another_baseline_is_refused(result: Result) -> None:
    with pytest.raises(UnknownName, match="unknown baseline 'geo'; nearest: gae"):
        compare(result, "geo")


@pytest.mark.parametrize("kind", ["curves", "scores", "heat_map"])
def test_a_picture_is_shown_and_saved(kind: str, result: Result, tmp_path: Path) -> None:
    picture = result.plot(kind)
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert picture.save(tmp_path / "new" / "a.svg").read_text().startswith("<?xml")
    assert len(picture.figure.axes) >= 1


def test_a_picture_has_the_width_that_a_paper_asks_for(result: Result, tmp_path: Path) -> None:
    svg = result.plot("scores", width="3.25in").save(tmp_path / "a.svg").read_text()
    assert 'width="234pt"' in svg  # 3.25 x 72
    assert result.plot("scores", width="3.25in").save(tmp_path / "a.pgf").read_text().startswith("%% A figure")
    with pytest.raises(UsageError, match=r"^width '3\.25' has no unit that is known; did you mean 3\.25in"):
        result.plot("scores", width="3.25")


def test_a_picture_that_cannot_be_is_refused(result: Result, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="unknown kind of picture 'curve'; nearest: curves"):
        result.plot("curve")
    with pytest.raises(UnknownName, match="unknown axis 'steps'"):
        result.plot(x="steps")
    with pytest.raises(UnknownName, match="unknown variant with learning curves 'pp'; nearest: ppo"):
        result.plot(variants=["pp"])
    with pytest.raises(UsageError, match=r"unknown kind of figure '.gif'"):
        result.plot().save(tmp_path / "a.gif")


def test_a_notebook_shows_the_summary(result: Result) -> None:
    assert repr(result).startswith("<Result of 2 tasks x 3 variants, 8 seeds, in ")
    assert "<td>lock/small</td>" in result._repr_html_()
