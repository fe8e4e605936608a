"""Fields that are set by path."""

from __future__ import annotations

import pytest

from algorithms import VARIANTS
from algorithms.estimators.credit import LambdaReturn
from benchmarks.design.overrides import apply_overrides
from benchmarks.design.resolve import resolve
from envs import TASKS


def test_configured_checks_each_value() -> None:
    task, variant = TASKS["CartPole-v1"], VARIANTS["gae"]
    training = resolve(task, variant).training
    made, changed = apply_overrides(
        variant, training, {"estimator.credit.lam": 0.5, "training.network.hidden": [8, 4], "training.discount": 0.1}
    )
    assert made.estimator.credit == LambdaReturn(0.5)
    assert (changed.network.hidden, changed.discount) == ((8, 4), 0.1)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="lam must lie in"):
        apply_overrides(variant, training, {"estimator.credit.lam": 1.5})
