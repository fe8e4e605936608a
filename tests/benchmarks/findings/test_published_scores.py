"""Ours against published scores: the right checkpoint, the right metric, and no claim that the interval does not allow."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from benchmarks.findings import published_scores
from benchmarks.findings.published_scores import ReachedScores
from benchmarks.published.scores import PublishedScore
from benchmarks.store.curves import Curve
from tests.benchmarks.findings.middling_runs import data, score


@pytest.mark.parametrize(
    ("of", "mean"),
    [(score(1.0, 100), 5.0), (score(1.0, 50), 8.0), (score(1.0, 95), 5.0), (score(1.0, 100, "maximum"), 8.0)],
)
def test_the_checkpoint_and_the_metric_are_the_sources(of: PublishedScore, mean: float) -> None:
    assert published_scores.table(data(), (of,))["ours"].tolist() == [mean]


def test_a_maximum_is_that_of_the_mean_as_the_source_takes_it() -> None:
    """Two seeds at their best at different checkpoints: the mean of their maxima would be 7, that of the best mean is 5."""
    value = np.array([[0.0, 0.0], [8.0, 2.0], [1.0, 6.0]])
    steps = np.array([[0.0, 0.0], [50.0, 50.0], [100.0, 100.0]])
    unread: dict[str, Any] = {f.name: np.zeros(0) for f in fields(Curve)}
    curve = Curve(**unread | {"value": value, "env_steps": steps})
    found = published_scores.returns_at_budget(curve, score(1.0, 100, "maximum"))
    assert found is not None
    assert found.tolist() == [8.0, 2.0]


def test_a_budget_that_we_have_no_checkpoint_near_is_left_out() -> None:
    made = published_scores.table(data(), (score(1.0, 75), score(1.0, 200)))
    assert made.empty
    assert published_scores.page_table(made).empty
    assert ReachedScores((score(1.0, 75),)).sentence(data()) == ""


def test_reached_is_better_or_within_our_interval() -> None:
    """5 +- 1 of four seeds: deviation sqrt(4/3), t_3 = 3.182, half an interval 1.837."""
    made = published_scores.table(data(), tuple(score(v, 100) for v in (4.0, 6.8, 6.9)))
    assert made["reached"].tolist() == [True, True, False]
    np.testing.assert_allclose(made["high"], 5 + 3.1824 * np.sqrt(4 / 3) / 2, atol=1e-3)
    assert ReachedScores((score(4.0, 100), score(6.9, 100))).sentence(data()) == (
        "We reach 1 of 2 published scores: 1 by our mean. We miss 1.\n\n"
        "- Missed: `A2C` on pole reaches 5 [3.163, 6.837]; zoo has 6.9 at 0k steps."
    )
    assert published_scores.page_table(made)["reached"].tolist() == ["yes", "yes", "no"]


def test_greedy_actions_count_where_the_source_is_greedy_and_its_budget_is_ours() -> None:
    """Greedy returns are 9 and 10 in turn, sampled ones 5 +- 1 at the end."""
    of = (score(9.6, 100), score(9.9, 50), PublishedScore("pole", "A2C", "SLM", 9.6, 100), score(12.0, 100))
    made = published_scores.table(data(greedy=9.5), of)
    assert made["reached_greedy"].tolist() == [True, False, False, False]
    assert made["greedy"].tolist() == pytest.approx([9.5, np.nan, np.nan, 9.5], nan_ok=True)
    assert published_scores.page_table(made)["reached"].tolist() == ["greedy", "no", "no", "no"]
    said = ReachedScores(of).sentence(data(greedy=9.5))
    head = "We reach 1 of 4 published scores: 1 with greedy actions, as the source's are. We miss 3."
    assert said.startswith(f"{head}\n\n- Missed: `A2C` on pole")
    assert ReachedScores((score(6.8, 100),)).sentence(data()) == (
        "We reach 1 of 1 published score: 1 within our 95 % interval."
    )
