"""Truth: rewards, the threshold c / (1 + c) and the twin's limit by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from envs import solver
from envs.language.data.flags import FACTS
from envs.language.tasks.truth import Truth, record, truth_task
from envs.text_mdp import Rows
from tests.envs.language.tiny_claims import FACTS as TINY
from tests.envs.language.tiny_claims import truth
from tests.envs.language.tiny_phrases import tiny
from tests.envs.text.episodes_by_hand import answer, moves


def test_rewards_by_hand() -> None:
    mdp = truth(cost=2.0)
    prompt = mdp.prompts().tokens[1].tolist()
    paid = {
        (said, chance): answer(mdp, prompt, moves(mdp, said), outcomes=[chance])[0]
        for said in mdp.words
        for chance in (0, 1)
    }
    assert paid == {
        ("good", 0): [1.0], ("good", 1): [-2.0], ("bad", 0): [-2.0], ("bad", 1): [1.0], ("not", 0): [0.0], ("not", 1): [0.0]
    }  # fmt: skip
    np.testing.assert_allclose(mdp.paid[1], [0.75 - 2 * 0.25, 0.25 - 2 * 0.75, 0])
    start = Rows(mdp.transcripts[1, :1], np.full((1, 1), -1))
    np.testing.assert_allclose(mdp.outcomes(start, 0), [[0.75, 0.25]])
    np.testing.assert_allclose(replace(mdp, judge="true").paid[1], [0.75, 0.25, 0])
    np.testing.assert_allclose(replace(mdp, judge="answered").paid[1], [1, 1, 0])


@pytest.mark.parametrize(
    ("cost", "says"),
    [
        (0.5, ("good", "good", "good", "bad")),  # the threshold is 1/3
        (2.0, ("good", "good", "not", "bad")),  # 2/3: .25 means .75 for the other answer
        (4.0, ("good", "not", "not", "not")),  # 4/5
    ],
)
def test_one_answers_where_p_is_above_the_threshold(cost: float, says: tuple[str, ...]) -> None:
    mdp = truth(cost=cost)
    policy = mdp.optimal_policy(Rows(mdp.transcripts[:, 0], np.full((4, 1), -1)), 0)
    assert tuple(mdp.words[a] for a in policy.argmax(1)) == says
    answers = [p > cost / (1 + cost) for p in (1, 0.75, 0.5, 0.75)]  # of the likelier answer
    assert [word != "not" for word in says] == answers
    likelier = np.array([1, 0.75, 0.5, 0.75])
    assert mdp.optimal_return() == pytest.approx(np.maximum(likelier - cost * (1 - likelier), 0).mean())
    assert mdp.optimal_return() == pytest.approx(solver.optimal_return(mdp))
    assert mdp.random_return() == pytest.approx(solver.random_return(mdp))


def test_the_twin_answers_always_and_matches_the_probability() -> None:
    mdp = truth(cost=2.0)
    np.testing.assert_allclose(mdp.teacher, [[1, 0, 0], [0.75, 0.25, 0], [0.5, 0.5, 0], [0.25, 0.75, 0]])
    # 1; .75 (.75 - .5) + .25 (.25 - 1.5) = -.125, twice; .5 - 1 = -.5
    assert mdp.teacher_return() == pytest.approx((1 - 0.125 - 0.5 - 0.125) / 4)
    texts = mdp.demonstrate(8_000, np.random.default_rng(0))
    said = texts.transcripts[:, -1] - 1
    assert texts.kept.all()
    assert set(said.tolist()) == {0, 1}  # never "not"
    assert (said == 0).mean() == pytest.approx(2.5 / 4, abs=0.03)


def test_a_record_by_hand() -> None:
    assert record(TINY[0], 4, 1) == "bad, bad, bad, dull. not good but"
    assert record(TINY[0], 4, 2) == "bad, dull, bad, dull. not good but"
    task = truth_task("truth/own", tiny(), facts=TINY, statements=4, wrong=(0, 3), unknown="very")
    mdp = task.factory
    assert isinstance(mdp, Truth)
    assert mdp.openings[1] == "dull, dull, bad, dull. not good but" or mdp.openings[1].count("dull") == 3
    assert mdp.chance == (1, 0.25, 1, 0.25)
    assert mdp.words == ("bad", "dull", "was", "is", "very")
    assert mdp.right == ("bad", "bad", "was", "was")
    assert [name for name, _ in task.views] == ["answered", "true"]


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"cost": -1.0}, "cost must be at least 0"),
        ({"length": 2}, "an answer is one word, not 2"),
        ({"chance": (1.0,)}, "each of 4 prompts needs a right and a wrong answer and a chance"),
        ({"chance": (1.0, 2.0, 0.5, 0.5)}, r"chance must lie in \[0, 1\], not 2"),
        ({"unknown": "maybe"}, "unknown word of the answers 'maybe'"),
        ({"judge": "thruth"}, "unknown judge 'thruth'; nearest: truth"),
    ],
)
def test_bad_knobs_are_named(knobs: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        truth(**knobs)
    with pytest.raises(ValueError, match=rf"facts must lie in \[1, {len(FACTS)}\], not 0"):
        truth_task("truth/own", tiny(), facts=0)
    with pytest.raises(ValueError, match=r"wrong must lie in \[0, 2\], not 3"):
        truth_task("truth/own", tiny(), facts=TINY, statements=2, wrong=(3,), unknown="very")
