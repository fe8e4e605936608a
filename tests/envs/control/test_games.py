"""The toy tasks against Gymnasium's transition tables, and their ceilings and floors by dynamic programming."""

from __future__ import annotations

import functools
from typing import Any

import gymnasium
import numpy as np
import pytest

from envs import TASKS, random_policy
from envs.control import from_envpool
from envs.seeding import Role, stream

needs_envpool = pytest.mark.skipif(not from_envpool.installed(), reason="EnvPool is not installed")
IDS = {"FrozenLake-v1": "FrozenLake-v1", "Taxi-v3": "Taxi-v4", "CliffWalking-v1": "CliffWalking-v1"}


@functools.cache
def table(name: str) -> dict[int, dict[int, list[tuple[float, int, float, bool]]]]:
    """Gymnasium's P[state][action] = [(probability, next state, reward, end)]."""
    env: Any = gymnasium.make(IDS[name]).unwrapped
    return env.P


@functools.cache
def starts(name: str) -> np.ndarray:
    """Gymnasium's distribution over first states; in EnvPool's Taxi passengers may start where they want to go."""
    env: Any = gymnasium.make(IDS[name]).unwrapped
    if name == "Taxi-v3":
        waiting = np.array([state // 4 % 5 < 4 for state in env.P])  # 400, of which Gymnasium leaves out 100
        return waiting / waiting.sum()
    return np.asarray(env.initial_state_distrib)


def value(name: str, best: bool) -> float:
    """J of the optimal or the uniform policy over the task's horizon, by backward induction on the table."""
    after = np.zeros(len(table(name)))
    for _ in range(TASKS[name].spec.horizon):
        q = np.array(
            [
                [sum(p * (r + (not end) * after[s]) for p, s, r, end in outcomes) for outcomes in actions.values()]
                for actions in table(name).values()
            ]
        )
        after = q.max(1) if best else q.mean(1)
    return float(starts(name) @ after)


@pytest.mark.parametrize("name", IDS)
def test_ceilings_are_optima_and_floors_those_of_the_uniform_policy(name: str) -> None:
    task = TASKS[name]
    assert task.ceiling == pytest.approx(value(name, best=True), abs=0.001)
    assert task.floor == pytest.approx(value(name, best=False), rel=0.02, abs=0.005)


@needs_envpool
@pytest.mark.parametrize("name", IDS)
def test_envpool_moves_by_gymnasiums_table(name: str) -> None:
    """Every transition of EnvPool is one of the table's, with its reward and its end; the slippery ones all occur."""
    env, rng = TASKS[name].factory.make([stream(3, Role.ENVIRONMENT, 0)], 8), np.random.default_rng(0)
    states = env.reset()[0].argmax(-1)[0]
    assert (starts(name)[states] > 0).all()
    fresh, compared, slips = np.zeros(8, np.bool_), 0, set()
    for _ in range(150):
        action = rng.integers(env.spec.action.n, size=(1, 8))  # type: ignore[union-attr]
        step = env.step(action, np.ones((1, 8), np.bool_))
        moved = step.obs.argmax(-1)[0]
        for n in np.flatnonzero(~fresh).tolist():
            outcomes = table(name)[int(states[n])][int(action[0, n])]
            seen = int(moved[n]), float(step.reward[0, n]), bool(step.terminated[0, n])
            assert seen in {(s, r, end) for _, s, r, end in outcomes}
            slips.add(len(outcomes))
            compared += 1
        states, fresh = moved, (step.terminated | step.truncated)[0]
    assert compared > 800
    assert slips >= ({3} if name == "FrozenLake-v1" else {1})


CARDS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10)


def total(cards: tuple[int, int]) -> tuple[int, bool]:
    """(sum, whether an ace counts 11) of (the sum with aces at 1, whether there is one)."""
    hard, ace = cards
    return (hard + 10, True) if ace and hard <= 11 else (hard, False)


@functools.cache
def dealer(hard: int, ace: bool) -> tuple[float, ...]:
    """Probabilities of the dealer's final sums 17..21 and of going bust (last)."""
    now, _ = total((hard, ace))
    if now >= 17:
        return (*tuple(float(now == end) for end in range(17, 22)), float(now > 21))
    parts = [dealer(hard + card, ace or card == 1) for card in CARDS]
    return tuple(sum(column) / 13 for column in zip(*parts, strict=True))


def stick(now: int, shown: int, natural: bool) -> float:
    """E[reward] of standing at this sum; a natural beats all but the dealer's natural (Sutton and Barto's rules)."""
    if natural:
        return 1 - {1: 4 / 13, 10: 1 / 13}.get(shown, 0.0)
    chances = dealer(shown, shown == 1)
    return chances[5] + sum(p * np.sign(now - end) for p, end in zip(chances[:5], range(17, 22), strict=True))


@functools.cache
def hand(hard: int, ace: bool, shown: int, natural: bool, best: bool) -> float:
    """E[reward] of a hand under the optimal or the uniform policy."""
    now, _ = total((hard, ace))
    if now > 21:
        return -1.0
    drawn = sum(hand(hard + card, ace or card == 1, shown, False, best) for card in CARDS) / 13
    stood = stick(now, shown, natural)
    return max(drawn, stood) if best else (drawn + stood) / 2


def blackjack(best: bool) -> float:
    """E over the first two cards and the dealer's."""
    deals = [(a, b, shown) for a in CARDS for b in CARDS for shown in CARDS]
    return float(np.mean([hand(a + b, 1 in (a, b), shown, {a, b} == {1, 10}, best) for a, b, shown in deals]))


def test_blackjack_by_dynamic_programming() -> None:
    """Sutton and Barto 2018, example 5.1: stick on 20 and 21, hit a hard 12 against a 10."""
    assert stick(20, 10, False) > hand(30, False, 10, False, True)
    assert hand(12, False, 10, False, True) > stick(12, 10, False)
    task = TASKS["Blackjack-v1"]
    assert task.ceiling == pytest.approx(blackjack(best=True), abs=0.001)
    assert task.floor == pytest.approx(blackjack(best=False), abs=0.02)


@needs_envpool
def test_the_measured_floor_is_that_of_the_uniform_policy() -> None:
    mean, error = random_policy.estimate_floor(TASKS["Blackjack-v1"], 2_000)
    assert error == pytest.approx(0.89 / 2_000**0.5, rel=0.1)
    assert mean == pytest.approx(blackjack(best=False), abs=4 * error)


@needs_envpool
def test_blackjack_deals_as_gymnasium() -> None:
    """Sums, shown cards and aces have the frequencies of two cards and one; an ace that counts 11 needs a sum of 12."""
    env = TASKS["Blackjack-v1"].factory.make([stream(0, Role.ENVIRONMENT, 0)], 4_000)
    obs = env.reset()[0][0]
    own, shown, ace = obs[:, :32].argmax(1), obs[:, 32:43].argmax(1), obs[:, 43:].argmax(1)
    assert (shown == 10).mean() == pytest.approx(4 / 13, abs=0.03)
    assert ace.mean() == pytest.approx(25 / 169, abs=0.025)  # 1 - (12/13)^2
    assert own[ace == 1].min() >= 12
    assert (own == 21).mean() == pytest.approx(8 / 169, abs=0.015)


@needs_envpool
def test_floors_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    random_policy.main(["Catch-v0", "--episodes", "20"])
    name, mean, *_ = capsys.readouterr().out.split()
    assert name == "Catch-v0"
    assert float(mean) * 20 == pytest.approx(round(float(mean) * 20), abs=1e-2)  # 1 or -1 an episode
    with pytest.raises(ValueError, match="unknown task 'Catch'; nearest: Catch-v0"):
        random_policy.main(["Catch"])
