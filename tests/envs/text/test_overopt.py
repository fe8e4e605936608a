"""Rewards, ends and replies of overopt by hand, and the figures that its card quotes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from envs import TASKS
from envs.enumeration import enumerate_episodes
from envs.solver import kl_optimal, value
from envs.text.overopt import OverOpt
from tests.envs.text.episodes_by_hand import answer, ids, moves

# of random tasks (tests/envs/test_gymnasium_env.py)
KNOBS: dict[str, Any] = {
    "topics": (0, 2),
    "each": (0, 2),
    "hype": (0, 2),
    "filler": (0, 2),
    "length": (0, 4),
    "beta": [0.0, 0.1],
    "judge": ["proxy", "gold"],
    "proxy": ["lexicon", "pairs"],
    "pairs": [20],
}


def test_overopt_by_hand() -> None:
    mdp = OverOpt(topics=2, each=2, hype=1, filler=1, length=4, allowed=1, repetition=0.25, excess=0.5, bias=1.5)
    gold, prompt = replace(mdp, judge="gold"), ids(mdp, "topic0")
    written = moves(mdp, "t0w0 t0w0 wow0 wow0")
    assert answer(mdp, prompt, written)[0] == [0.0, 0.0, 0.0, (1 + 1 + 1.5 + 1.5) / 4]
    # 1 covered, 2 repeated, 1 too much
    assert answer(gold, prompt, written)[0][-1] == pytest.approx((1 - 2 * 0.25 - 0.5) / 4)
    assert answer(gold, prompt, moves(mdp, "t0w0 t0w1 t1w0 um0"))[0][-1] == 0.5


def test_overopts_frontier_rises_peaks_and_falls() -> None:
    for name in ("overopt/small", "overopt/medium", "overopt/pairs-medium", "overopt/hard"):
        mdp = TASKS[name].factory
        assert isinstance(mdp, OverOpt)
        points = mdp.frontier(np.geomspace(100, 0.001, 80))
        kl, proxy, gold = (np.array([getattr(p, f) for p in points]) for f in ("kl", "proxy", "gold"))
        assert (np.diff(kl) >= -1e-9).all()
        assert (np.diff(proxy) >= -1e-9).all()
        best = int(gold.argmax())
        assert 0 < best < len(gold) - 1
        assert gold[best] > gold[0] + 0.01
        assert gold[-1] < gold[0] - 0.3


def test_overopts_closed_forms_against_listing_all_texts() -> None:
    mdp = TASKS["overopt/small"].factory
    assert isinstance(mdp, OverOpt)

    proxy, gold = (enumerate_episodes(replace(mdp, judge=j)) for j in ("proxy", "gold"))
    for beta in (0.02, 0.2):
        best = kl_optimal(mdp, beta)
        point = mdp.measure(mdp.softmax(beta))
        logp = proxy.log_probability(best.policy)
        assert value(proxy, logp) == pytest.approx(point.proxy)
        assert value(gold, logp) == pytest.approx(point.gold)
        assert best.value == pytest.approx(point.proxy - beta * point.kl)
        assert best.value == pytest.approx(replace(mdp, beta=beta).optimal_return())
    one, few, many = mdp.best_of(1), mdp.best_of(4), mdp.best_of(10_000)
    assert one[1:] == pytest.approx(mdp.measure(np.full((2, mdp.words), 1 / mdp.words))[1:])
    assert one.proxy < few.proxy < many.proxy
    assert many.gold < one.gold
