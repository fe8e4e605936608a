"""Runs whose rollouts are played by older parameters: which ones, what is recorded, and resuming."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from algorithms import VARIANTS
from algorithms.composition import Schedule
from algorithms.staleness.clock import ActorSchedule, Clock, Duration, LearnedRollout
from algorithms.staleness.parameter_history import ParameterHistory
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Record
from algorithms.training.run import Run, train
from algorithms.training.state import RunState
from algorithms.variant import Variant
from envs import TASKS
from envs.seeding import Purpose
from tests.builders import make_learner, make_run, records_of, small_training, without_clock
from tests.rollouts import make_rollout

ONE, HALF = Duration(1.0), Duration(0.5)
# what runs with actors note beside the others, where nothing is stale
OF_STALE = {"lag": 0.0, "lag_max": 0.0, "approximate_kl": 0.0, "effective_sample_size": 1.0, "simulated_s": 0.0}


UNEVEN = Clock(4, Duration(1.0, 1.0), HALF)


def variant_of(actors: ActorSchedule | None, lag: int = 0) -> Variant:
    return replace(VARIANTS["gae"], schedule=Schedule(lag=lag, actors=actors))


def run_of(variant: Variant, task: str = "lock/small", seeds: tuple[int, ...] = (0, 1)) -> Run:
    training = small_training(TASKS[task], variant, envs=8)
    return make_run(TASKS[task], variant, training, 1_200, seeds, rate=0.02, evaluation=Evaluation(3, 3))


def records(variant: Variant, **changes: object) -> list[Record]:
    return records_of(train(run_of(variant, **changes)))  # type: ignore[arg-type]


@pytest.mark.parametrize("task", ["lock/small", "CartPole-v1"])
def test_lag_0_is_the_synchronous_run_bit_for_bit(task: str) -> None:
    plain = records(variant_of(None), task=task)
    for a, b in zip(plain, records(variant_of(Clock(1, ONE, HALF, longest=0)), task=task), strict=True):
        measures = dict(b.measures)
        found = {name: measures.pop(name) for name in OF_STALE if name in measures}
        assert without_clock(replace(b, measures=measures)) == without_clock(a)
        # actions are drawn in NumPy and learned from in torch, so a ratio is 1 to rounding
        assert all(found[name] == pytest.approx(OF_STALE[name], abs=1e-6) for name in found.keys() - {"simulated_s"})


def test_old_parameters_play_and_the_newest_learn() -> None:
    """A history of 3 versions whose first parameter is its version: member 0 acts with 2 - 2, member 1 with 2 - 1."""

    class Fixed:
        longest = 2

        def rollouts(self, rng: np.random.Generator) -> object:
            yield LearnedRollout(((0.0, 0),), 1.0)
            yield LearnedRollout(((0.0, 1),), 2.0)
            yield LearnedRollout(((0.0, 2), (0.5, 1)), 3.0)

    run = run_of(variant_of(None))
    stale, acting = ParameterHistory(Fixed(), (0, 1), Purpose.TRAIN, run.policy), run.evaluator.shadow  # type: ignore[arg-type]
    both = np.ones(2, np.bool_)
    seen = []
    for version in range(3):
        stale.next(both, np.full(2, version))
        step = stale.refresh(acting)
        for share in (0.0, 0.4, 0.6):
            step(share)
            seen.append(float(acting.flat.values[0, 0]) if version or share else None)
        with torch.no_grad():
            run.policy.flat.values[:, 0] = 10.0 * (version + 1)
        stale.publish(run.policy, np.full(2, version + 1), both)
    first = seen[1]
    assert seen[3:] == [first, first, first, first, first, 10.0]
    assert stale.lag(both)[0].tolist() == [1.5, 1.5]
    assert stale.seconds.tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    "actors",
    [Clock(4, longest=4), Clock(4, longest=3, mode="discard"), Clock(4, in_flight=True)],
    ids=["pace", "discard", "in flight"],
)
def test_a_stale_run_goes_on_from_any_state_bit_for_bit(actors: ActorSchedule) -> None:
    whole, states = [], []
    for event in train(run_of(variant_of(actors))):
        if isinstance(event, Record):
            whole.append(event)
        elif isinstance(event, RunState):
            states.append((event, len(whole)))
    assert len(states) > 2
    for state, before in (states[0], states[len(states) // 2], states[-1]):
        rest = records_of(train(run_of(variant_of(actors)), state))
        assert [without_clock(r) for r in rest] == [without_clock(r) for r in whole[before:]]


def test_lag_and_simulated_seconds_are_recorded() -> None:
    told = records(variant_of(Clock(4, ONE, HALF, longest=9)))
    last = [r for r in told if r.fraction == 1.0]
    assert all(2 < r.measures["lag"] <= 9 for r in last)
    assert all(r.measures["simulated_s"] == pytest.approx(1.0 + 0.5 * r.updates) for r in last)
    assert "lag" not in records(variant_of(None))[-1].measures


def test_what_is_thrown_away_is_charged() -> None:
    kept, thrown = (records(variant_of(Clock(6, ONE, HALF, longest=2, mode=mode))) for mode in ("pace", "discard"))
    assert thrown[-1].updates < kept[-1].updates
    assert thrown[-1].env_steps >= 1_200


def test_members_have_schedules_of_their_own() -> None:
    told = [r for r in records(variant_of(UNEVEN), seeds=(0, 1, 2)) if r.fraction == 1.0]
    assert len({r.measures["lag"] for r in told}) == 3
    alone = [r for r in records(variant_of(UNEVEN), seeds=(1,)) if r.fraction == 1.0]
    assert alone[0].measures["lag"] == told[1].measures["lag"]


def test_the_gradient_of_a_worker_is_that_of_its_copy() -> None:
    """An outdated copy's gradient moves the newest parameters: from theta' = 0 by the very step that theta' would make."""
    run = run_of(variant_of(Clock()))
    stale = run_of(replace(VARIANTS["gae"], schedule=Schedule(actors=Clock(), gradient="actor")))
    assert stale.learner.gradient_policy is stale.acting
    _, rollout = make_rollout(run.task, run.variant, run.training, (0, 1), stale.acting)
    with torch.no_grad():
        stale.policy.flat.values += 0.1 * torch.randn(
            stale.policy.flat.values.shape, generator=torch.Generator().manual_seed(0)
        )
    expected = run.learner.gradient(rollout)  # at the parameters with which both began
    assert torch.equal(stale.learner.gradient(rollout), expected)
    newest = make_learner(stale.policy, VARIANTS["gae"], run.training, run.task)
    assert not torch.allclose(newest.gradient(rollout), expected, rtol=0.01)
    with pytest.raises(ValueError, match="natural gradient"):
        run_of(replace(VARIANTS["npg"], schedule=Schedule(actors=Clock(), gradient="actor")))
