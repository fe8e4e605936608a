"""Tables, verdicts, figures and the report of a frame whose differences are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import report, tables
from tests.benchmarks.made import PARENTS, RUNGS, SCALES, frame, report_input


def test_scores_by_hand() -> None:
    made = frame()
    row = tables.score_table(made, SCALES, RUNGS).set_index(["task", "variant"]).loc[("CartPole-v1", "gae")]
    final = made[(made.task == "CartPole-v1") & (made.variant == "gae") & (made.checkpoint == 5)]
    assert row["mean"] == pytest.approx(final.eval_return.mean())
    assert row["score"] == pytest.approx(((final.eval_return - 20) / 480).mean())
    assert row["low"] < row["mean"] < row["high"]
    assert row["steps_per_s"] == pytest.approx(10 * 5000 / 10.0)
    assert row["reached"] == 0
    assert np.isnan(row["steps_to_threshold"])


def test_time_to_threshold_counts_who_got_there() -> None:
    made = frame()
    here = (made.task == "CartPole-v1") & (made.variant == "gae")
    made.loc[here & (made.seed < 3) & (made.checkpoint >= 2 + made.seed), "eval_return"] = 490.0
    row = tables.score_table(made, SCALES, RUNGS).set_index(["task", "variant"]).loc[("CartPole-v1", "gae")]
    assert row["reached"] == 3
    assert row["steps_to_threshold"] == 3000  # the median of 2,000, 3,000 and 4,000


def test_rungs_find_what_is_there_and_nothing_else() -> None:
    rungs = tables.rung_table(frame(), SCALES, RUNGS, PARENTS).set_index("variant")
    assert list(rungs.index) == ["reward_to_go", "baseline_loo", "gae", "ppo"]
    assert rungs.loc["reward_to_go", "difference"] == pytest.approx(0.3, abs=0.02)
    assert rungs.loc["reward_to_go", "p"] == pytest.approx(2 / 2**10)
    assert rungs.loc["reward_to_go", "p_holm"] == pytest.approx(4 * 2 / 2**10)
    assert rungs.loc["baseline_loo", "p_holm"] > 0.05
    assert rungs.loc["reward_to_go", "better"] == 3


def test_verdicts_refuse_to_name_a_winner_without_evidence() -> None:
    said = tables.verdicts(tables.rung_table(frame(), SCALES, RUNGS, PARENTS))
    assert "`reward_to_go` against `reinforce` gains +0.3" in said[0] or "gains +0.29" in said[0]
    assert "`baseline_loo` against `reward_to_go`: no difference shown" in said[1]
    assert "would have shown" in said[1]
    few = tables.verdicts(tables.rung_table(frame(seeds=5), SCALES, RUNGS, PARENTS))
    assert all("no difference shown" in sentence for sentence in few)  # 5 seeds can never reach .05


def test_a_diverged_member_counts_as_the_floor_and_is_counted() -> None:
    made = frame()
    lost = (made.task == "CartPole-v1") & (made.variant == "gae") & (made.seed == 0) & (made.checkpoint >= 3)
    made.loc[lost, ["eval_return", "diverged"]] = [np.nan, True]
    row = tables.score_table(made, SCALES, RUNGS).set_index(["task", "variant"]).loc[("CartPole-v1", "gae")]
    final = made[(made.task == "CartPole-v1") & (made.variant == "gae") & (made.checkpoint == 5) & (made.seed > 0)]
    assert row["diverged"] == 1
    assert row["seeds"] == 10
    assert row["mean"] == pytest.approx((final.eval_return.sum() + 20.0) / 10)


def test_missing_cells_are_listed(tmp_path: Path) -> None:
    made = frame()
    made = made[~((made.task == "CartPole-v1") & (made.variant == "ppo"))]
    assert tables.missing_cells(made, SCALES, RUNGS, set()) == ["CartPole-v1 x ppo"]
    assert tables.missing_cells(made, SCALES, RUNGS, {"ppo"}) == []
    rungs = tables.rung_table(made, SCALES, RUNGS, PARENTS).set_index("variant")
    assert rungs.loc["ppo", "tasks"] == 2
    broken = replace(report_input(made, tmp_path), failures=("CartPole-v1 x ppo: RuntimeError: no",))
    text = report.write(broken).read_text()
    assert "missing: CartPole-v1 x ppo" in text
    assert "RuntimeError: no" in text


def test_pairs_are_matched_by_seed_not_by_row() -> None:
    made = frame()
    turned = made.sample(frac=1.0, random_state=0)
    a, b = (tables.rung_table(m, SCALES, RUNGS, PARENTS) for m in (made, turned))
    np.testing.assert_allclose(a["p"], b["p"])
    swapped = made.copy()
    gae = swapped.variant == "gae"
    swapped.loc[gae, "seed"] = (swapped.loc[gae, "seed"] + 5) % 10
    c = tables.rung_table(swapped, SCALES, RUNGS, PARENTS).set_index("variant")
    assert c.loc["ppo", "high"] - c.loc["ppo", "low"] > 2 * (a["high"] - a["low"]).iloc[-1]


def test_the_report_is_whole_and_the_same_twice(tmp_path: Path) -> None:
    paths = [report.write(report_input(frame(), tmp_path / name)) for name in ("a", "b")]
    text = paths[0].read_text()
    assert "What does each ingredient buy?" in text
    assert "| reward_to_go | reinforce | what reward_to_go changes | 3 | 10 |" in text
    files = {p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*")}
    wanted = {"summary.csv", "report.md", "tables/rungs.csv", "tables/rungs.md", "figures/heat_map.svg",
              "figures/heat_map.png", "figures/ingredients.svg", "figures/curves_1.svg", "figures/curves_1.png"}  # fmt: skip
    assert wanted <= {str(f) for f in files}
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file
    for link in [line.split("](")[1].rstrip(")") for line in text.splitlines() if line.startswith("![")]:
        assert (tmp_path / "a" / link).exists()


def test_few_seeds_are_said_aloud(tmp_path: Path) -> None:
    text = report.write(report_input(frame(seeds=4), tmp_path)).read_text()
    assert "4 seeds: the smallest two-sided p of a paired test is 0.125" in text
    assert "smallest two-sided" not in report.write(report_input(frame(), tmp_path / "ten")).read_text()


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567.0, "1,234,567"), (0.12345, "0.123"), (12.345, "12.35"), (float("nan"), "-"), (3.0, "3")],
)
def test_numbers_are_readable(value: float, text: str) -> None:
    assert report.number(value) == text
