"""Rankings before and after tuning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats

from benchmarks.tuning.report.headline import ranking_sentences
from benchmarks.tuning.summary.ranking import Ranking, tau
from tests.benchmarks.tuning.report.synthetic_studies import of, said, study


def test_tau_is_kendalls() -> None:
    a, b = np.array([3.0, 2.0, 1.0, 0.0]), np.array([3.0, 1.0, 2.0, 0.0])
    assert float(tau(a, b)) == pytest.approx((5 - 1) / 6)
    tied = np.array([1.0, 1.0, 0.5, 0.0])
    assert float(tau(a, tied)) == pytest.approx(scipy.stats.kendalltau(a, tied).statistic)
    assert np.isnan(tau(a, np.ones(4)))
    assert tau(np.stack([a, -a]), np.stack([b, b])).tolist() == pytest.approx([4 / 6, -4 / 6])


def ranking(default: Sequence[float], tuned: Sequence[float], seeds: int = 10) -> Ranking:
    """Variants a, b, c with these scores on every seed, up to a hair that all share."""
    hair = np.linspace(0, 0.01, seeds)[:, None]
    return Ranking("mean of 2 tasks", 2, ("a", "b", "c")[: len(default)], hair + default, hair + tuned)


def test_orders_that_survive_are_reversed_or_left_open() -> None:
    same = ranking((0.9, 0.6, 0.3), (0.8, 0.7, 0.6))
    assert same.tau == 1.0
    assert same.interval == (1.0, 1.0)
    assert same.orders == (3, 3, 3, 0, (), 0)
    assert ranking_sentences(same) == [
        "The ranking survives tuning.",
        "Of 3 pairs that 10 test seeds order by default, 3 keep that order, 0 are left open and 0 are reversed.",
        "Kendall's tau of the rankings before and after is 1.00 [1.00, 1.00] (3 variants over 2 tasks).",
        "`a` leads before tuning, alone.",
        "`a` leads after tuning, alone.",
    ]
    reversed_ = ranking((0.9, 0.6, 0.3), (0.6, 0.9, 0.3))
    assert reversed_.tau == pytest.approx(1 / 3)
    assert reversed_.orders == (3, 3, 2, 0, (("a", "b"),), 0)
    assert ranking_sentences(reversed_)[0] == "The ranking does not survive tuning."
    assert ranking_sentences(reversed_)[3:] == ["`a` leads before tuning, alone.", "`b` leads after tuning, alone."]
    level = ranking((0.9, 0.6, 0.3), (0.9, 0.9, 0.3))
    assert level.orders == (3, 3, 2, 1, (), 0)
    assert ranking_sentences(level)[0] == "The ranking survives tuning in part."
    assert ranking_sentences(level)[-1] == "`a` leads after tuning; not shown to be lower: `b`."
    assert ranking((0.9, 0.9, 0.3), (0.9, 0.6, 0.3)).orders == (3, 2, 2, 0, (), 1)
    few = ranking_sentences(ranking((0.9, 0.6), (0.8, 0.7), seeds=4))
    assert few[0].startswith("4 test seeds order no pair of variants by default, so they cannot tell")
    (none,) = ranking_sentences(ranking((0.5, 0.5), (0.5, 0.6)))
    assert none.startswith("There is no ranking to survive: ")


def test_the_interval_of_tau_resamples_seeds_of_all_together() -> None:
    """Two variants that win on every other seed: a resample in which one wins by default has it win once tuned."""
    ahead = np.tile([[1.01, 0.0], [0.01, 1.0]], (4, 1))
    shared = Ranking("task", 1, ("a", "b"), ahead, ahead)
    assert shared.interval == (1.0, 1.0)
    assert shared.self_agreement < 0.2  # two draws of the seeds agree by chance alone
    apart = Ranking("task", 1, ("a", "b"), ahead, ahead[::-1])
    assert apart.interval.low == -1.0


def test_the_ranking_is_of_the_tasks_that_all_have() -> None:
    """a: .4 and .8 by default, b: .5 and .5; c has the second task alone, and then it is the only one that all have."""
    made = of(study("a"), study("a", ("Acrobot-v1",), (0.8,) * 8, (0.8,) * 8), study("b", default=(0.5,) * 8),
              study("b", ("Acrobot-v1",), (0.5,) * 8, (0.9,) * 8))  # fmt: skip
    assert made.overall is not None
    assert made.overall.where == "mean of 2 tasks"
    assert made.overall.default.mean(0).tolist() == pytest.approx([0.6, 0.5])
    assert made.overall.tuned.mean(0).tolist() == pytest.approx([(0.55 + 0.8) / 2, (0.55 + 0.9) / 2])
    assert made.ranks["tau"].tolist()[0] == -1.0
    assert [r.where for r in made.rankings] == ["mean of 2 tasks", "CartPole-v1", "Acrobot-v1"]
    partly = of(*made.studies.values(), study("c", ("Acrobot-v1",)))
    assert partly.shared == ["Acrobot-v1"]
    assert partly.overall is not None
    assert partly.overall.where == "Acrobot-v1"
    assert of(study("a"), study("b", ("Acrobot-v1",))).overall is None
    assert "share no task" in said(study("a"), study("b", ("Acrobot-v1",)))
