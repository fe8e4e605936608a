"""Search ranges beside their fields, and fields that hold one number a member."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.composition import Schedule
from algorithms.estimators.credit import LambdaReturn, NStep
from algorithms.estimators.entropy_bonus import Annealed, Constant
from algorithms.estimators.surrogate import ClippedRatio, StoppedRatio
from algorithms.tunable import Choice, Range, per_member, select_members, tunable
from algorithms.variant import Variant
from benchmarks.design.overrides import apply_overrides
from benchmarks.design.resolve import resolve
from benchmarks.tuning.space import Parameter, parameters
from envs import TASKS
from envs.api import Features, Task
from tests.builders import LEARNING, double_copy, gradient_of, small_training
from tests.rollouts import in_float64, make_rollout, one_member

SEEDS = (3, 5, 8)
PROGRESS = 0.25  # share of the budget that is spent
TASK_NAMES = ("lock/small", "CartPole-v1", "Pendulum-v1")
PAIRS = [
    pytest.param(TASKS[t], v, id=f"{t}-{v.name}")
    for t in TASK_NAMES
    for v in LEARNING
    if not v.reason_unsupported(TASKS[t])
]


def test_a_default_outside_the_range_widens_it() -> None:
    assert Range(0.9, 1.0).including(0.5) == Range(0.5, 1.0)
    assert Range(0.9, 1.0).including(0.95) == Range(0.9, 1.0)
    assert Choice((8, 16)).including(12) == Choice((12, 8, 16))
    assert Choice((8, 16)).including(8) == Choice((8, 16))


def spread(parameter: Parameter) -> tuple[float, ...]:
    """Three values of a range, near its low end, in the middle, near its high end, as float32 holds them."""
    search = parameter.search
    assert isinstance(search, Range)
    at = np.array([0.1, 0.45, 0.8])
    if search.log:
        values = np.exp(np.log(search.low) + at * np.log(search.high / search.low))
    else:
        values = search.low + at * (search.high - search.low)
    return tuple((np.round(values) if search.integer else values).astype(np.float32).tolist())


@pytest.mark.parametrize(
    ("task", "variant", "compact"),
    [
        pytest.param(*pair.values, compact, id=f"{pair.id}-{'compact' if compact else 'padded'}")
        for pair in PAIRS
        for compact in (False, True)
        if not compact or isinstance(pair.values[0].spec.observation, Features)  # texts are never compact
    ],
)
def test_c1_a_configurations_gradient_in_a_population_is_its_gradient_alone(
    task: Task, variant: Variant, compact: bool
) -> None:
    training = small_training(task, variant)
    ranges = [p for p in parameters(variant, training, task.spec) if isinstance(p.search, Range)]
    values = [(p.path, spread(p)) for p in ranges if p.path != "training.learning_rate"]
    assert values
    several = per_member(variant, training, values)
    policy, rollout = make_rollout(task, *several, SEEDS)
    rollout = in_float64(rollout)
    if compact:  # the second member's episodes are so short that it is in another group than the others
        for rows in (rollout.valid, rollout.reward, rollout.discount, rollout.continues):
            rows[2:, 1, ::2] = rows[4:, 1, 1::2] = 0.0
    together = gradient_of(task, *several, rollout, policy, compact, PROGRESS)
    for p, seed in enumerate(SEEDS):
        own = apply_overrides(variant, training, {path: of[p] for path, of in values})
        mine, played = make_rollout(task, *own, (seed,))
        if not compact:
            torch.testing.assert_close(rollout.discount[: len(played.discount), p : p + 1], in_float64(played).discount)
        torch.testing.assert_close(policy.flat.values[p : p + 1], mine.flat.values)
        alone = gradient_of(task, *own, one_member(rollout, p), double_copy(policy, slice(p, p + 1)), progress=PROGRESS)
        torch.testing.assert_close(together[p : p + 1], alone, rtol=2e-5, atol=1e-9)
    assert together.abs().sum(1).min() > 0


@pytest.mark.parametrize(
    ("part", "path", "numbers"),
    [
        (LambdaReturn(0.9), "lam", (0.5, 1.0)),
        (NStep(5), "n", (1.0, 3.0)),
        (ClippedRatio(0.2, high=0.3), "clip", (0.1, 0.4)),
        (StoppedRatio(5.0), "cap", (1.5, 6.0)),
        (Constant(0.01), "alpha", (0.0, 0.2)),
        (Annealed(0.02), "start", (0.1, 0.2)),
    ],
)
def test_narrowed_keeps_the_numbers_of_its_places(part: object, path: str, numbers: tuple[float, ...]) -> None:
    variant = replace(VARIANTS["gae"], schedule=Holder(part=part))  # type: ignore[arg-type]
    made, _ = per_member(variant, resolve(TASKS["CartPole-v1"], variant).training, [(f"schedule.part.{path}", numbers)])
    held = getattr(select_members(made.schedule, np.array([1])).part, path)
    assert held.tolist() == [[pytest.approx(numbers[1])]]
    assert getattr(part, path) != held  # the configuration itself holds a number still


@dataclass(frozen=True)
class Holder(Schedule):
    """Any part, where a variant can hold it."""

    part: object = tunable(None, Range(0, 1))


def test_a_bonus_is_active_where_any_member_has_one() -> None:
    variant, training = VARIANTS["entropy"], resolve(TASKS["CartPole-v1"], VARIANTS["entropy"]).training
    made, _ = per_member(variant, training, [("estimator.entropy.alpha", (0.0, 0.2))])
    assert made.estimator.entropy.active
    assert made.estimator.entropy(torch.zeros(2), {}).tolist() == pytest.approx([0.0, 0.2])
    none, _ = per_member(variant, training, [("estimator.entropy.alpha", (0.0, 0.0))])
    assert not none.estimator.entropy.active
