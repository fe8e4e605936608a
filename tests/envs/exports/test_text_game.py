"""A task as a conversation: every episode pays what the MDP pays, and J*, J0 are those of the policies that are played."""

from __future__ import annotations

import numpy as np
import pytest

from envs import solver
from envs.enumeration import Enumeration, enumerate_episodes
from envs.exports.text_game import NOTHING, Episode, TextGame
from envs.tasks import PRESETS
from envs.validation import UnknownName, UsageError

# of every kind: with and without replies, of a hidden state, of masks, that end early
EXACT = ["guessnumber/small", "causal/small", "infogame/letters-small", "textgraph/history-small", "lock/small",
         "increasing/small", "dyck/masked-small", "dyck/sparse-small", "padanswer/small", "safereply/small"]  # fmt: skip


def play(game: TextGame, episodes: Enumeration, s: int) -> Episode:
    """An enumerated episode, word by word where the environment replies and as one text where it does not."""
    played = game.begin(seed=s, start=int(episodes.start[s]))
    words = [game.words[a] for a in episodes.action[episodes.valid[:, s], s]]
    rewards = [played.answer(text).reward for text in (words if game.replies else [" ".join(words)])]
    assert sum(rewards) == pytest.approx(played.total)
    return played


@pytest.mark.parametrize("name", EXACT)
def test_every_episode_pays_what_the_mdp_pays(name: str) -> None:
    """And weighted by the probabilities of a policy, the returns have the means J* and J0."""
    game, mdp = TextGame(name), PRESETS[name].mdp
    episodes = enumerate_episodes(mdp)
    returns = []
    for s in range(len(episodes.start)):
        played = play(game, episodes, s)
        np.testing.assert_array_equal(played.rows.transcript[0], episodes.transcript[s])
        assert (played.ended, played.illegal, played.unreadable) == (True, 0, 0)
        returns.append(played.total)
    np.testing.assert_allclose(returns, episodes.reward.sum(0), atol=1e-12)
    legal = np.ones((*episodes.valid.shape, mdp.actions)) if episodes.action_mask is None else episodes.action_mask
    uniform = np.where(episodes.valid, -np.log(legal.sum(2)), 0.0)
    best = episodes.log_probability(solver.solve(mdp, solver._greedy, 1.0).policy)
    for logp, known, score in ((uniform, game.random_return, 0.0), (best, game.optimal_return, 1.0)):
        mean = float(episodes.probability * np.exp(logp.sum(0)) @ np.array(returns))
        assert mean == pytest.approx(known, abs=1e-6)
        if game.random_return < game.optimal_return:  # not where masks make every policy optimal
            assert game.score(mean) == pytest.approx(score, abs=1e-5)
    if not mdp.has_reference and episodes.action_mask is None:
        assert game.lowest_return == min(returns)


def test_a_dialogue() -> None:
    """Number 3 of 5 in three guesses, at -1 a turn."""
    game = TextGame("guessnumber/small")
    played = game.begin(seed=0, start=3)
    assert played.opening == NOTHING
    assert game.rules.splitlines()[1:] == [
        "Words: 0 1 2 3 4",
        "Answer with one word and nothing else. There are at most 4 turns.",
    ]
    assert played.answer("1") == ("higher", -1, False)
    assert played.answer(" 4\n") == ("lower", -1, False)
    assert played.answer("3") == ("correct", -1, True)
    assert played.score == pytest.approx((-3 - game.random_return) / (-2.2 - game.random_return))
    with pytest.raises(RuntimeError, match="has ended"):
        played.answer("3")


@pytest.mark.parametrize("text", ["", "five", "1 2", "I guess 1"])
def test_an_answer_that_cannot_be_read_has_the_lowest_return(text: str) -> None:
    """Five turns' cost in all, whatever was paid before."""
    played = TextGame("guessnumber/small").begin(seed=0, start=3)
    assert played.answer("1").reward == -1
    assert played.answer(text) == ("", -4, True)
    assert (played.total, played.unreadable) == (-5, 1)


def test_a_text_that_is_too_short_cannot_be_read_and_words_after_the_end_are_not() -> None:
    game = TextGame("lock/small")
    lengths = {game.begin(0).answer(text).ended for text in ("a", "a b", "<eos>", "<eos> nonsense")}
    assert lengths == {True}
    short, ended = game.begin(0, start=0), game.begin(0, start=0)
    short.answer("a")
    ended.answer("<eos> nonsense")
    assert (short.unreadable, short.total) == (1, 0)
    assert (ended.unreadable, ended.total) == (0, 0.1)


def test_a_word_that_is_not_legal_is_paid_and_counted_as_the_mdp_does() -> None:
    played = TextGame("dyck/masked-small").begin(seed=0)
    assert played.answer(") ( ( ( ( (") == ("", 0, True)
    assert (played.illegal, played.unreadable) == (1, 0)


def test_a_seed_is_an_episode() -> None:
    game = TextGame("countdown/small")
    openings = [game.begin(seed).opening for seed in range(20)]
    assert openings == [game.begin(seed).opening for seed in range(20)]
    assert len(set(openings)) > 5
    rows = game.prompts(2, first_seed=7)
    assert [(row["seed"], row["prompt"].splitlines()[-1]) for row in rows] == [(7, openings[7]), (8, openings[8])]


def test_a_reward_function_takes_texts_and_conversations() -> None:
    game = TextGame("lock/small")
    chat = [{"role": "assistant", "content": "<eos>"}]
    assert game.rewards(["<eos>", chat, "what"], seed=[0, 1, 2], step=3) == [0.1, 0.1, 0.0]
    with pytest.raises(UsageError, match="replies to each word"):
        TextGame("guessnumber/small").rewards(["1"], seed=[0])


def test_tasks_that_cannot_be_exported() -> None:
    with pytest.raises(UnknownName, match="nearest: lock/small"):
        TextGame("lock/smal")
    with pytest.raises(UsageError, match="lexicon/small holds a KL to its reference policy"):
        TextGame("lexicon/small")
    with pytest.raises(UsageError, match=r"too many episodes .* give lowest=NUMBER"):
        TextGame("guessnumber/medium")
    assert TextGame("guessnumber/medium", lowest=-9).begin(0).answer("x").reward == -9
