"""The training loop: resume bit for bit, lag 0 is the synchronous run, budgets, divergence, length bias, parity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.composition import Schedule
from algorithms.estimators.rollout import valid_columns
from algorithms.policies.mlp import MLP
from algorithms.textbook import Episode, policy_gradient_loss
from algorithms.training.evaluation import Evaluation
from algorithms.training.learner import Learner
from algorithms.training.records import Members, Record
from algorithms.training.run import Run, train
from algorithms.training.state import RunState
from algorithms.training_config import Episodes, Unroll
from algorithms.variant import Variant
from benchmarks.design.resolve import reason_unsupported
from benchmarks.store import states
from envs import TASKS
from tests.contracts.test_population import strip
from tests.helpers import LEARNING, brief, make_rollout, short_run, small_training

SEEDS = (0, 1, 2)
FITTING = [
    pytest.param(name, variant, id=f"{name}-{variant.name}")
    for name in ("lock/small", "CartPole-v1", "Pendulum-v1")
    for variant in LEARNING
    if not reason_unsupported(TASKS[name], variant)
]


def make_run(task: str, variant: Variant, env_steps: int = 700, **changes: object) -> Run:
    training = replace(small_training(TASKS[task], variant), **changes)  # type: ignore[arg-type]
    members = Members(SEEDS, (training.learning_rate,) * len(SEEDS))
    return Run(TASKS[task], brief(variant), training, members, env_steps, Evaluation(4, 3))


class Plain:
    """theta <- theta - rate g."""

    shared_state = ()

    def initial(self, values: torch.Tensor) -> dict[str, torch.Tensor]:
        return {}

    def step(
        self, values: torch.Tensor, gradient: torch.Tensor, rate: torch.Tensor, state: dict[str, torch.Tensor]
    ) -> None:
        values.sub_(rate * gradient)


@pytest.mark.parametrize(
    ("variant", "clipped", "actor", "critic"),
    [
        ("gae", "apart", [3 / 5, 4 / 5], [0, 12 / 12]),  # 3, 4 has norm 5; 0, 12 has norm 12
        ("gae", "together", [3 / 13, 4 / 13], [0, 12 / 13]),  # and both of them 13
        ("reinforce", "apart", [3 / 5, 4 / 5], []),  # no critic
    ],
)
def test_gradients_of_actor_and_critic_are_clipped_together_or_apart(
    variant: str, clipped: str, actor: list[float], critic: list[float]
) -> None:
    task, made = TASKS["CartPole-v1"], VARIANTS[variant]
    training = replace(small_training(task, made), max_grad_norm=1.0, clipped=clipped, optimiser=Plain())  # type: ignore[arg-type]
    policy, _ = make_rollout(task, made, training, (0, 1))
    learner = Learner(policy, made.estimator, made.schedule, training, torch.tensor([1.0, 1.0]), task)
    flat, ours, theirs = policy.flat, policy.actor_columns, policy.critic_columns
    flat.gradient.zero_()
    flat.gradient[0, ours][:2] = torch.tensor([3.0, 4.0])
    flat.gradient[0, theirs][:2] = torch.tensor([0.0, 12.0])[: len(critic)]
    flat.values.zero_()
    learner.apply()
    moved = -flat.values[0]
    assert moved[ours][:2].tolist() == pytest.approx(actor, abs=1e-3)
    assert moved[theirs][:2].tolist() == pytest.approx(critic, abs=1e-3)
    assert not flat.values[1].any()


def test_a_critic_that_is_not_finite_freezes_its_member_also_where_clipping_is_apart() -> None:
    task, made = TASKS["CartPole-v1"], VARIANTS["gae"]
    training = replace(small_training(task, made), max_grad_norm=1.0, clipped="apart")
    policy, _ = make_rollout(task, made, training, (0, 1))
    learner = Learner(policy, made.estimator, made.schedule, training, torch.tensor([1.0, 1.0]), task)
    policy.flat.gradient.fill_(1.0)
    policy.flat.gradient[1, policy.critic_columns.start] = float("nan")
    learner.apply()
    assert learner.healthy.tolist() == [True, False]
    assert not policy.flat.values[1].any()


@pytest.mark.parametrize(("task", "variant"), FITTING)
def test_a_resumed_run_is_bit_equal(task: str, variant: Variant, tmp_path: Path) -> None:
    """Stopped after its first segment, saved to disk, loaded into a new process's objects, and run to the end."""
    size = {"lock/small": 700, "CartPole-v1": 4_000, "Pendulum-v1": 9_000}[task]
    segment = {"lock/small": 5, "CartPole-v1": 2, "Pendulum-v1": 1}[task]
    segment = 40 if variant.name == "a2c" and task != "lock/small" else segment
    whole = [e for e in train(make_run(task, variant, size, segment=segment)) if isinstance(e, Record)]
    records = []
    for event in train(make_run(task, variant, size, segment=segment)):
        if isinstance(event, Record):
            records.append(event)
        if isinstance(event, RunState):
            states.save_state(tmp_path / "x.state", event, records)
            break
    else:
        pytest.fail("the run ended within one segment: nothing was resumed")
    state, records = states.load_state(tmp_path / "x.state")
    assert make_run(task, variant, size, segment=segment).reason_unusable(state) is None
    records += [e for e in train(make_run(task, variant, size, segment=segment), state) if isinstance(e, Record)]
    assert [strip(r) for r in records] == [strip(r) for r in whole]
    assert len(whole) == 5 * len(SEEDS)


def test_lag_0_is_the_synchronous_run_bit_for_bit_and_lag_4_is_not() -> None:
    gae, stale = VARIANTS["gae"], VARIANTS["async"]
    runs = {}
    for name, variant in {"gae": gae, "lag 0": replace(stale, schedule=Schedule(lag=0)), "lag 4": stale}.items():
        runs[name] = [strip(e) for e in train(make_run("lock/small", variant)) if isinstance(e, Record)]
    assert runs["gae"] == runs["lag 0"]
    assert runs["gae"] != runs["lag 4"]


def test_lag_k_does_nothing_before_k_rollouts() -> None:
    run = make_run("lock/small", VARIANTS["async"])
    start = run.policy.flat.values.clone()
    steps = run.segment()
    for _ in range(4):
        next(steps)
        assert torch.equal(run.policy.flat.values, start)
    next(steps)
    assert not torch.equal(run.policy.flat.values, start)
    assert len(run.queue) == 4


@pytest.mark.parametrize(("anneal", "left"), [(True, 1 / 4), (1 / 3, 3 / 4)])
def test_annealed_steps_are_as_short_as_the_rest_of_the_budget(anneal: float, left: float) -> None:
    """At three quarters of it a quarter of the step, from the same rollout and parameters: Adam's first is as its rate."""
    task, variant = TASKS["lock/small"], VARIANTS["reinforce"]
    training = replace(small_training(task, variant), anneal=anneal)
    steps = []
    for spent in (0.0, 0.75):
        policy, rollout = make_rollout(task, variant, training, SEEDS)
        learner = Learner(policy, variant.estimator, variant.schedule, training, torch.full((3,), 0.5), task)
        before = policy.flat.values.clone()
        learner.learn(rollout, [np.random.default_rng(s) for s in SEEDS], torch.full((3,), spent))
        steps.append(policy.flat.values - before)
    assert steps[0].abs().max() > 1e-3
    torch.testing.assert_close(steps[1], steps[0] * left, rtol=1e-4, atol=1e-6)


def test_the_budget_counts_valid_rows_and_members_stop_on_their_own() -> None:
    records = short_run("CartPole-v1", "reinforce", env_steps=900)
    first = [r for r in records if r.checkpoint == 0]
    last = [r for r in records if r.checkpoint == 2]
    assert all(r.env_steps == 0 and r.updates == 0 for r in first)
    assert all(900 <= r.env_steps < 900 + 16 * 500 for r in last)
    assert len({r.env_steps for r in last}) == len(last)  # episodes of different lengths


@pytest.mark.parametrize("task", ["lock/small", "CartPole-v1"])
def test_a_member_that_diverges_is_frozen_counted_and_changes_nobody(task: str) -> None:
    healthy = make_run(task, VARIANTS["baseline_value"])
    sick = make_run(task, VARIANTS["baseline_value"])
    with torch.no_grad():
        sick.policy.flat.values[1] = float("nan")
    good, bad = ([e for e in train(run) if isinstance(e, Record)] for run in (healthy, sick))
    assert [strip(r) for r in good if r.seed != 1] == [strip(r) for r in bad if r.seed != 1]
    lost = [r for r in bad if r.seed == 1 and r.checkpoint > 0]
    assert all(r.diverged and np.isnan(r.eval_return) for r in lost)
    assert not any(r.diverged for r in good)
    assert torch.isfinite(sick.policy.flat.values).all()


def test_episodes_are_whole_and_windows_are_not() -> None:
    """Cutting collection after a fixed number of rows and keeping the episodes that ended favours short episodes."""
    task, variant = TASKS["CartPole-v1"], VARIANTS["reinforce"]
    training = replace(small_training(task, variant), collection=Episodes(64))
    _, rollout = make_rollout(task, variant, training, (0, 1, 2, 3))
    lengths = rollout.valid.sum(0)  # [P, N]
    ended = (rollout.valid > 0) & (rollout.continues == 0)
    assert (ended.sum(0) == 1).all()  # every episode is there, and ends once
    assert lengths.mean().item() == pytest.approx(22.0, abs=4.0)  # the uniform policy's
    cut = 20
    kept = lengths[lengths <= cut]
    assert kept.mean() < lengths.mean() - 5


def test_windows_mask_the_row_after_an_end_and_bootstrap_truncation() -> None:
    task, variant = TASKS["Pendulum-v1"], VARIANTS["a2c"]
    training = replace(small_training(task, variant), collection=Unroll(steps=203, envs=2))
    _, rollout = make_rollout(task, variant, training, (0,))
    ends = torch.nonzero(rollout.continues[:, 0, 0] == 0).flatten().tolist()
    assert ends == [199, 200]  # the time limit's row, and the row that only delivers the reset
    assert rollout.valid[:, 0, 0].tolist() == [1.0] * 200 + [0.0] + [1.0] * 2
    assert rollout.discount[199, 0, 0] == training.discount  # truncated: its value goes on
    assert rollout.discount[200, 0, 0] == 0
    assert rollout.reward[200, 0, 0] == 0
    assert [len(c) for c in valid_columns(rollout.valid)] == [2 * 202]


def test_the_textbook_and_reinforce_have_the_same_gradient() -> None:
    task, variant = TASKS["CartPole-v1"], VARIANTS["reinforce"]
    training = replace(small_training(task, variant), network=MLP((8,)), discount=0.9, collection=Episodes(4))
    policy, rollout = make_rollout(task, variant, training, (5,))
    learner = Learner(policy, variant.estimator, variant.schedule, training, torch.ones(1), task)
    learner.gradient(rollout)
    plain = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
    weights = [w for pair in zip(policy.actor.weights, policy.actor.biases, strict=True) for w in pair]
    with torch.no_grad():
        for theirs, ours in zip(plain.parameters(), weights, strict=True):
            theirs.copy_(ours[0].T if theirs.ndim == 2 else ours[0, 0])
    episodes: list[Episode] = []
    for n in range(4):
        rows = rollout.valid[:, 0, n] > 0
        parts = (x[:, 0, n][rows] for x in (rollout.obs[:-1], rollout.action, rollout.reward))
        obs, action, reward = parts
        episodes.append((list(obs), action.tolist(), reward.tolist()))
    policy_gradient_loss(plain, episodes, gamma=0.9).backward()
    theirs = {name: p.grad for name, p in plain.named_parameters()}
    ours = [g for pair in zip(policy.actor.weights, policy.actor.biases, strict=True) for g in pair]
    for mine, peer in zip(ours, theirs.values(), strict=True):
        assert peer is not None
        assert mine.grad is not None
        torch.testing.assert_close(mine.grad[0].T if peer.ndim == 2 else mine.grad[0, 0], peer, rtol=1e-4, atol=1e-5)
