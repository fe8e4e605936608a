"""The section on pass@k, from measures that are known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from algorithms.training.returns.pass_at_k import KS
from benchmarks.figures.pass_at_k import pass_at_k
from benchmarks.reports import score_tables
from benchmarks.reports.sections.passes import passes_of, passes_table, sentences
from benchmarks.store.suite import Data
from tests.benchmarks.synthetic_results import frame, report_input, suite

ONE_RIGHT = {"reinforce": 0.5, "gae": 0.4}  # p of a prompt; with gae half of the prompts are at .8, half at 0


def passed(variant: str, k: int) -> float:
    return 1 - 0.5**k if variant == "reinforce" else 0.5 * (1 - 0.2**k)


def measures(made: pd.DataFrame, task: str) -> pd.DataFrame:
    """pass@k of two variants at every checkpoint, in which only the last counts."""
    rows = made[(made["task"] == task) & made["variant"].isin(ONE_RIGHT)]
    parts = [
        rows.assign(measure=f"pass@{k}", value=[passed(v, k) for v in rows["variant"]] * (rows["checkpoint"] > 0))
        for k in KS
    ]
    return pd.concat(parts)


@pytest.fixture(scope="module")
def data() -> Data:
    made = frame(3, 2)
    return Data(suite(made), measures(made, next(iter(suite(made).scales))))


def test_the_last_checkpoint_counts_and_tasks_without_it_are_left_out(data: Data) -> None:
    table = passes_table(data).set_index("variant")
    assert set(table["task"]) == {next(iter(data.suite.scales))}
    assert table.loc["reinforce", "pass@2"] == pytest.approx(0.75)
    assert table.loc["gae", "pass@2"] == pytest.approx(0.48)


def test_sentences_name_the_best_with_one_text_and_with_many() -> None:
    rows = pd.DataFrame(
        [
            {"task": "a", "variant": "x", "pass@1": 0.5, "pass@64": 0.6},
            {"task": "a", "variant": "y", "pass@1": 0.4, "pass@64": 0.9},
            {"task": "b", "variant": "x", "pass@1": 0.5, "pass@64": 0.999},
            {"task": "b", "variant": "y", "pass@1": 0.4, "pass@64": 1.0},
        ]
    )
    assert sentences(rows)[:2] == [
        "On a, `x` has the highest mean pass@1 (0.50). `y` has the highest mean pass@64 (0.90; `x` 0.60).",
        "On b, `x` has the highest mean pass@1 (0.50) and pass@64 (1.00).",
    ]


def test_the_section_has_a_figure_and_is_left_out_without_measures(tmp_path: Path, data: Data) -> None:
    plain = report_input(frame(3, 2), tmp_path)
    assert passes_of(plain).blocks == ()
    lines = pass_at_k(data, ["reinforce", "gae"], "").axes[0].lines
    assert [round(float(y), 2) for y in lines[0].get_ydata()][:3] == [0.5, 0.75, 0.94]


def test_pass_at_k_is_not_among_the_other_measures(data: Data) -> None:
    assert score_tables.measure_table(data.measures, data.suite).empty
