"""Tables for readers: cut intervals show their ends, wide tables are marked, means over tasks have no unit."""

from __future__ import annotations

import pandas as pd

from benchmarks.reports import score_tables
from benchmarks.reports.sections.training import SHARES
from benchmarks.reports.table_formats import as_text_table, prepare_table
from tests.benchmarks.synthetic_results import frame, suite


def test_half_an_interval_is_shown_unless_one_of_the_column_was_cut() -> None:
    rows = pd.DataFrame({"gold": [0.5, 0.9], "gold_low": [0.45, 0.85], "gold_high": [0.55, 0.95]})
    assert as_text_table(rows)["gold"].tolist() == ["0.500 ± 0.050", "0.900 ± 0.050"]
    cut = rows.assign(gold_high=[0.55, 0.92])
    assert as_text_table(cut)["gold"].tolist() == ["0.500 [0.450, 0.550]", "0.900 [0.850, 0.920]"]


def test_a_table_is_marked_where_it_is_wider_than_a_phone_or_a_page() -> None:
    def table(columns: int) -> str:
        return prepare_table(pd.DataFrame({f"column {i}": ["0.123456"] for i in range(columns)})).scrolls

    assert [table(n) for n in (3, 6, 20)] == ["", "phone", "page phone"]


def test_what_has_a_unit_is_not_averaged_over_tasks() -> None:
    diagnostics = pd.DataFrame(
        {"task": ["CartPole-v1", "gymnasium:MountainCar-v0"], "variant": ["gae", "gae"], "clipped_up": [0.2, 0.4],
         "gradient_norm": [1.0, 1000.0], "length_right": [3.0, 200.0]}
    )  # fmt: skip
    means = score_tables.over_tasks(diagnostics, suite(frame(seeds=2)), SHARES)
    assert [*means.columns] == ["variant", "clipped_up"]
    assert abs(means["clipped_up"][0] - 0.3) < 1e-12
