"""The oracle: closed forms against backward induction, enumeration against what is known of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from envs import TASKS
from envs.api import Bools, Ints
from envs.oracle import (
    TooMany,
    count_episodes,
    enumerable,
    enumerate_episodes,
    optimal_return,
    random_return,
    value,
)
from envs.text.dyck import Dyck
from envs.text.lock import Lock
from envs.text.transduce import Transduce
from envs.transcript import Doubles, Prompts, TextMDP

SMALL = [n for n, t in TASKS.items() if isinstance(t.factory, TextMDP) and enumerable(t.factory, 100_000)]


@dataclass(frozen=True)
class Toll(TextMDP):
    """Two prompts of unequal probability. Action 0 pays 3 in prompt A, 5 in B and ends; action 1 pays 1 and goes on."""

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("", "stop", "go", "A", "B")

    @property
    def actions(self) -> int:
        return 2

    @property
    def prompt_length(self) -> int:
        return 1

    @property
    def horizon(self) -> int:
        return 2

    def prompts(self) -> Prompts:
        return Prompts(np.array([[3], [4]]), np.array([0.7, 0.3]))

    def respond(self, transcript: Ints, t: int) -> tuple[Doubles, Bools]:
        stops = transcript[:, 1 + t] == 1
        return np.where(stops, 2.0 * transcript[:, 0] - 3.0, 1.0), stops

    def optimal_return(self) -> float:
        return 0.7 * 4 + 0.3 * 6 + self.reward_shift  # go, then stop

    def random_return(self) -> float:
        # A: stop 3, go-stop 4, go-go 2 with 1/2, 1/4, 1/4; B: 5, 6, 2
        return 0.7 * 3.0 + 0.3 * 4.5 + self.reward_shift


def test_prompts_weigh_what_their_probability_says() -> None:
    mdp = Toll()
    episodes = enumerate_episodes(mdp)
    assert sorted(zip(episodes.prompt.tolist(), episodes.reward.sum(0).tolist(), strict=True)) == [
        (0, 2.0), (0, 3.0), (0, 4.0), (1, 2.0), (1, 5.0), (1, 6.0),
    ]  # fmt: skip
    assert episodes.probability.tolist() == [(0.7, 0.3)[x] for x in episodes.prompt]
    assert episodes.transcript[:, 0].tolist() == [3 + x for x in episodes.prompt]
    assert optimal_return(mdp) == pytest.approx(4.6)
    assert random_return(mdp) == pytest.approx(3.45)
    assert value(episodes, np.full((2, 6), np.log(0.5))) == pytest.approx(3.45)
    # stop with probability .9: A .9 * 3 + .09 * (1 + .1 * 3) + .01 * 1.1 = 2.828, B 4.646, at gamma .1
    logp = np.where(episodes.action == 0, np.log(0.9), np.log(0.1))
    assert value(episodes, logp, gamma=0.1) == pytest.approx(0.7 * 2.828 + 0.3 * 4.646)


@pytest.mark.parametrize("name", SMALL)
def test_uniform_play_over_the_listed_episodes_is_j0(name: str) -> None:
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    episodes = enumerate_episodes(mdp)
    assert len(episodes.probability) <= count_episodes(mdp)
    mask = episodes.action_mask
    legal = np.full(episodes.valid.shape, mdp.actions) if mask is None else mask.sum(-1)
    logp = np.where(episodes.valid, -np.log(legal), np.nan)  # ended rows must not be read
    chance = episodes.probability * np.exp(np.nansum(logp, axis=0))
    assert chance.sum() == pytest.approx(1.0)
    share = np.bincount(episodes.prompt, chance)
    np.testing.assert_allclose(share, mdp.prompts().probability)
    assert value(episodes, logp) == pytest.approx(mdp.random_return(), abs=1e-9)
    assert value(episodes, logp, 0.1) == pytest.approx(random_return(mdp, 0.1), abs=1e-9)
    k, written = mdp.prompt_length, np.where(episodes.valid, episodes.action + mdp.first_action, 0)
    np.testing.assert_array_equal(episodes.transcript[:, k:], written.T)


@pytest.mark.parametrize("name", SMALL)
def test_the_cards_closed_forms_are_what_enumeration_gives(name: str) -> None:
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    assert optimal_return(mdp) == pytest.approx(mdp.optimal_return(), abs=1e-9)
    assert random_return(mdp) == pytest.approx(mdp.random_return(), abs=1e-9)


@pytest.mark.parametrize("name", SMALL)
def test_the_shift_moves_floor_and_ceiling_by_itself(name: str) -> None:
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    moved = replace(mdp, reward_shift=mdp.reward_shift + 0.7)
    for of in (optimal_return, random_return, type(mdp).optimal_return, type(mdp).random_return):
        assert of(moved) - of(mdp) == pytest.approx(0.7)


def test_every_small_preset_is_enumerable() -> None:
    small = [n for n, t in TASKS.items() if n.endswith("small") and isinstance(t.factory, TextMDP)]
    assert set(small) <= set(SMALL)
    assert len(small) >= 9


@pytest.mark.parametrize(("kinds", "chance"), [(1, 0.0547), (2, 3.4e-3)])
def test_dycks_catalan_counts(kinds: int, chance: float) -> None:
    mdp = Dyck(pairs=4, kinds=kinds, reward_mode="terminal")
    assert mdp.random_return() == pytest.approx(chance, rel=0.01)
    solutions = 14 * kinds**4  # Catalan(4) = 14
    assert int((enumerate_episodes(mdp).reward.sum(0) == 1).sum()) == solutions
    if kinds == 2:
        assert math.log(solutions) == pytest.approx(5.41, abs=0.005)


def test_enumeration_lists_every_episode_once() -> None:
    mdp = Lock(length=2, vocabulary=4, locks=2)
    episodes = enumerate_episodes(mdp)
    # EOS at once; one key and EOS; two keys and any of four: 1 + 3 + 9 * 4, in each of two locks
    assert len(episodes.probability) == 2 * (1 + 3 + 36)
    assert len(np.unique(episodes.transcript, axis=0)) == len(episodes.transcript)
    lengths = episodes.valid.sum(0)
    uniform = episodes.probability * (1 / 4.0) ** lengths
    assert uniform.sum() == pytest.approx(1.0)
    assert sorted(set(lengths.tolist())) == [1, 2, 3]
    assert (episodes.action[~episodes.valid] == 0).all()
    assert (episodes.reward[~episodes.valid] == 0).all()


def test_enumeration_carries_the_masks() -> None:
    episodes = enumerate_episodes(Dyck(pairs=2, kinds=1, mask=True))
    assert episodes.action_mask is not None
    assert len(episodes.probability) == 2  # (()) and ()()
    assert episodes.action_mask[1].tolist() == [[True, True], [True, True]]
    assert episodes.action_mask[0].tolist() == [[True, False], [True, False]]
    assert sorted(map(tuple, episodes.action_mask[2].tolist())) == [(False, True), (True, False)]  # after (( and ()


@pytest.mark.parametrize("gamma", [0.1, 1.0])
def test_values_are_discounted(gamma: float) -> None:
    mdp = Transduce(symbols=2, length=3)
    third = 1 / 3
    expected = third * (1 + gamma + gamma**2)
    assert optimal_return(mdp, gamma) == pytest.approx(expected)
    assert random_return(mdp, gamma) == pytest.approx(expected / 2)


def test_too_many_episodes_are_refused_before_they_fill_memory() -> None:
    with pytest.raises(TooMany, match=r"more than 50 episodes \(at most 65536\)"):
        enumerate_episodes(Transduce(symbols=4, length=4), limit=50)
    assert not enumerable(TASKS["lock/hard"].factory, 1_000)  # type: ignore[arg-type]
    assert not enumerable(TASKS["transduce/copy-hard"].factory, 1_000)  # type: ignore[arg-type]
