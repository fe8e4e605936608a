"""Contracts of the population axis and of resuming, for every way to explore and to act in a box, returns normalised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.policies.distributions import Actions
from algorithms.policies.exploration import GSDE, Exploration, Independent
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members
from algorithms.training.run import Run, train
from algorithms.training_config import TrainingConfig, Unroll
from algorithms.variant import Variant
from benchmarks.design.cell import Cell
from benchmarks.design.identity import canonical
from benchmarks.store.descriptions import DEFAULTS
from envs import TASKS
from tests.builders import (
    LEARNING,
    double_copy,
    gradient_of,
    make_run,
    records_of,
    resumed,
    small_training,
    without_clock,
)
from tests.rollouts import in_float64, make_rollout, one_member

TASK = TASKS["Pendulum-v1"]
EXPLORATIONS = (Independent(), GSDE(-1.0), GSDE(-1.0, sample_freq=3, full_std=False, learn_features=True))
WAYS = [
    pytest.param(exploration, actions, id=f"{type(exploration).__name__}{i}-{actions}")
    for i, exploration in enumerate(EXPLORATIONS)
    for actions in get_args(Actions)
    if isinstance(exploration, Independent) or actions != "beta"  # GSDE is noise around the mean of a normal
]


def training_of(variant: str, exploration: Exploration, actions: Actions, **changes: object) -> TrainingConfig:
    made = small_training(TASK, VARIANTS[variant], 4)
    return replace(made, exploration=exploration, actions=actions, normalise_returns=True, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("exploration", "actions"), WAYS)
def test_a_member_plays_and_learns_in_a_population_as_it_does_alone(exploration: Exploration, actions: Actions) -> None:
    variant = VARIANTS["entropy"]
    training = training_of(variant.name, exploration, actions)
    policy, together = make_rollout(TASK, variant, training, (3, 5))
    _, alone = make_rollout(TASK, variant, training, (5,))
    for name in ("action", "reward", "logp"):
        ours, own = together.tensors()[name][:20, 1:2], alone.tensors()[name][:20]
        torch.testing.assert_close(ours, own, rtol=1e-3, atol=1e-3)
    rollout = in_float64(together)
    whole = gradient_of(TASK, variant, training, rollout, policy)
    for p in range(2):
        part = gradient_of(TASK, variant, training, one_member(rollout, p), double_copy(policy, slice(p, p + 1)))
        torch.testing.assert_close(whole[p : p + 1], part, rtol=1e-5, atol=1e-10)
    rollout.reward[:, 0] += 7.0
    with torch.no_grad():
        policy.flat.values[0] += 0.3
    assert torch.equal(gradient_of(TASK, variant, training, rollout, policy)[1], whole[1])


@pytest.mark.parametrize(("exploration", "actions"), WAYS)
def test_a_resumed_run_is_bit_equal(exploration: Exploration, actions: Actions, tmp_path: Path) -> None:
    """Windows across which episodes go on, cut at a segment's end, where the discounted return starts anew."""

    def run() -> Run:
        training = training_of("a2c", exploration, actions, segment=4, collection=Unroll(16, 2))
        return make_run(TASK, VARIANTS["a2c"], training, 400, rate=0.01, evaluation=Evaluation(2, 2))

    whole = records_of(train(run()))
    state, records = resumed(run, tmp_path / "x.state")
    assert state.tensors["normaliser.returns.var"].shape == (2, 1)
    assert [without_clock(r) for r in records] == [without_clock(r) for r in whole]


@pytest.mark.parametrize("variant", [v for v in LEARNING if not v.reason_unsupported(TASK)], ids=lambda v: v.name)
def test_every_learner_learns_with_noise_that_depends_on_the_state(variant: Variant) -> None:
    training = training_of(variant.name, GSDE(-1.0), "squashed")
    run = make_run(TASK, variant, replace(training, segment=1), 100_000, rate=0.01)
    start = run.policy.flat.values.clone()
    for _ in range(1 + variant.schedule.lag):
        next(iter(run.segment()))
    moved = (run.policy.flat.values - start).abs()
    assert run.learner.healthy.all()
    assert moved.sum(1).min() > 0
    assert np.isfinite(moved.numpy()).all()


def test_what_is_not_used_has_no_place_in_a_digest() -> None:
    plain = small_training(TASK, VARIANTS["gae"], 4)
    members, evaluation = Members((0,), (0.01,)), Evaluation()
    digests = {
        Cell(TASK, VARIANTS["gae"], training, members, 100, evaluation).digest
        for training in (plain, replace(plain, exploration=Independent(), actions="raw", normalise_returns=False))
    }
    assert len(digests) == 1
    assert {"exploration", "actions", "normalise_returns"} <= {*canonical(plain)[DEFAULTS]}
    for changes in ({"exploration": GSDE()}, {"actions": "scaled"}, {"normalise_returns": True}):
        made = replace(plain, **changes)  # type: ignore[arg-type]
        digests.add(Cell(TASK, VARIANTS["gae"], made, members, 100, evaluation).digest)
    assert len(digests) == 4
