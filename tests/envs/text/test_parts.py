"""Tasks whose reward has parts say which, with their weights; by hand, with noise, and through a delay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from envs.api import Floats
from envs.delayed import Delayed, PaysInParts, part_weights
from envs.tasks import TASKS
from envs.text.causal import Causal
from envs.text.countdown import Countdown
from envs.text.infogame import InfoGame
from envs.text.overopt import OverOpt
from envs.text.padanswer import PadAnswer
from envs.text.recdialog import RecDialog
from envs.text.safereply import SafeReply
from envs.text_env import TextFactory
from tests.envs.text.episodes_by_hand import ids, moves


def parts(mdp: TextFactory, prompt: list[int], text: str, hidden: list[int] | None = None) -> list[list[float]]:
    """The parts of the reward of each action of one text."""
    env = mdp.make([np.random.SeedSequence(1)], 1)
    env.reset()
    env.rows.transcript[0, : len(prompt)] = prompt
    if hidden is not None:
        env.rows.hidden[0, : len(hidden)] = hidden
    made = []
    for move in moves(mdp, text):
        step = env.step(np.array([[move]]), np.ones((1, 1), np.bool_))
        assert step.parts is not None
        made.append([round(float(x), 6) for x in step.parts[0, 0]])
    return made


def test_an_answer_and_its_length() -> None:
    """Of 4 tokens those beyond 2 cost: 3 tokens (3 - 2) / 2, all four 1."""
    mdp = PadAnswer(length=4, bits=2, overlong=0.4)
    odd = ids(mdp, "1 0")
    assert mdp.reward_parts == {"answer": 1.0, "length": 0.4}
    assert parts(mdp, odd, "answer1") == [[1.0, 0.0]]
    assert parts(mdp, odd, "hm0 hm0 answer1") == [[0.0, 0.0], [0.0, 0.0], [1.0, -0.5]]
    assert parts(mdp, odd, "hm0 hm0 hm0 answer0") == [[0.0, 0.0]] * 3 + [[0.0, -1.0]]


def test_a_solution_and_its_form() -> None:
    """1 + 2 is 3: complete and right; 1 - 2 is complete; "+" at the start is neither."""
    mdp = Countdown(numbers=2, highest=3, targets=8)
    hand = ids(mdp, "1 2 0 3")
    assert part_weights(mdp) == pytest.approx((0.9, 0.1))
    assert parts(mdp, hand, "a b +")[-1] == [1.0, 1.0]
    assert parts(mdp, hand, "a b -")[-1] == [0.0, 1.0]
    assert parts(mdp, hand, "+") == [[0.0, 0.0]]


def test_questions_cost() -> None:
    mdp = Causal()
    assert parts(mdp, ids(mdp, "no cue1"), "ask answer1", hidden=[1]) == [[0.0, -1.0], [1.0, 0.0]]


def test_questions_and_wrong_guesses_cost() -> None:
    """The secret is the first word: an attribute and then the word; letters that are wrong cost as much."""
    asks = InfoGame(words=4, cost=0.05)
    assert asks.reward_parts == {"answer": 1.0, "questions": 0.05}
    assert parts(asks, ids(asks, "<bos>"), "flies? bat", hidden=[0]) == [[0.0, -1.0], [1.0, 0.0]]
    assert parts(asks, ids(asks, "<bos>"), "eagle", hidden=[0]) == [[0.0, 0.0]]
    letters = InfoGame(game="letters", words=4, cost=0.1)
    assert letters.reward_parts == {"answer": 1.0, "wrong guesses": 0.1}
    assert parts(letters, ids(letters, "<bos>"), "cot cat", hidden=[0]) == [[0.0, -1.0], [1.0, 0.0]]
    assert InfoGame(cost=0.0).reward_parts == {"reward": 1.0}


def test_gold_weighs_coverage_repetition_and_hype() -> None:
    """Of 5 words: two of the topic, one of them twice, and two of hype where one is allowed: 2/5, -1/5 - 1/5, -1/5."""
    gold = OverOpt(topics=2, each=2, filler=3, length=5, allowed=1, repetition=0.1, excess=1.0, judge="gold")
    assert gold.reward_parts == {"coverage": 1.0, "repetition": 0.1, "hype": 1.0}
    made = parts(gold, ids(gold, "topic0"), "t0w0 t0w1 t0w0 wow0 wow0")
    assert made == [[0.0, 0.0, 0.0]] * 4 + [[0.4, -0.4, -0.2]]
    assert replace(gold, repetition=0.0).reward_parts == {"coverage": 1.0, "hype": 1.0}
    assert replace(gold, judge="proxy").reward_parts == {"reward": 1.0}  # one judge's word, and not a sum of several


def test_three_parts_of_a_dialogue() -> None:
    """The same genre twice: it is new at first, and tires the user the second time. p_hi 1 clicks always."""
    mdp = RecDialog(genres=2, turns=2, p_hi=1.0, p_lo=0.0, diversity=0.1, fatigue=0.2)
    assert parts(mdp, [len(mdp.tokens) - 1], "g0i0 g0i0", hidden=[0, 0, 0]) == [[1.0, 1.0, 0.0], [1.0, 0.0, -1.0]]
    longer = replace(mdp, turns=4, ask=True)  # a question is no item; the third showing tires twice as much
    assert parts(longer, [len(longer.tokens) - 1], "g0i0 ask g0i0 g0i0", hidden=[0, 0, 0]) == [
        [1.0, 1.0, 0.0],
        [0.0, 0.0, 0.0],
        [1.0, 0.0, -1.0],
        [1.0, 0.0, -2.0],
    ]


def test_a_word_helps_once_and_is_flagged_every_time() -> None:
    """Texts of two words, of the reward's scale 1/2: word4 is flagged for the second group alone, word1 for the first."""
    mdp = SafeReply(words=5, length=2, topics=1)
    helps = [round(float(h) / 2, 6) for h in mdp.helpfulness[0]]
    assert parts(mdp, ids(mdp, "topic0 groupB"), "word4 word4") == [[helps[4], -0.5], [0.0, -0.5]]
    assert parts(mdp, ids(mdp, "topic0 groupA"), "word4 word1") == [[helps[4], 0.0], [helps[1], -0.5]]


def test_the_noise_is_in_the_first_part() -> None:
    mdp = SafeReply(words=5, length=1, topics=1, reward_noise=2.0)
    env = mdp.make([np.random.SeedSequence(1)], 50)
    env.reset()
    step = env.step(np.zeros((1, 50)), np.ones((1, 50), np.bool_))
    assert step.parts is not None
    paid: Floats = step.parts @ np.array(part_weights(mdp))
    np.testing.assert_allclose(paid, step.reward, atol=1e-5)
    assert np.unique(step.parts[..., 0]).size == 50
    assert np.unique(step.parts[..., 1]).size <= 2


def test_all_others_have_one_part() -> None:
    several = {name for name, task in TASKS.items() if len(part_weights(task.factory)) > 1}
    families = {name.partition("/")[0] for name in several}
    assert families == {"causal", "countdown", "infogame", "recdialog", "safereply"}
    assert part_weights(TASKS["lock/small"].factory) == part_weights(TASKS["CartPole-v1"].factory) == (1.0,)
    assert not isinstance(TASKS["CartPole-v1"].factory, PaysInParts)
    assert part_weights(Delayed(Causal(), 0.1)) == (1.0, 0.05)
