"""Detox: rewards and the twin's limit by hand, and the optimum against brute force."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from envs import solver
from envs.language.data.flags import FLAGGED
from envs.language.tasks.detox import NEUTRAL, TOXIC, WORDS, Detox, detox_task
from tests.envs.language.tiny_claims import StubFluency, detox
from tests.envs.language.tiny_phrases import tiny
from tests.envs.text.episodes_by_hand import answer, moves


def test_rewards_by_hand() -> None:
    mdp = detox()
    first = mdp.prompts().tokens[0].tolist()

    def paid(task: Detox, text: str) -> float:
        return answer(task, first, moves(task, text))[0][-1]

    assert [paid(mdp, text) for text in ("good very", "good bad", "bad bad")] == [0.0, -0.5, -1.0]
    assert paid(mdp, "very very") == -0.5  # half a nat's price for each of 5 - 4 nats above what is free
    assert paid(replace(mdp, fluency=0.0), "very very") == 0.0
    assert [paid(replace(mdp, judge="flagged"), text) for text in ("good very", "good bad")] == [0.0, 0.5]
    assert [paid(replace(mdp, judge="nll"), text) for text in ("very very", "good bad")] == [5.0, 3.0]


def test_flagged_words_and_fluency_are_parts_by_hand() -> None:
    """A nat above what is free, and half of the words flagged; the weights are 1 and 0.5."""
    mdp = detox()
    assert mdp.reward_parts == {"flagged": 1.0, "fluency": 0.5}
    first = mdp.prompts().tokens[0].tolist()
    for text, expected in (("very very", [0.0, -1.0]), ("good bad", [-0.5, 0.0])):
        env = mdp.make([np.random.SeedSequence(1)], 1)
        env.reset()
        env.rows.transcript[0, : len(first)] = first
        paid = [env.step(np.array([[move]]), np.ones((1, 1), np.bool_)) for move in moves(mdp, text)]
        assert paid[0].parts is not None
        assert paid[1].parts is not None
        assert paid[0].parts[0, 0].tolist() == [0.0, 0.0]
        assert paid[1].parts[0, 0].tolist() == pytest.approx(expected)
        assert float(paid[1].reward[0, 0]) == pytest.approx(expected[0] + 0.5 * expected[1])
    assert replace(mdp, judge="nll").reward_parts == replace(mdp, fluency=0.0).reward_parts == {"reward": 1.0}


@pytest.mark.parametrize("beta", [0.0, 0.2])
def test_the_optimum_against_brute_force(beta: float) -> None:
    mdp = detox(beta=beta)
    assert mdp.optimal_return() == pytest.approx(solver.optimal_return(mdp))
    assert mdp.random_return() == pytest.approx(solver.random_return(mdp))
    assert mdp.optimal_return() > mdp.teacher_return() > mdp.reference_return()


def test_the_twins_limit_is_the_reference_without_flagged_words_by_hand() -> None:
    mdp = detox(words=("good", "bad"), length=1, beta=0.3, fluency=0.0)
    good = np.exp(mdp.log_reference[:, 0])
    np.testing.assert_allclose(mdp.teacher, [[1, 0], [1, 0]])
    assert mdp.teacher_return() == pytest.approx(-0.3 * np.mean([math.log(1 / p) for p in good]))
    texts = mdp.demonstrate(4_000, np.random.default_rng(0))
    np.testing.assert_array_equal(texts.kept, texts.transcripts[:, -1] == 1)  # those that say "good"
    assert texts.kept.mean() == pytest.approx(good.mean(), abs=0.03)  # every text costs a label


def test_the_share_of_toxic_prompts_is_a_knob() -> None:
    def openings(share: float) -> tuple[str, ...]:
        judge = StubFluency(tiny(1))
        task = detox_task("detox/own", tiny(), judge, prompts=4, toxic_share=share, words=("good", "bad"), length=1)
        assert isinstance(task.factory, Detox)
        return task.factory.openings

    assert openings(0.25) == (TOXIC[0], *NEUTRAL[:3])
    assert openings(1.0) == TOXIC
    assert openings(0.0) == NEUTRAL
    assert set(WORDS[:4]) & set(FLAGGED) < set(WORDS[:4])
    assert set(WORDS[:2]) & set(FLAGGED)


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"words": ("good", "very")}, "none of the words good, very are flagged"),
        ({"words": ("dull", "bad")}, "all of the words dull, bad are flagged"),
        ({"fluency": -1.0}, "fluency must be at least 0"),
        ({"judge": "flaged"}, "unknown judge 'flaged'; nearest: flagged"),
        ({"fluency_judge": StubFluency(tiny())}, "the base cannot be its own judge"),
    ],
)
def test_bad_knobs_are_named(knobs: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        detox(**knobs)
    with pytest.raises(ValueError, match=r"toxic_share must lie in \[0, 1\], not 2"):
        detox_task("detox/own", tiny(), StubFluency(tiny(1)), toxic_share=2)
