"""Domain: two sites in one set of tokens, and the best of n as the twin's limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from envs import solver
from envs.language.data.corpus import build_corpus
from envs.language.data.words import build_words
from envs.language.tasks.domain import Domain, domain_task, site_prompts
from tests.envs.language.data.small_corpus import small_reviews
from tests.envs.language.tiny_claims import OPENINGS, domain
from tests.envs.language.tiny_phrases import StubJudge, phrase, tiny
from tests.envs.text.episodes_by_hand import answer, moves


def test_rewards_by_hand_and_the_optimum_against_brute_force() -> None:
    mdp = domain(beta=0.2)
    first = mdp.prompts().tokens[0].tolist()
    assert [answer(mdp, first, moves(mdp, text))[0][1] for text in ("good very", "good bad", "bad bad")] == [1, 0, -1]
    for task in (mdp, mdp.elsewhere()):
        assert task.optimal_return() == pytest.approx(solver.optimal_return(task))
        assert task.random_return() == pytest.approx(solver.random_return(task))


def test_a_policy_of_one_site_reads_the_other_in_the_same_tokens() -> None:
    mdp = domain()
    other = mdp.elsewhere()
    assert other.openings == ("not a fine film",)
    assert other.elsewhere() == mdp
    assert mdp.spec == other.spec
    assert mdp.decode(other.transcripts[0, 0]) == "not a fine film good good"
    np.testing.assert_array_equal(mdp.prompts().tokens[0, :1], [0])  # shorter than the longest of the other site
    alone = phrase(openings=OPENINGS, words=mdp.words)
    np.testing.assert_allclose(mdp.log_reference, alone.log_reference, atol=1e-6)  # padding changes nothing
    task = domain_task("domain/own", tiny(), StubJudge(tiny(1)), OPENINGS, (*OPENINGS, "a film"), mdp.words, length=2)
    assert isinstance(task.factory, Domain)
    assert task.factory.unseen == ("a film",)  # a prompt of both sites is seen
    views = dict(task.views)
    assert views["gold elsewhere"].openings == ("a film",)  # type: ignore[attr-defined]


def test_the_twin_keeps_the_best_of_each_four() -> None:
    mdp = domain(words=("good", "bad"), length=1)
    p = np.exp(mdp.log_reference[:, 1])
    np.testing.assert_allclose(mdp.teacher[:, 1], p**4)  # the best is bad if all are
    texts = mdp.demonstrate(8_003, np.random.default_rng(0))
    groups = texts.transcripts[:8_000].reshape(2_000, 4, -1)
    kept = texts.kept[:8_000].reshape(2_000, 4)
    assert (kept.sum(1) == 1).all()
    assert not texts.kept[8_000:].any()
    assert (groups[..., :-1] == groups[:, :1, :-1]).all()  # of one prompt
    bad = groups[..., -1] == 2
    np.testing.assert_array_equal(bad[kept], bad.all(1))
    assert bad[kept].mean() == pytest.approx((p**4).mean(), abs=0.03)


def test_prompts_of_a_site_are_first_words_of_its_held_out_sentences() -> None:
    reviews = small_reviews(240)
    corpus = build_corpus(reviews)
    words = build_words(corpus.texts, 300)
    for source in ("imdb", "rotten_tomatoes"):
        own = corpus.select("held_out", source)
        found = site_prompts(corpus, words, source, 1)
        assert len(found) == 1
        for prompt in found:
            assert any(text.startswith(prompt) for text in own.texts)


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"unseen": OPENINGS[:1]}, "a prompt cannot be of both sites: the film was"),
        ({"candidates": 0}, "candidates must be at least 1"),
        ({"gold_judge": StubJudge(tiny())}, "the base cannot be its own judge"),
    ],
)
def test_bad_knobs_are_named(knobs: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        domain(**knobs)
