"""Enumeration lists every episode once, with its probability and masks."""

from __future__ import annotations

import numpy as np
import pytest

from envs import TASKS
from envs.enumeration import TooManyEpisodes, enumerable, enumerate_episodes
from envs.solver import optimal_return, random_return, value
from envs.text.dyck import Dyck
from envs.text.lock import Lock
from envs.text.transduce import Transduce
from envs.text_mdp import TextMDP
from tests.envs.small_mdps import SMALL, Toll


def test_prompts_weigh_what_their_probability_says() -> None:
    mdp = Toll()
    episodes = enumerate_episodes(mdp)
    assert sorted(zip(episodes.start.tolist(), episodes.reward.sum(0).tolist(), strict=True)) == [
        (0, 2.0), (0, 3.0), (0, 4.0), (1, 2.0), (1, 5.0), (1, 6.0),
    ]  # fmt: skip
    assert episodes.probability.tolist() == [(0.7, 0.3)[x] for x in episodes.start]
    assert episodes.transcript[:, 0].tolist() == [3 + x for x in episodes.start]
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
    mask = episodes.action_mask
    legal = np.full(episodes.valid.shape, mdp.actions) if mask is None else mask.sum(-1)
    logp = np.where(episodes.valid, -np.log(legal), np.nan)  # ended rows must not be read
    chance = episodes.probability * np.exp(np.nansum(logp, axis=0))
    assert chance.sum() == pytest.approx(1.0)
    share = np.bincount(episodes.start, chance)
    np.testing.assert_allclose(share, mdp.prompts().probability)
    assert value(episodes, logp, mdp.gamma, mdp.beta) == pytest.approx(mdp.random_return(), abs=1e-9)
    assert value(episodes, logp, 0.1, mdp.beta) == pytest.approx(random_return(mdp, 0.1), abs=1e-9)
    k, written = mdp.prompt_length, np.where(episodes.valid, episodes.action + mdp.first_action, 0)
    np.testing.assert_array_equal(episodes.transcript[:, k :: mdp.stride], written.T)


def test_every_small_preset_is_enumerable() -> None:
    small = [n for n, t in TASKS.items() if n.endswith("small") and isinstance(t.factory, TextMDP)]
    assert set(small) <= set(SMALL)
    assert len(small) >= 20


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


def test_too_many_episodes_are_refused_before_they_fill_memory() -> None:
    with pytest.raises(TooManyEpisodes, match="more than 50 episodes"):
        enumerate_episodes(Transduce(symbols=4, length=4), limit=50)
    assert not enumerable(TASKS["lock/hard"].factory, 1_000)  # type: ignore[arg-type]
    assert not enumerable(TASKS["transduce/copy-hard"].factory, 1_000)  # type: ignore[arg-type]


# ---- chance, hidden states, beliefs, references
