"""Tables and sentences of the exact atlas, from rows that are known."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.figures.gradients.trust_regions import trust_regions as draw
from benchmarks.reports.sections import trust_regions
from benchmarks.statistics.wording.answers import count_words

BIAS = {"uncorrected": 0.5, "sequence IS": 0.0, "DPPO-TV 0.2": 0.2, "IPO mask 0.2": 0.3, "Delightful": 0.7}
COSINE = {"uncorrected": 0.8, "sequence IS": 1.0, "DPPO-TV 0.2": 0.9, "IPO mask 0.2": 0.95, "Delightful": 0.85}


def rows() -> pd.DataFrame:
    """Three tasks whose grad J has length 2; at 0 nats all but Delightful are unbiased."""
    made = [
        {
            "axis": "drift", "x": x, "task": task, "variant": v, "gradient": 2.0, "variance": 36.0, "single": 0.1,
            "bias": 2 * factor * BIAS[v] * (x > 0 or v == "Delightful"),
            "cosine": COSINE[v] if x or v == "Delightful" else 1.0,
        }
        for task, factor in (("bandit", 1.0), ("lock", 2.0), ("dyck", 9.0))
        for x in (0.0, 0.1)
        for v in BIAS
    ]  # fmt: skip
    return trust_regions.relative(pd.DataFrame(made))


def test_tables_are_medians_of_tasks_in_units_of_the_gradient() -> None:
    bias = trust_regions.table(rows(), "bias").set_index("variant")
    assert list(bias.columns) == ["0", "0.1"]
    assert bias.loc["DPPO-TV 0.2", "0.1"] == pytest.approx(0.4)  # of .2, .4 and 1.8
    assert trust_regions.table(rows(), "sd")["0.1"].tolist() == [3.0] * 5  # sqrt(36) / 2


def test_sentences_say_what_the_rows_hold() -> None:
    said = trust_regions.sentences(rows())
    assert said[:3] == [
        "Of 4 corrections, sequence IS is unbiased at every drift and task, by enumeration.",
        "The biases below are medians of 3 tasks, in units of |grad J|.",
        "At 0.1 nats DPPO-TV 0.2 has the least bias of the others: 0.40, against 1.00 uncorrected.",
    ]
    assert (
        "Delightful's mean gradient has a higher cosine to grad J than the plain one on 0 of 3 tasks on policy and in 3 of "
        "3 stale cases; single gradients in 0 of 6. Exact, but of these policies alone." in said
    )
    assert (
        "At threshold 0.2 the sign-blind mask has the smaller bias in 0 of 3 cases and the larger cosine in 3 of 3; the "
        "sign-conditioned one in 3 of 3 and 0 of 3." in said
    )
    assert max(map(count_words, said)) <= 40
    assert trust_regions.sentences(rows()[rows()["x"] == 0]) == []


def test_a_bias_of_rounding_is_0_in_the_table_and_in_the_sentences() -> None:
    """8e-8 of a gradient of length 1 is what single precision leaves of 0; .004 is a bias."""
    biases = {"sequence IS": (8e-8, 9e-8), "truncated": (7e-8, 0.004), "uncorrected": (0.3, 0.5)}
    made = [
        {"axis": "drift", "x": x, "task": "lock", "variant": v, "gradient": 1.0, "variance": 1.0, "bias": bias}
        for v, pair in biases.items()
        for x, bias in zip((0.1, 1.0), pair, strict=True)
    ]
    known = trust_regions.relative(pd.DataFrame(made))
    assert trust_regions.table(known, "bias").set_index("variant").loc["sequence IS"].tolist() == [0, 0]
    assert trust_regions.sentences(known.assign(cosine=1.0, single=1.0))[:4] == [
        "Of 2 corrections, sequence IS is unbiased at every drift and task, by enumeration.",
        "The biases below are medians of 1 task, in units of |grad J|.",
        "At 0.1 nats truncated has the least bias of the others: 0, against 0.30 uncorrected.",
        "At 1 nat truncated has the least bias of the others: 0.004, against 0.50 uncorrected.",
    ]


def test_the_figure_has_a_panel_for_each_task_and_quantity() -> None:
    panels = [axis for axis in draw(rows()).axes if axis.get_visible()]
    assert len(panels) == 9
    assert [len(axis.lines) for axis in panels] == [5] * 9
