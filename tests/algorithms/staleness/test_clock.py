"""Simulated actors: ages and seconds by hand, and the bound."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from algorithms.composition import Schedule
from algorithms.staleness.clock import ActorSchedule, Clock, Duration, LearnedRollout

ONE, HALF = Duration(1.0), Duration(0.5)


def some(actors: ActorSchedule, count: int, seed: int = 0) -> list[LearnedRollout]:
    return list(itertools.islice(actors.rollouts(np.random.default_rng(seed)), count))


def ages(rollouts: list[LearnedRollout]) -> list[int]:
    return [rollout.ages[0][1] for rollout in rollouts]


def test_one_actor_that_waits_is_the_synchronous_run() -> None:
    rollouts = some(Clock(1, ONE, HALF, longest=0), 3)
    assert ages(rollouts) == [0, 0, 0]
    assert [rollout.seconds for rollout in rollouts] == [1.5, 3.0, 4.5]  # play, learn, play, learn, ...


def test_one_actor_that_does_not_wait_is_one_update_behind() -> None:
    """It plays 0-1, 1-2, 2-3; learning takes 1-1.5, 2-2.5, 3-3.5: from the second on with the parameters before."""
    rollouts = some(Clock(1, ONE, HALF, longest=1), 4)
    assert ages(rollouts) == [0, 1, 1, 1]
    assert [rollout.seconds for rollout in rollouts] == [1.5, 2.5, 3.5, 4.5]


def test_two_actors_halve_the_time_until_the_learner_is_the_limit() -> None:
    """Both end at 1 and learning takes 1-1.5 and 1.5-2; those begun at 1, with version 0, end at 2 and are third and fourth,
    with versions 2 and 3 before them."""
    rollouts = some(Clock(2, ONE, HALF, longest=9), 4)
    assert [rollout.seconds for rollout in rollouts] == [1.5, 2.0, 2.5, 3.0]
    assert ages(rollouts) == [0, 1, 2, 3]


@pytest.mark.parametrize("mode", ["pace", "discard"])
@pytest.mark.parametrize("longest", [0, 1, 3, 8])
@pytest.mark.parametrize("in_flight", [False, True])
def test_no_age_exceeds_the_bound(mode: str, longest: int, in_flight: bool) -> None:
    clock = Clock(6, Duration(1.0, 1.5), Duration(0.3, 0.5), longest, mode, in_flight)  # type: ignore[arg-type]
    rollouts = some(clock, 400)
    assert max(age for rollout in rollouts for _, age in rollout.ages) <= longest
    assert longest == 0 or max(ages(rollouts)) == longest
    assert (sum(rollout.discarded for rollout in rollouts) > 0) is (mode == "discard")
    seconds = [rollout.seconds for rollout in rollouts]
    assert seconds == sorted(seconds)


def test_weights_in_flight_are_younger_as_the_rollout_goes_on() -> None:
    rollouts = some(Clock(4, ONE, HALF, longest=8, in_flight=True), 50)
    assert any(len(rollout.ages) > 1 for rollout in rollouts)
    for rollout in rollouts:
        shares, old = zip(*rollout.ages, strict=True)
        assert shares[0] == 0.0
        assert all(0 <= share < 1 for share in shares[1:])
        assert list(old) == sorted(old, reverse=True)
        assert len(set(old)) == len(old)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Duration(0.0), "a mean above 0"),
        (lambda: Clock(0), "1 actor"),
        (lambda: Clock(mode="wait"), "mode 'wait' is none of pace, discard"),  # type: ignore[arg-type]
        (lambda: Schedule(lag=1, actors=Clock()), "exclude each other"),
        (lambda: Schedule(gradient="actor"), "needs simulated actors"),
        (lambda: Schedule(actors=Clock(), gradient="old"), "gradient 'old' is none of"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]


def test_workers_in_turn_are_as_old_as_there_are_others() -> None:
    """Two workers begin at 0 and end at 1: the steps are at 1.5 and 2; each begins again when its own step is made, and ends
    at 2.5 and 3. The first step is fresh; from then on one other has stepped since the copy."""
    rollouts = some(Clock(2, ONE, HALF, longest=9, in_turn=True), 5)
    assert [rollout.seconds for rollout in rollouts] == [1.5, 2.0, 3.0, 3.5, 4.5]
    assert ages(rollouts) == [0, 1, 1, 1, 1]
    many = ages(some(Clock(5, Duration(1.0, 0.2), Duration(0.01), longest=99, in_turn=True), 400))[50:]
    assert np.mean(many) == pytest.approx(4.0, abs=0.1)
