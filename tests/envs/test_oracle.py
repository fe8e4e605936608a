"""The oracle: closed forms against backward induction, enumeration against what is known of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from envs import TASKS
from envs.oracle import TooMany, enumerable, enumerate_episodes, optimal_return, random_return
from envs.text.dyck import Dyck
from envs.text.lock import Lock
from envs.text.transduce import Transduce
from envs.transcript import TextMDP

SMALL = [n for n, t in TASKS.items() if isinstance(t.factory, TextMDP) and enumerable(t.factory, 100_000)]


@pytest.mark.parametrize("name", SMALL)
def test_the_cards_closed_forms_are_what_enumeration_gives(name: str) -> None:
    mdp = TASKS[name].factory
    assert isinstance(mdp, TextMDP)
    assert optimal_return(mdp) == pytest.approx(mdp.optimal_return(), abs=1e-9)
    assert random_return(mdp) == pytest.approx(mdp.random_return(), abs=1e-9)


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


@pytest.mark.parametrize("gamma", [0.1, 1.0])
def test_values_are_discounted(gamma: float) -> None:
    mdp = Transduce(symbols=2, length=3)
    third = 1 / 3
    expected = third * (1 + gamma + gamma**2)
    assert optimal_return(mdp, gamma) == pytest.approx(expected)
    assert random_return(mdp, gamma) == pytest.approx(expected / 2)


def test_the_shift_moves_floor_and_ceiling_by_itself() -> None:
    plain, moved = Lock(length=2, vocabulary=4), Lock(length=2, vocabulary=4, reward_shift=0.7)
    for of in (optimal_return, random_return):
        assert of(moved) - of(plain) == pytest.approx(0.7)


def test_too_many_episodes_are_refused_before_they_fill_memory() -> None:
    with pytest.raises(TooMany, match="more than 50"):
        enumerate_episodes(Transduce(symbols=4, length=4), limit=50)
    assert not enumerable(TASKS["lock/hard"].factory, 1_000)  # type: ignore[arg-type]
    assert not enumerable(TASKS["transduce/copy-hard"].factory, 1_000)  # type: ignore[arg-type]
