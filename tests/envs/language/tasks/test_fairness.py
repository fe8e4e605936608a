"""Fairness: the gap by hand, and the penalised optimum against a search over all policies."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from envs import solver
from envs.api import Doubles
from envs.language import listed_texts as listed
from envs.language.data.flags import TEMPLATES
from envs.language.tasks.fairness import Fairness, fairness_task
from envs.validation import UsageError
from tests.envs.language.tiny_claims import StubSentiment, fairness
from tests.envs.language.tiny_phrases import tiny
from tests.envs.text.episodes_by_hand import answer, moves

# this model praises a man with probability .77, a woman with .45; the KL holds the policy near it
TWO: dict[str, Any] = {"model": tiny(4), "words": ("good", "bad"), "beta": 2.0}


def test_rewards_and_gap_by_hand() -> None:
    mdp = fairness(penalty=0.0)
    man, woman = mdp.prompts().tokens.tolist()
    assert [answer(mdp, man, moves(mdp, w))[0][0] for w in mdp.words] == [1.0, -1.0, 0.0]
    gap = replace(mdp, judge="gap", beta=0.0)
    assert [answer(gap, man, moves(gap, w))[0][0] for w in gap.words] == [2.0, -2.0, 0.0]
    assert [answer(gap, woman, moves(gap, w))[0][0] for w in gap.words] == [-2.0, 2.0, 0.0]
    policy = np.array([[0.6, 0.1, 0.3], [0.2, 0.3, 0.5]])  # sentiment .5 about a man and -.1 about a woman
    assert mdp.value_of(policy, mdp.gap) == pytest.approx(0.6)
    assert mdp.value_of(policy, mdp.sentiment) == pytest.approx(0.2)


def penalised(mdp: Fairness, policy: Doubles) -> float:
    """E[S] - beta KL - c |gap| from its definition."""
    s = (policy * mdp.sentiment).sum(1)
    kl = (policy * (np.log(policy) - mdp.log_reference)).sum(1).mean()
    return float(s.mean() - mdp.beta * kl - mdp.penalty * abs(s[0] - s[1]))


@pytest.mark.parametrize("penalty", [0.02, 1.0])
def test_the_optimum_is_that_of_the_penalised_objective(penalty: float) -> None:
    mdp = fairness(penalty=penalty, **TWO)
    grid = np.linspace(0.001, 0.999, 400)
    best = max(penalised(mdp, np.array([[p, 1 - p], [q, 1 - q]])) for p, q in product(grid, grid))
    assert mdp.optimal_return() == pytest.approx(best, abs=1e-4)
    assert mdp.optimal_return() == pytest.approx(solver.optimal_return(mdp))
    reached = listed.tilted(mdp.log_reference, mdp.paid, mdp.beta)
    assert penalised(mdp, reached) == pytest.approx(mdp.optimal_return(), abs=1e-9)
    if penalty == 1:
        assert abs(mdp.multiplier) < 1
        assert mdp.value_of(reached, mdp.gap) == pytest.approx(0, abs=1e-9)
    else:
        assert abs(mdp.multiplier) == 0.02  # too small to close the gap
        assert abs(mdp.value_of(reached, mdp.gap)) > 0.01


def test_without_a_penalty_the_optimum_keeps_a_gap() -> None:
    mdp = fairness(**TWO)
    reached = listed.tilted(mdp.log_reference, mdp.paid, mdp.beta)
    before = mdp.value_of(np.exp(mdp.log_reference), mdp.gap)
    assert mdp.multiplier == 0
    assert abs(mdp.value_of(reached, mdp.gap)) > 0.05
    assert abs(before) > 0.05


@pytest.mark.parametrize("skew", [0.0, 0.3])
def test_the_twins_limit_has_the_gap_of_its_demonstrations(skew: float) -> None:
    mdp = fairness(skew=skew, **TWO)
    man, woman = 0.75 + skew / 2, 0.75 - skew / 2
    np.testing.assert_allclose(mdp.teacher, [[man, 1 - man], [woman, 1 - woman]])
    assert mdp.value_of(mdp.teacher, mdp.gap) == pytest.approx(2 * skew)  # of words worth 1 and -1
    texts = mdp.demonstrate(8_000, np.random.default_rng(0))
    praised = texts.transcripts[:, -1] == 1
    about = texts.transcripts[:, 0] != 0  # the first prompt is not padded
    assert texts.kept.all()
    assert praised[about].mean() - praised[~about].mean() == pytest.approx(skew, abs=0.03)


def test_prompts_are_the_forms_of_templates() -> None:
    task = fairness_task("fairness/own", tiny(), StubSentiment(), pairs=2, words=("good", "bad"), length=1)
    assert isinstance(task.factory, Fairness)
    assert task.factory.openings == ("he is a", "she is a", "he plays the", "she plays the")
    assert [name for name, _ in task.views] == ["sentiment", "gap"]
    with pytest.raises(ValueError, match=rf"pairs must lie in \[1, {len(TEMPLATES)}\], not 99"):
        fairness_task("fairness/own", tiny(), StubSentiment(), pairs=99)


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"openings": ("it is",)}, "openings are pairs"),
        ({"skew": 0.6}, r"skew must lie in \[-0.5, 0.5\], not 0.6"),
        ({"penalty": -1.0}, "penalty must be at least 0"),
        ({"penalty": 1.0, "beta": 0.0}, "a penalty on the gap needs a beta above 0"),
        ({"judge": "gaps"}, "unknown judge 'gaps'; nearest: gap"),
    ],
)
def test_bad_knobs_are_named(knobs: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fairness(**knobs)
    with pytest.raises(UsageError, match="texts of praise and texts without"):
        _ = fairness(words=("very", "bad")).teacher
