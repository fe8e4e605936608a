"""How returns are read: normalised or as they are, and what a run without a finite return counts as."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from envs import TASKS, random_policy
from envs.api import Scale, Task
from envs.custom.faults import EnvironmentFault
from tests.contracts.image_task import IMAGES

NAN = math.nan
NORMAL = Scale(-200.0, -100.0)
RAW = Scale(-200.0, None)


def test_scores_are_normalised_where_both_ends_are_known_and_returns_elsewhere() -> None:
    assert NORMAL.score([-200.0, -150.0, -50.0]).tolist() == [0.0, 0.5, 1.5]
    assert RAW.score([-200.0, -150.0]).tolist() == [-200.0, -150.0]
    assert Scale(None, 5.0).score([1.0]).tolist() == [1.0]
    assert (NORMAL.unit, RAW.unit, NORMAL.raw.unit) == ("normalised score", "return", "return")
    assert (NORMAL.middle, RAW.solvable, Scale(0.0, 1.0, 0.9).solvable) == (-150.0, False, True)


@pytest.mark.parametrize(
    ("returns", "worst", "wanted"),
    [
        ([NAN, -150.0], math.inf, [-200.0, -150.0]),  # the floor
        ([NAN, -500.0], math.inf, [-500.0, -500.0]),  # the worst of its own group
        ([NAN, -150.0], -900.0, [-900.0, -150.0]),  # the worst of others
        ([NAN, math.inf], -900.0, [NAN, NAN]),  # nobody is finite: no score, whatever others have
        ([-math.inf, 3.0], math.inf, [-200.0, 3.0]),
    ],
)
def test_a_lost_run_counts_as_the_lowest_that_there_is(returns: list[float], worst: float, wanted: list[float]) -> None:
    lost = [math.isnan(x) for x in returns]
    np.testing.assert_equal(RAW.score(returns, lost, worst), wanted)
    np.testing.assert_equal(NORMAL.score(returns, lost, worst), [(x + 200) / 100 for x in wanted])


def test_a_finite_return_of_a_run_that_diverged_does_not_count() -> None:
    assert RAW.score([9.0, 5.0], [True, False]).tolist() == [-200.0, 5.0]
    unmeasured = Scale(None, None)
    assert unmeasured.score([9.0, 5.0, 7.0], [True, False, False]).tolist() == [5.0, 5.0, 7.0]


@pytest.mark.parametrize("ends", [(3.0, 3.0), (4.0, 3.0), (NAN, 3.0), (0.0, math.inf)])
def test_a_scale_that_cannot_be_is_refused_with_the_tasks_name(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"^the (floor|ceiling) must"):
        Scale(*ends)
    with pytest.raises(ValueError, match=r"^task 'images': the (floor|ceiling) must"):
        replace(IMAGES, floor=ends[0], ceiling=ends[1])


def test_a_task_may_come_without_a_scale() -> None:
    task = Task("mine", IMAGES.factory)
    assert (task.scale, task.scale.unit) == (Scale(None, None), "return")


@dataclass(frozen=True)
class Paying:
    """Blackjack whose rewards are all the same."""

    pay: float
    under = TASKS["Blackjack-v1"].factory
    spec = under.spec

    def make(self, seeds, envs, group=1):  # type: ignore[no-untyped-def]
        env = self.under.make(seeds, envs, group)
        step = env.step
        env.step = lambda action, active: step(action, active)._replace(  # type: ignore[method-assign]
            reward=np.full((len(seeds), envs), self.pay, np.float32)
        )
        return env


def test_measuring_a_floor_costs_no_more_than_allowed() -> None:
    task = TASKS["CartPole-v1"]
    whole = random_policy.measure_floor(task, episodes=30)
    assert whole.episodes == 30
    assert 10 < whole.mean < 40  # 22 steps on average
    assert whole.env_steps == round(whole.mean * 30)  # a reward of 1 a step
    short = random_policy.measure_floor(task, episodes=30, steps=1)
    assert (short.episodes, short.mean, short.env_steps) == (10, 1.0, 10)  # none has ended: what was paid so far
    assert random_policy.measure_floor(task, episodes=30, seconds=-1.0).env_steps == 10


def test_a_floor_of_rewards_that_are_no_numbers_is_refused() -> None:
    assert random_policy.measure_floor(Task("steady", Paying(1.0)), episodes=5).mean >= 1.0
    with pytest.raises(
        EnvironmentFault, match=r"wrong: the environment returned a reward of nan \(environment 0 of seed 0"
    ):
        random_policy.measure_floor(Task("wrong", Paying(NAN)), episodes=5)


def test_any_name_of_a_task_can_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    random_policy.main(
        ["gymnasium:CartPole-v1", "tests.contracts.image_task:IMAGES", "Blackjack-v1", "--episodes", "12"]
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["gymnasium:CartPole-v1", "images", "Blackjack-v1"]
    assert all("(12 episodes)" in line for line in lines)
    for name, said in (("Catch", "unknown task 'Catch'"), ("nope:TASK", "nope"), ("gymnasium:Nope-v0", "Nope")):
        with pytest.raises(ValueError, match=said):
            random_policy.main([name])
