"""Scales of advantages: deviations over groups, batches and minibatches, by hand; groups without variance."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from algorithms.estimators.advantage_scale import BestOfGroup, Deviation, Nonzero
from algorithms.estimators.baseline import GroupMean, Zero
from algorithms.estimators.credit import EpisodeReturn, RewardToGo
from algorithms.estimators.estimator import AdvantageScale, Credit, Estimator, Signals
from algorithms.estimators.loss import assess
from algorithms.estimators.rollout import Rollout
from algorithms.estimators.surrogate import Score
from tests.rollouts import grouped_rollout


def scaled(
    scale: AdvantageScale, rollout: Rollout, baseline: object = None, credit: Credit | None = None
) -> list[list[float]]:
    estimator = Estimator(credit or EpisodeReturn(), baseline or Zero(), Score(), scale=scale)  # type: ignore[arg-type]
    made, _ = assess(estimator, rollout, Signals(None), {})
    return made.advantage[:, 0].tolist()  # type: ignore[no-any-return]


FOUR = grouped_rollout([[1.0, 3.0, 10.0, 40.0]], [[1.0] * 4], group=2)


def test_a_groups_deviation_by_hand() -> None:
    """Groups 1 3 and 10 40: deviations 1 and 15 with ddof 0, sqrt 2 times as much with ddof 1."""
    assert scaled(Deviation("group"), FOUR, GroupMean())[0] == pytest.approx([-1.0, 1.0, -1.0, 1.0])
    root = 2**0.5
    expected = [-1 / root, 1 / root, -15 / (15 * root), 1 / root]
    assert scaled(Deviation("group", ddof=1), FOUR, GroupMean())[0] == pytest.approx(expected)
    assert scaled(Deviation("group", eps=1.0), FOUR, GroupMean())[0] == pytest.approx([-0.5, 0.5, -15 / 16, 15 / 16])


def test_a_groups_deviation_is_that_of_its_returns_not_of_its_rows() -> None:
    """A long text counts once: returns 1 and 3 (lengths 1 and 2) deviate by 1, the three rows' advantages by less."""
    rollout = grouped_rollout([[1.0, 1.0], [0.0, 2.0]], [[1.0, 1.0], [0.0, 1.0]], group=2)
    assert scaled(Deviation("group"), rollout, GroupMean()) == [[-1.0, 1.0], [0.0, 1.0]]
    whitened = scaled(Deviation("batch", of="advantages"), rollout, GroupMean())  # -1, 1, 1: deviation sqrt(8/9)
    assert whitened[0][1] == pytest.approx(1 / (8 / 9) ** 0.5)


def test_a_group_without_variance_has_no_advantage() -> None:
    """Not even where rounding makes three times .7 unequal, or where no epsilon stands in the denominator."""
    same = grouped_rollout([[0.7, 0.7, 0.7, 0.0, 1.0, 0.0]], [[1.0] * 6], group=3)
    made = scaled(Deviation("group"), same, GroupMean())[0]
    assert made[:3] == [0.0, 0.0, 0.0]
    assert made[4] == pytest.approx(2**0.5)
    single = replace(same, **{k: v.float() for k, v in same.tensors().items()})
    assert scaled(Deviation("group", ddof=1, eps=1e-4), single, GroupMean())[0][:3] == [0.0, 0.0, 0.0]


def test_a_batchs_deviation_keeps_the_weights_of_groups() -> None:
    """Returns 1 3 10 40 deviate by 15.7 over the batch: the second group's advantages stay 15 times the first's."""
    made = scaled(Deviation("batch"), FOUR, GroupMean())[0]
    deviation = torch.tensor([1.0, 3.0, 10.0, 40.0]).std(correction=0).item()
    assert made == pytest.approx([-1 / deviation, 1 / deviation, -15 / deviation, 15 / deviation])


def test_whitening_by_hand() -> None:
    """Tokens 3 1 4, of two texts: mean 8/3, variance 14/9; the row after the end stays 0."""
    rollout = grouped_rollout([[2.0, 4.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]], group=1)
    made = scaled(Deviation("batch", of="advantages", centre=True), rollout, credit=RewardToGo())
    deviation = (14 / 9) ** 0.5
    assert made[0] == pytest.approx([(3 - 8 / 3) / deviation, (4 - 8 / 3) / deviation])
    assert made[1] == pytest.approx([(1 - 8 / 3) / deviation, 0.0])


def test_a_member_is_whitened_by_itself() -> None:
    small = grouped_rollout([[1.0, 3.0]], [[1.0, 1.0]], group=2)
    two = replace(small, **{k: torch.cat([v, v * (10 if k == "reward" else 1)], 1) for k, v in small.tensors().items()})
    estimator = Estimator(RewardToGo(), Zero(), Score(), scale=Deviation("batch"))
    both, _ = assess(estimator, two, Signals(None), {})
    assert both.advantage.flatten().tolist() == pytest.approx([1.0, 3.0, 1.0, 3.0])  # deviation 1, then 10


def test_each_minibatch_is_whitened_when_it_is_drawn() -> None:
    """As stable-baselines3's PPO: ddof 1, eps 1e-8; the rollout itself is left alone."""
    scale = Deviation("minibatch", of="advantages", centre=True, ddof=1, eps=1e-8)
    assert scaled(scale, FOUR) == [[1.0, 3.0, 10.0, 40.0]]
    rows = torch.tensor([[[1.0, 3.0, 8.0, 99.0]]])
    valid = torch.tensor([[[1.0, 1.0, 1.0, 0.0]]])
    theirs = (rows[..., :3] - 4) / (torch.tensor([1.0, 3.0, 8.0]).std() + 1e-8)
    assert scale.rows(rows, valid).flatten().tolist() == pytest.approx([*theirs.flatten().tolist(), 0.0])
    single = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
    assert scale.rows(rows, single)[0, 0, 0] == 1.0  # one row is left as it is


def test_the_share_of_texts_that_earn_something() -> None:
    """gpg: 4 texts, one of them nonzero: advantages times 4."""
    rollout = grouped_rollout([[0.0, 1.0, 0.0, 0.0]], [[1.0] * 4], group=2)
    assert scaled(Nonzero(), rollout, GroupMean())[0] == [-2.0, 2.0, 0.0, 0.0]
    assert scaled(Nonzero(), grouped_rollout([[0.0, 0.0]], [[1.0, 1.0]], group=2), GroupMean())[0] == [0.0, 0.0]


def test_the_best_of_each_group_are_imitated() -> None:
    rollout = grouped_rollout([[-3.0, -1.0, -1.0, 5.0, 5.0, 5.0]], [[1.0] * 6], group=3)
    assert scaled(BestOfGroup(), rollout)[0] == [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("scale", [Deviation("group"), BestOfGroup()])
def test_a_group_of_one_is_an_error(scale: AdvantageScale) -> None:
    with pytest.raises(ValueError, match="at least 2 episodes"):
        scaled(scale, grouped_rollout([[1.0, 2.0]], [[1.0, 1.0]], group=1))


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"over": "grup"}, "'grup' is none of group, batch, minibatch"),
        ({"over": "minibatch"}, "no whole returns"),
        ({"over": "group", "ddof": 2}, "ddof 0 or 1"),
    ],
)
def test_what_makes_no_scale_says_why(fields: dict[str, object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Deviation(**fields)  # type: ignore[arg-type]


def test_a_small_deviation_on_a_high_level_is_one() -> None:
    """1000 and 1001 deviate by 1/2, a two-thousandth of their mean: no rounding."""
    high = grouped_rollout([[1000.0, 1001.0]], [[1.0] * 2], group=2)
    assert scaled(Deviation("group"), high, GroupMean())[0] == pytest.approx([-1.0, 1.0])


def test_a_least_variance_bounds_the_division() -> None:
    """Returns 0 and 2 have variance 1: at least 4 divides by 2, at least 1/4 by 1."""
    low = grouped_rollout([[0.0, 2.0]], [[1.0] * 2], group=2)
    assert scaled(Deviation("group", least=4.0), low, GroupMean())[0] == [-0.5, 0.5]
    assert scaled(Deviation("group", least=0.25), low, GroupMean())[0] == [-1.0, 1.0]


def test_a_text_that_costs_is_not_nonzero_by_its_sign() -> None:
    """gpg: returns -1 and 2 among four texts, so advantages times 4 / 2; a column in which no text began is none."""
    rollout = grouped_rollout([[-1.0, 0.0, 2.0, 0.0]], [[1.0] * 4], group=1)
    assert scaled(Nonzero(), rollout)[0] == [-2.0, 0.0, 4.0, 0.0]
    began = grouped_rollout([[1.0, 0.0, 0.0]], [[1.0, 1.0, 0.0]], group=1)
    assert scaled(Nonzero(), began)[0] == [2.0, 0.0, 0.0]
