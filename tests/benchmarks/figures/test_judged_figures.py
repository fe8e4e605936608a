"""Figures of judged texts: paths through the means, and how many labels each variant has used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from algorithms.references.best_of_samples import BestOfSamples
from benchmarks.figures.language.judged import LabelsUsed, RewardFrontier
from tests.benchmarks.figures.judged_runs import STEPS, data

LENGTH = {"length": ((10.0, 10), (5, 5))}  # 7.5 on average
PAID = {"reward": ((0.0, 0), (2, 4)), "gold": ((0.0, 0), (0.1, 0.3)), "held_out": ((0.5, 0.5), (0.6, 0.8)),
        "kl": ((0.0, 0), (3, 5))}  # fmt: skip
BEST = tuple(BestOfSamples(name=f"best_of_{n}_samples", summary="s", n=n) for n in (4, 16))


def test_the_frontier_joins_the_means_of_the_checkpoints() -> None:
    best = {f"best_of_{n}_samples": {m: ((x, x),) for m, x in zip(PAID, (n, n / 10, 0.5, n / 4), strict=True)}
            for n in (4, 16)}  # fmt: skip
    figure = RewardFrontier("f", "c", BEST).draw(data({"rloo": PAID, **best}))
    reward, gold, held_out = figure.axes
    assert [a.get_ylabel() for a in figure.axes] == ["reward model", "gold", "held-out judge"]
    np.testing.assert_allclose(reward.lines[0].get_xydata(), [[0, 0], [4, 3]])
    np.testing.assert_allclose(gold.lines[0].get_xydata(), [[0, 0], [4, 0.2]])
    np.testing.assert_allclose(held_out.lines[0].get_xydata(), [[0, 0.5], [4, 0.7]])
    np.testing.assert_allclose(reward.lines[2].get_xydata(), [[1, 4], [4, 16]])  # after the interval of the first line
    low, high = gold.lines[1].get_ydata()
    assert low == pytest.approx(0.2 - 12.7062 * 0.1, abs=1e-3)  # t_1 and the standard error of .1 and .3
    assert high == pytest.approx(0.2 + 12.7062 * 0.1, abs=1e-3)


@pytest.mark.parametrize(
    ("variant", "own", "by_gold", "expected"),
    [
        ("rloo", {}, False, {"comparisons": 1024}),
        ("rloo", {}, True, {"judge calls": STEPS / 7.5}),
        ("sft_64", {"demonstrations": ((64.0, 64), (64, 64))}, False, {"demonstrations": 64}),
        ("dpo_64", {"comparisons": ((64.0, 64), (64, 64))}, False, {"comparisons": 64}),
        ("favourites", {"rewarded texts": ((256.0, 256), (256, 256))}, False, {"comparisons": 1024}),
        ("favourites", {"rewarded texts": ((256.0, 256), (256, 256))}, True, {"judge calls": 256}),
        ("best_of_1", {}, False, {}),
    ],
)
def test_labels_that_a_variant_has_used(
    variant: str, own: dict[str, Any], by_gold: bool, expected: dict[str, float]
) -> None:
    made = data({variant: LENGTH | PAID | own})
    figure = LabelsUsed("l", "c", 1024, paid_by_gold=("t",) if by_gold else (), unlabelled=("best_of_1",))
    (row,) = figure.frame(made).to_dict("records")
    kinds = {"demonstrations": 0, "comparisons": 0, "judge calls": 0} | expected
    assert {k: row[k] for k in kinds} == pytest.approx(kinds)
    assert row["labels"] == pytest.approx(sum(expected.values()))
    assert row["gold"] == pytest.approx(0.2)
    drawn = figure.draw(made).axes[0].containers
    assert len(drawn) == bool(expected)  # what used no labels has no place on a logarithm
