"""The exact frontier of two texts by hand, and of tasks against policies that are not on it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from envs.language import listed_texts as listed
from envs.language.frontier import Frontier, HasFrontier, Point
from envs.text.overopt import OverOpt
from tests.envs.language.tiny_phrases import phrase

REFERENCE = np.log(np.array([[0.75, 0.25]]))
PROXY, GOLD = np.array([[0.0, 1.0]]), np.array([[0.4, 0.0]])


def two_texts(betas: list[float], beta: float = 1.0) -> Frontier:
    """The second text is rare, and pays by proxy alone; the first is worth more by gold."""
    points = [listed.measure(listed.tilted(REFERENCE, PROXY, b), REFERENCE, PROXY, GOLD) for b in betas]
    return Frontier(beta, tuple(points))


def test_two_texts_by_hand() -> None:
    """pi(2) / pi(1) = (1 / 3) exp(1 / beta): 1 with beta = 1 / log 3, and 3 with beta = 1 / log 9."""
    even, turned = two_texts([1 / math.log(3), 1 / math.log(9)]).proxy
    assert even == pytest.approx((0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25), 0.5, 0.2))
    assert turned == pytest.approx((0.25 * math.log(1 / 3) + 0.75 * math.log(3), 0.75, 0.1))


def test_any_policy_of_two_texts_is_on_the_frontier_or_loses() -> None:
    """The KL of pi(2) = p is that of one policy above .25, which is on the frontier, and one below, which loses."""
    exact = two_texts(np.geomspace(30, 0.02, 300).tolist())
    above, below = (listed.measure(np.array([[1 - p, p]]), REFERENCE, PROXY, GOLD) for p in (0.6, 0.05))
    assert exact.most_proxy(np.array([above.kl])) == pytest.approx(0.6, abs=1e-4)
    lost = exact.most_proxy(np.array([below.kl])) - below.proxy
    other = 0.25
    while listed.measure(np.array([[1 - other, other]]), REFERENCE, PROXY, GOLD).kl < below.kl:
        other += 1e-5
    assert lost == pytest.approx(other - 0.05, abs=2e-4)
    # a KL that the proxy has no use for buys nothing more
    assert exact.most_proxy(np.array([[9.0]])) == pytest.approx(1.0, abs=1e-6)
    assert np.isnan(exact.most_gold(np.zeros((1, 2)))).tolist() == [[True, True]]


def test_the_optimum_has_the_most_proxy_less_beta_kl_and_gold_peaks() -> None:
    points = (Point(0.0, 0.0, 0.1), Point(1.0, 1.0, 0.5), Point(4.0, 2.0, 0.3))
    assert [Frontier(beta, points).optimum.kl for beta in (2.0, 0.5, 0.1)] == [0.0, 1.0, 4.0]
    assert Frontier(0.1, points).peak == points[1]
    written = json.loads(json.dumps(Frontier(0.1, points, points[:1], points[1:]).as_json()))
    assert Frontier.from_json(written) == Frontier(0.1, points, points[:1], points[1:])


def test_no_policy_of_a_language_task_is_above_its_frontier() -> None:
    mdp = phrase(beta=0.3, words=("good", "bad", "the"), length=2)
    assert isinstance(mdp, HasFrontier)
    exact, rng = mdp.exact_frontier(), np.random.default_rng(0)
    assert exact.optimum.proxy - 0.3 * exact.optimum.kl == pytest.approx(mdp.optimal_return())
    assert [len(exact.best_of), exact.best_of[0].kl] == [64, pytest.approx(0.0, abs=1e-9)]
    assert exact.best_of[1] == mdp.best_of(2)
    for scale in (0.1, 1.0, 5.0):
        x = mdp.log_reference + scale * rng.normal(size=mdp.log_reference.shape)
        point = mdp.measure(np.exp(x - listed.log_sum_exp(x)[..., None]))
        kl = np.array([point.kl])
        assert exact.most_proxy(kl) > point.proxy
        assert exact.most_gold(kl) > point.gold
    best = mdp.measure(listed.tilted(mdp.log_reference, mdp.gold, 0.2))
    assert exact.most_gold(np.array([best.kl])) == pytest.approx(best.gold, abs=1e-4)


def test_overopts_frontier_begins_at_the_reference_and_holds_its_optimum() -> None:
    exact = OverOpt(topics=2, each=2, filler=1, length=5, beta=0.06).exact_frontier()
    assert exact.proxy[0].kl == pytest.approx(0, abs=1e-3)
    best = exact.optimum
    assert best.proxy - 0.06 * best.kl == pytest.approx(
        OverOpt(topics=2, each=2, filler=1, length=5, beta=0.06).optimal_return(), abs=1e-9
    )
    assert not exact.gold
    assert not exact.best_of
