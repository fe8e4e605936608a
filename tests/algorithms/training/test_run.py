"""The training loop: resume bit for bit, lag 0 is the synchronous run, budgets, divergence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.composition import Schedule
from algorithms.training.run import Run, train
from algorithms.training_config import Unroll
from algorithms.variant import Variant
from benchmarks.design.resolve import resolve
from envs import TASKS
from tests.builders import LEARNING, brief, make_run, records_of, resumed, short_run, small_training, without_clock

SEEDS = (0, 1, 2)
FITTING = [
    pytest.param(name, variant, id=f"{name}-{variant.name}")
    for name in ("lock/small", "CartPole-v1", "Pendulum-v1")
    for variant in LEARNING
    if not variant.reason_unsupported(TASKS[name])
]


def run_of(task: str, variant: Variant, env_steps: int = 700, envs: int = 16, **changes: object) -> Run:
    training = replace(small_training(TASKS[task], variant, envs), **changes)  # type: ignore[arg-type]
    return make_run(TASKS[task], brief(variant), training, env_steps, SEEDS)


@pytest.mark.parametrize(("task", "variant"), FITTING)
def test_a_resumed_run_is_bit_equal(task: str, variant: Variant, tmp_path: Path) -> None:
    """Stopped after its first segment, saved to disk, loaded into new objects, and run to the end."""
    size = {"lock/small": 300, "CartPole-v1": 1_000, "Pendulum-v1": 1_700}[task]
    size *= variant.schedule.rounds  # which all may be charged
    segment = {"lock/small": 5, "CartPole-v1": 2, "Pendulum-v1": 1}[task]
    collection = resolve(TASKS[task], variant).training.collection
    if isinstance(collection, Unroll):
        segment = 20
    if collection == Unroll(1, 1):  # an update at every step, and two episodes of Pendulum
        size = 300

    def made() -> Run:
        return run_of(task, variant, size, envs=4 if task == "Pendulum-v1" else 8, segment=segment)

    whole = records_of(train(made()))
    _, records = resumed(made, tmp_path / "x.state")
    assert [without_clock(r) for r in records] == [without_clock(r) for r in whole]
    assert len(whole) == 3 * len(SEEDS)


def test_lag_0_is_the_synchronous_run_bit_for_bit_and_lag_4_is_not() -> None:
    gae, stale = VARIANTS["gae"], VARIANTS["async"]
    runs = {}
    for name, variant in {"gae": gae, "lag 0": replace(stale, schedule=Schedule(lag=0)), "lag 4": stale}.items():
        runs[name] = [without_clock(r) for r in records_of(train(run_of("lock/small", variant)))]
    assert runs["gae"] == runs["lag 0"]
    assert runs["gae"] != runs["lag 4"]


def test_lag_k_does_nothing_before_k_rollouts() -> None:
    run = run_of("lock/small", VARIANTS["async"])
    start = run.policy.flat.values.clone()
    steps = run.segment()
    for _ in range(4):
        next(steps)
        assert torch.equal(run.policy.flat.values, start)
    next(steps)
    assert not torch.equal(run.policy.flat.values, start)
    assert len(run.queue) == 4


def test_the_budget_counts_valid_rows_and_members_stop_on_their_own() -> None:
    records = short_run("CartPole-v1", "reinforce", env_steps=900)
    first = [r for r in records if r.checkpoint == 0]
    last = [r for r in records if r.checkpoint == 2]
    assert all(r.env_steps == 0 and r.updates == 0 for r in first)
    assert all(900 <= r.env_steps < 900 + 16 * 500 for r in last)
    assert len({r.env_steps for r in last}) == len(last)  # episodes of different lengths


@pytest.mark.parametrize("task", ["lock/small", "CartPole-v1"])
def test_a_member_that_diverges_is_frozen_counted_and_changes_nobody(task: str) -> None:
    healthy = run_of(task, VARIANTS["baseline_value"])
    sick = run_of(task, VARIANTS["baseline_value"])
    with torch.no_grad():
        sick.policy.flat.values[1] = float("nan")
    good, bad = (records_of(train(run)) for run in (healthy, sick))
    assert [without_clock(r) for r in good if r.seed != 1] == [without_clock(r) for r in bad if r.seed != 1]
    lost = [r for r in bad if r.seed == 1 and r.checkpoint > 0]
    assert all(r.diverged and np.isnan(r.eval_return) for r in lost)
    assert not any(r.diverged for r in good)
    assert torch.isfinite(sick.policy.flat.values).all()
