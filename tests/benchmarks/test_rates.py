"""Choosing a learning rate: the last fifth, the smallest of equals, and divergence that counts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks import rates
from benchmarks.settings import LEARNING_RATES, RATES
from benchmarks.tables import Scale

SCALES = {"task": Scale(0.0, 10.0, 9.0)}


def row(rate: float, fraction: float, value: float, diverged: bool = False) -> dict[str, object]:
    return {
        "task": "task", "variant": "v", "seed": 0, "learning_rate": rate, "fraction": fraction,
        "eval_return": value, "diverged": diverged,
    }  # fmt: skip


def chosen(rows: list[dict[str, object]]) -> list[float]:
    table = rates.objective(pd.DataFrame(rows), SCALES)
    return table[table["chosen"]]["learning_rate"].tolist()


def test_only_the_last_fifth_counts_and_not_its_last_point_alone() -> None:
    early = [row(0.1, 0.5, 10.0), row(0.1, 0.8, 2.0), row(0.1, 1.0, 3.0)]
    late = [row(0.2, 0.5, 0.0), row(0.2, 0.8, 7.0), row(0.2, 1.0, 1.0)]
    assert chosen(early + late) == [0.2]


def test_of_equals_the_smallest_rate_is_taken() -> None:
    assert chosen([row(0.1, 1.0, 8.95), row(0.2, 1.0, 9.0), row(0.3, 1.0, 7.0)]) == [0.1]
    assert chosen([row(0.1, 1.0, 8.8), row(0.2, 1.0, 9.0), row(0.3, 1.0, 7.0)]) == [0.2]


def test_a_rate_that_diverges_scores_the_floor() -> None:
    table = rates.objective(pd.DataFrame([row(0.1, 1.0, float("nan"), True), row(0.2, 1.0, 1.0)]), SCALES)
    assert table["score"].tolist() == [0.0, 0.1]
    assert table["diverged"].tolist() == [1, 0]


def test_the_table_comes_out_as_settings(tmp_path: Path) -> None:
    made = pd.DataFrame([row(0.1, 1.0, 8.0), row(0.2, 1.0, 9.0)])
    text = rates.write("Which?", made, SCALES, tmp_path).read_text()
    assert '"v": 0.2,' in text
    assert (tmp_path / "figures" / "rates.svg").exists()


def test_every_rate_in_settings_is_from_the_one_list() -> None:
    used = {rate for of_task in LEARNING_RATES.values() for rate in of_task.values()}
    assert used <= set(RATES)
    assert len(used) > 3
