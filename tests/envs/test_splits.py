"""Prompts of the splits train, test and ood."""

from __future__ import annotations

import numpy as np
import pytest

from envs.text.causal import Causal
from envs.text.countdown import Countdown
from envs.text.padanswer import PadAnswer
from envs.text.textgraph import TextGraph
from envs.text.transduce import Transduce


@pytest.mark.parametrize("build", [
    lambda s: Transduce(symbols=5, length=3, longest=4, split=s),
    lambda s: Countdown(split=s),
    lambda s: TextGraph(mazes=10, split=s),
    lambda s: PadAnswer(bits=6, split=s),
    lambda s: Causal(symptoms=5, split=s),
])  # fmt: skip
def test_splits_are_disjoint_and_together_all(build: object) -> None:
    def prompts(split: str) -> set[tuple[int, ...]]:
        mdp = build(split)  # type: ignore[operator]
        listed = mdp.prompts()
        assert listed.probability.sum() == pytest.approx(1.0)
        drawn = mdp.starts(np.random.default_rng(0), 300).transcript
        rows = {tuple(row) for row in listed.tokens.tolist()}
        assert {tuple(row) for row in drawn.tolist()} <= rows
        return rows

    train, test, everything = prompts("train"), prompts("test"), prompts("all")
    assert not train & test
    assert train | test == everything
    assert 0.02 < len(test) / len(everything) < 0.6
    mdp = build("all")  # type: ignore[operator]
    if "ood" in mdp.splits and not isinstance(mdp, Causal):  # there the cue lies, not the prompt
        assert not prompts("ood") & everything
