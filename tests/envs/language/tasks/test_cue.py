"""Cue: `causal` word by word, and the shortcut that a twin learns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from envs import solver
from envs.enumeration import enumerate_episodes
from envs.text.causal import Causal
from envs.text_mdp import Rows
from tests.envs.language.tiny_claims import CUE_WORDS, cue
from tests.envs.text.episodes_by_hand import moves, talk


def test_a_dialogue_by_hand() -> None:
    mdp = cue(asks=2)
    prompts = mdp.prompts()
    texts = [mdp.decode(row) for row in prompts.tokens]
    assert set(texts) == {f"{symptom} {word}" for symptom in ("the", "film") for word in ("dull", "fine")}
    assert len(prompts.tokens) == 8
    assert prompts.hidden is not None
    misled = next(i for i, text in enumerate(texts) if text == "the dull" and prompts.hidden[i, 0] == 1)
    assert prompts.probability[misled] == pytest.approx(0.1 / 4)  # the cue lies once in ten
    rewards, ends, text = talk(mdp, prompts.tokens[misled].tolist(), moves(mdp, "a a good"), (1, -1))
    assert rewards == [-0.05, -0.05, 1.0]
    assert ends == [False, False, True]
    assert text == "the dull a very a very good ."  # asked, the test says yes; an answer is not answered
    assert talk(mdp, prompts.tokens[misled].tolist(), moves(mdp, "bad"), (1, -1))[0] == [0.0]


def test_a_question_is_a_part_of_the_reward() -> None:
    mdp = cue()
    assert mdp.reward_parts == {"answer": 1.0, "tests": 0.05}
    env = mdp.make([np.random.SeedSequence(1)], 1)
    env.reset()
    env.rows.hidden[0, 0] = 1
    every = np.ones((1, 1), np.bool_)
    paid = [env.step(np.array([[move]]), every).parts for move in moves(mdp, "a good")]
    assert [part.tolist() for part in paid if part is not None] == [[[[0.0, -1.0]]], [[[1.0, 0.0]]]]


@pytest.mark.parametrize("knobs", [{}, {"q": 0.8, "rho": 0.7, "cost": 0.02, "asks": 2, "symptoms": 2}])
def test_it_is_causal_in_words(knobs: dict[str, Any]) -> None:
    mdp, plain = cue(**knobs), Causal(**knobs)
    ours, theirs = enumerate_episodes(mdp), enumerate_episodes(plain)
    np.testing.assert_array_equal(ours.transcript, theirs.transcript)
    np.testing.assert_array_equal(ours.reward, theirs.reward)
    np.testing.assert_allclose(ours.probability, theirs.probability)
    np.testing.assert_array_equal(ours.information, theirs.information)
    assert mdp.optimal_return() == pytest.approx(solver.optimal_return(mdp))
    assert mdp.optimal_return() == plain.optimal_return()
    assert mdp.random_return() == pytest.approx(solver.random_return(mdp))
    assert ours.reference is not None
    total = ours.probability * np.exp(ours.reference.sum(0)) * ours.reward.sum(0)
    assert mdp.reference_return() == pytest.approx(total.sum())


def test_asking_pays_and_the_shortcut_of_the_twin_breaks_by_hand() -> None:
    mdp = cue()
    assert mdp.optimal_return() == pytest.approx(0.95)
    assert mdp.teacher_return() == pytest.approx(0.9 * 0.9 + 0.1 * 0.1)
    other = replace(mdp, split="ood")
    assert other.optimal_return() == pytest.approx(0.95)
    assert other.teacher_return() == pytest.approx(0.9 * 0.1 + 0.1 * 0.9)
    for split in (mdp, other):
        episodes = enumerate_episodes(split)
        policy = split.teacher_policy(Rows(episodes.transcript, np.zeros((len(episodes.start), 2), np.int64)))
        chance = policy[np.arange(len(policy)), episodes.action[0]] * episodes.probability
        answered = ~episodes.valid[1]  # it never asks
        assert (chance * episodes.reward[0])[answered].sum() == pytest.approx(split.teacher_return())
        assert chance[answered].sum() == pytest.approx(1)


def test_demonstrations_are_answers_without_questions() -> None:
    mdp = cue(asks=2)
    texts = mdp.demonstrate(5_000, np.random.default_rng(0))
    assert texts.kept.all()
    assert {mdp.decode(row).split()[2] for row in texts.transcripts[:50]} <= {"bad", "good"}
    agrees = (texts.transcripts[:, 1] == 10) == (texts.transcripts[:, 2] == 3)  # the cue says yes, the answer does
    assert agrees.mean() == pytest.approx(0.9, abs=0.02)
    assert (texts.transcripts[:, 4:] == 0).all()


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"rho": 2.0}, r"rho must lie in \[0, 1\], not 2"),
        ({"beta": 0.1}, "beta must be 0, not 0.1"),
        ({"words": CUE_WORDS[:9]}, "words are 10 different ones"),
        ({"split": "odd"}, "unknown split of Cue .* 'odd'; nearest: ood"),
    ],
)
def test_bad_knobs_are_named(knobs: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        cue(**knobs)
