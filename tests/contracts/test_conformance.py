"""Every variant passes the conformance kit, and deliberately wrong twins do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch
from torch import Tensor

from algorithms import VARIANTS
from algorithms.baseline import GroupMean, LeaveOneOut, MovingAverage, Zero
from algorithms.conformance import Finding, Promises, coefficients, examine, made_up
from algorithms.credit import EpisodeReturn, LambdaReturn, RewardToGo, backward_sum
from algorithms.surrogate import Score
from algorithms.types import Estimator, Rollout, Variant
from tests.helpers import LEARNING

RLOO = VARIANTS["rloo"].estimator
State = dict[str, Tensor]


def broken(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings if not finding.holds}


@pytest.mark.parametrize("variant", LEARNING, ids=lambda v: v.name)
def test_every_variant_passes(variant: Variant) -> None:
    promises = Promises(shift_invariant=variant.name == "rloo")
    findings = examine(replace(variant.estimator, entropy=0.0), promises)
    assert not broken(findings), "\n".join(map(str, findings))
    assert len(findings) >= 7


def test_scales_that_divide_by_a_deviation_are_scale_free() -> None:
    for scale in ("member", "group"):
        estimator = replace(RLOO, scale=scale)
        assert not broken(examine(estimator, Promises(scale_free=True, shift_invariant=True)))
        assert broken(examine(estimator)) == {"rewards and values times 2"}


def test_coefficients_by_hand() -> None:
    """REINFORCE: every row of an episode carries its return over N."""
    rollout, values = made_up()
    c = coefficients(VARIANTS["reinforce"].estimator, rollout, values)
    total = (rollout.reward * rollout.valid).sum(0)
    torch.testing.assert_close(c, rollout.valid * total / 12)
    assert sorted(set(rollout.valid.sum(0)[0].tolist())) == [1.0, 2.0, 3.0, 4.0, 5.0]


# ---- wrong twins: each makes a mistake of a known system, and the kit names it


class _Plain:
    critic: ClassVar[bool] = False

    def initial(self, members: int, horizon: int) -> State:
        return {}


@dataclass(frozen=True)
class WholeBatchMean(_Plain):
    """A mean over all members of the population."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return q.mean().expand_as(q), state


@dataclass(frozen=True)
class PaddedMean(_Plain):
    """A member's mean over time that counts rows after the end."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return (q * rollout.valid).mean((0, 2), keepdim=True).expand_as(q), state


@dataclass(frozen=True)
class SilentGroup(_Plain):
    """The group's mean, a group of one included: its advantage is always 0."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        grouped = q.reshape(*q.shape[:2], -1, rollout.group)
        return grouped.mean(-1, keepdim=True).expand_as(grouped).reshape(q.shape), state


@dataclass(frozen=True)
class NeighbourBaseline(_Plain):
    """The episode in the next environment: its group or not."""

    def __call__(
        self, q: Tensor, rollout: Rollout, values: Tensor | None, state: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return q.roll(1, 2), state


@dataclass(frozen=True)
class OverPadding:
    """Rewards-to-go that run on over the end."""

    bootstraps: ClassVar[bool] = False

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        return backward_sum(rollout.reward, torch.ones_like(rollout.reward))


@dataclass(frozen=True)
class Standardised:
    """Rewards divided by their deviation, and nobody said so."""

    bootstraps: ClassVar[bool] = False

    def __call__(self, rollout: Rollout, values: Tensor | None) -> Tensor:
        q = RewardToGo()(rollout, values) * rollout.valid
        return q / q.std((0, 2), keepdim=True)


@pytest.mark.parametrize(
    ("estimator", "rule"),
    [
        (replace(RLOO, baseline=WholeBatchMean()), "a member does not see the others"),
        (replace(RLOO, baseline=PaddedMean()), "padding does not matter"),
        (replace(RLOO, baseline=SilentGroup()), "a group of one"),
        (replace(RLOO, baseline=NeighbourBaseline()), "the order of episodes does not matter"),
        (
            replace(RLOO, credit=OverPadding(), baseline=Zero()),
            "what stands in rows that are not valid has no influence",
        ),
        (replace(RLOO, credit=Standardised(), baseline=Zero()), "rewards and values times 2"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_wrong_twins_are_rejected(estimator: Estimator, rule: str) -> None:
    assert rule in broken(examine(estimator))


def test_a_promise_that_is_not_kept_is_named() -> None:
    rule = "a constant on every final reward changes nothing"
    for credit, baseline in (
        (EpisodeReturn(), Zero()),
        (EpisodeReturn(), MovingAverage()),
        (RewardToGo(), LeaveOneOut()),
    ):
        # the last: an episode that has ended counts 0, so a step's baseline moves less than the others' returns
        assert rule in broken(examine(Estimator(credit, baseline, Score()), Promises(shift_invariant=True)))
    assert rule not in broken(examine(Estimator(EpisodeReturn(), GroupMean(), Score()), Promises(shift_invariant=True)))


def test_what_cannot_be_computed_says_why() -> None:
    with pytest.raises(ValueError, match="bootstraps and needs a critic"):
        examine(Estimator(LambdaReturn(), Zero(), Score()))
