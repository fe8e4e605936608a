"""The kit's rules for a teacher: the right one passes, wrong twins are rejected for what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from algorithms.conformance.declared.teachers import examine
from algorithms.estimators.kl_penalty import Teacher
from algorithms.estimators.rollout import Rollout
from tests.contracts.wrong_twins import broken

OWN, MEAN = "with a teacher the task's rewards do not count", "the mean gradient is that of -KL(pi || teacher)"


@pytest.mark.parametrize("discount", [0.0, 0.5, 1.0])
def test_a_teacher_passes_at_every_discount(discount: float) -> None:
    assert not broken(list(examine(Teacher(discount=discount))))


@dataclass(frozen=True)
class AddsTheReward(Teacher):
    def pay(self, rollout: Rollout) -> Rollout:
        return replace(super().pay(rollout), reward=super().pay(rollout).reward + rollout.reward)


@dataclass(frozen=True)
class UpsideDown(Teacher):
    def pay(self, rollout: Rollout) -> Rollout:
        return replace(super().pay(rollout), reward=-super().pay(rollout).reward)


@dataclass(frozen=True)
class ForgetsItsDiscount(Teacher):
    def pay(self, rollout: Rollout) -> Rollout:
        return replace(super().pay(rollout), discount=rollout.discount)


@dataclass(frozen=True)
class ForgetsTheStudent(Teacher):
    """log teacher alone: imitation of its likeliest words, without an entropy."""

    def pay(self, rollout: Rollout) -> Rollout:
        assert rollout.teacher is not None
        return replace(super().pay(rollout), reward=rollout.teacher * rollout.valid)


@pytest.mark.parametrize(
    ("twin", "rule"),
    [
        (AddsTheReward(), OWN),
        (UpsideDown(), MEAN),
        (ForgetsItsDiscount(discount=0.0), MEAN),
        (ForgetsTheStudent(), MEAN),
    ],
    ids=lambda x: type(x).__name__,
)
def test_wrong_teachers_are_rejected(twin: Teacher, rule: str) -> None:
    assert any(rule in found for found in broken(list(examine(twin))))
