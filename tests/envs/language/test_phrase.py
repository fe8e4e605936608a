"""Phrase: rewards by hand with a stub judge, and exact results against brute force over all texts."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from envs import solver
from envs.api import Doubles
from envs.enumeration import enumerate_episodes
from envs.gymnasium_env import TextMDPEnv
from envs.language.preferences import draw_pairs, fit_bradley_terry, label
from envs.language.tasks.phrase import Phrase, phrase_task
from envs.random_policy import play
from envs.seeding import Purpose
from envs.text_mdp import PAD, Rows, TextMDP
from envs.validation import UsageError
from tests.envs.language.tiny_phrases import StubJudge, phrase, tiny
from tests.envs.text.episodes_by_hand import answer, moves


def test_rewards_by_hand() -> None:
    gold, proxy = phrase(judge="gold"), phrase()
    first, second = gold.prompts().tokens.tolist()
    assert second[0] == PAD
    assert answer(gold, first, moves(gold, "good good")) == (
        [0.0, 1.0],
        [False, True],
    )  # the second praise counts nothing
    assert answer(gold, second, moves(gold, "good bad"))[0] == [0.0, 0.0]
    assert answer(gold, second, moves(gold, "the bad"))[0] == [0.0, -1.0]
    once, twice = (answer(proxy, first, moves(proxy, text))[0][1] for text in ("the good", "good good"))
    assert twice > once > 0  # the proxy counts every one
    assert once == pytest.approx(proxy.proxy[0, 6], abs=1e-6)  # "the" is action 2: text 2 * 3 + 0
    assert (np.exp(proxy.log_reference) * proxy.proxy).sum(1).mean() == pytest.approx(0)
    reward = phrase(reward_shift=1.0, judge="gold")
    assert answer(reward, first, moves(gold, "good good"))[0][1] == 2.0


def brute(mdp: Phrase, table: Doubles) -> list[list[tuple[float, float]]]:
    """(reference probability, reward) of each text of each prompt, from the MDP's own step functions."""
    episodes = enumerate_episodes(mdp)
    assert episodes.reference is not None
    p = np.exp(episodes.reference.sum(0))
    rows = [[(p[s], 0.0) for s in np.flatnonzero(episodes.start == x)] for x in range(len(mdp.openings))]
    return [[(chance, table[x, s]) for s, (chance, _) in enumerate(row)] for x, row in enumerate(rows)]


@pytest.mark.parametrize("judge", ["proxy", "gold"])
def test_the_optimum_against_brute_force(judge: Any) -> None:
    mdp = phrase(judge=judge, beta=0.3)
    listed = brute(mdp, mdp.paid)
    by_hand = np.mean([0.3 * math.log(sum(p * math.exp(r / 0.3) for p, r in row)) for row in listed])
    assert mdp.optimal_return() == pytest.approx(by_hand)
    assert mdp.optimal_return() == pytest.approx(solver.optimal_return(mdp))
    assert mdp.random_return() == pytest.approx(solver.random_return(mdp))
    plain = replace(mdp, beta=0.0)
    assert plain.optimal_return() == pytest.approx(np.mean([max(r for _, r in row) for row in listed]))
    assert plain.optimal_return() == pytest.approx(solver.optimal_return(plain))
    assert mdp.reference_return() == pytest.approx(np.mean([sum(p * r for p, r in row) for row in listed]))


@pytest.mark.parametrize("beta", [0.0, 0.3])
def test_the_optimal_policys_play_earns_j_star(beta: float) -> None:
    mdp = phrase(beta=beta, words=("good", "bad", "the", "a"), length=3)
    episodes = enumerate_episodes(mdp)
    logp = np.zeros(episodes.action.shape)
    state = Rows(episodes.transcript, np.full((len(episodes.start), 1), -1))
    for t in range(mdp.horizon):
        policy = mdp.optimal_policy(state, t)
        np.testing.assert_allclose(policy.sum(1), 1)
        with np.errstate(divide="ignore"):
            logp[t] = np.log(policy[np.arange(len(policy)), episodes.action[t]])
    if beta:
        assert solver.value(episodes, logp, 1.0, beta) == pytest.approx(mdp.optimal_return())
        tilted = mdp.frontier([beta])[0]
        assert tilted.proxy - beta * tilted.kl == pytest.approx(mdp.optimal_return())
    else:
        with np.errstate(invalid="ignore"):
            assert (np.exp(logp.sum(0)) * episodes.reward.sum(0)).sum() / 2 == pytest.approx(mdp.optimal_return())


def test_the_frontier_rises_in_proxy_and_kl_and_the_proxy_misleads() -> None:
    mdp = phrase(words=("good", "bad", "the", "a"), length=3)
    points = mdp.frontier(np.geomspace(30, 0.01, 30).tolist())
    kl, proxy, gold = (np.array([getattr(p, name) for p in points]) for name in ("kl", "proxy", "gold"))
    assert (np.diff(kl) > -1e-9).all()
    assert (np.diff(proxy) > -1e-9).all()
    assert kl[0] < 1e-3
    assert proxy[-1] == pytest.approx(mdp.proxy.max(1).mean(), abs=1e-6)
    assert gold[-1] <= mdp.gold.max() + 1e-9
    assert points[0].gold == pytest.approx(replace(mdp, judge="gold").reference_return(), abs=0.01)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_best_of_n_against_listing_all_draws(n: int) -> None:
    mdp = phrase()
    found = mdp.best_of(n)
    chance = np.zeros_like(mdp.proxy)
    for x, logp in enumerate(mdp.log_reference):
        p = np.exp(logp)
        for drawn in product(range(len(p)), repeat=n):
            best = max(drawn, key=lambda s: round(mdp.proxy[x, s], 12))  # the first of equal ones
            chance[x, best] += np.prod(p[list(drawn)])
    assert chance.sum() == pytest.approx(2)
    kl = (chance * (np.log(chance) - mdp.log_reference)).sum(1).mean()
    assert found.kl == pytest.approx(kl, abs=1e-9)
    assert found.proxy == pytest.approx((chance * mdp.proxy).sum(1).mean())
    assert found.gold == pytest.approx((chance * mdp.gold).sum(1).mean())
    assert found.kl <= math.log(n) - (n - 1) / n + 1e-9  # Beirami et al. 2024


def test_comparisons_find_the_reward_and_noise_hides_it() -> None:
    """Two texts, two features: the weights' difference is k times the difference in gold."""
    rng = np.random.default_rng(0)
    prompt, texts = draw_pairs(np.log(np.array([[0.25, 0.75]])), 40_000, rng)
    assert texts.mean() == pytest.approx(0.75, abs=0.01)
    assert not prompt.any()
    gold = np.array([1.0, 0.4])
    for noise, expected in ((0.0, 2.0 * 0.6), (0.5, 0.0)):
        w = fit_bradley_terry(np.eye(2)[texts], label(gold[texts], 2.0, noise, rng))
        assert w[0] - w[1] == pytest.approx(expected, abs=0.06)
    turned = label(np.array([[50.0] * 10_000, [0.0] * 10_000]), 2.0, 0.2, rng)
    assert turned.mean() == pytest.approx(0.8, abs=0.02)


def test_uniform_play_earns_j0_with_its_kl() -> None:
    mdp = phrase(beta=0.2)
    task = phrase_task("phrase/test", tiny(), StubJudge(tiny(1)), mdp.words, openings=mdp.openings, length=2, beta=0.2)
    returns = play(task, (0, 1), Purpose.TEST, 2_000)
    error = returns.std() / returns.size**0.5
    assert returns.mean() == pytest.approx(mdp.random_return(), abs=4 * error)
    assert abs(mdp.random_return() - replace(mdp, beta=0.0).random_return()) > 8 * error  # the KL counts


def test_the_task_begins_at_the_reference_and_ends_at_j_star() -> None:
    task = phrase_task("phrase/own", tiny(), StubJudge(tiny(1)), ("good", "bad", "the"), length=2, beta=0.3)
    mdp = task.factory
    assert isinstance(mdp, Phrase)
    assert (task.floor, task.ceiling, task.beta) == (mdp.reference_return(), mdp.optimal_return(), 0.3)
    assert task.field == "language"
    ((name, view),) = task.view_tasks()
    assert name == "gold"
    assert (view.factory.judge, view.beta) == ("gold", 0.0)  # type: ignore[attr-defined]
    assert isinstance(view.factory, TextMDP)


def test_gymnasiums_checker_has_nothing_to_say() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(TextMDPEnv(phrase()), skip_render_check=True)  # it needs a registered environment


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"length": 5}, r"length must lie in \[1, 4\], not 5"),
        (
            {"words": tuple(map(str, range(10))), "length": 4},
            r"2 prompts x 10\^4 are 20,000 texts, and at most 5,000 are listed: length must be at most 3",
        ),
        ({"words": ("good",)}, "two words to choose from, not 'good' alone"),
        ({"words": ("good", "good")}, "words must differ"),
        ({"openings": ()}, "openings must differ, and there must be some, not none"),
        ({"gamma": 0.9}, "gamma must be 1, not 0.9"),
        ({"noise": 0.6}, r"noise must lie in \[0, 0.5\], not 0.6"),
        ({"sharpness": 0.0}, "sharpness must be above 0"),
        ({"judge": "golden"}, "unknown judge 'golden'; nearest: gold"),
        ({"gold_judge": StubJudge(tiny())}, "the base cannot be its own judge"),
    ],
)
def test_bad_knobs_are_named(knobs: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        phrase(**knobs)


def test_what_a_model_cannot_say_is_named() -> None:
    judge = StubJudge(tiny(1))
    with pytest.raises(UsageError, match="unknown word of the tokenizer 'excellent'"):
        phrase_task("phrase/own", tiny(), judge, ("good", "excellent"))
    with pytest.raises(UsageError, match=r"'very good' \(2\)"):
        phrase_task("phrase/own", tiny(), judge, ("good", "very good"))
    with pytest.raises(UsageError, match="the model has 9 of this task's words as one token each, and 12 are needed"):
        phrase_task("phrase/own", tiny(), judge, 12)
    with pytest.raises(UsageError, match="unknown knob of phrase 'lenght'; nearest: length"):
        phrase_task("phrase/own", tiny(), judge, 2, lenght=2)
    with pytest.raises(UsageError, match="no text is worth more than those of the reference policy"):
        phrase_task("phrase/own", tiny(), judge, ("the", "a"), judge="gold")
