"""The finding on win rates says what the interval of the last checkpoint supports."""

from __future__ import annotations

import pytest

from benchmarks.findings.win_rate import WinRate
from tests.benchmarks.figures.judged_runs import data

NARROW = {"more often": (0.71, 0.72), "less often": (0.21, 0.22), "not shown to be more or less often": (0.2, 0.8)}


@pytest.mark.parametrize("said", NARROW)
def test_it_says_whether_the_interval_leaves_out_one_half(said: str) -> None:
    made = data({"rloo": {"win_rate": (NARROW[said],)}})
    sentence = WinRate("rloo", "t").sentence(made)
    assert f"are {said} better" in sentence
    mean = sum(NARROW[said]) / 2
    assert f"in {100 * mean:.0f} % of pairs" in sentence
    assert "2 seeds" in sentence
    assert len(sentence.split()) <= 40


def test_the_last_checkpoint_counts() -> None:
    made = data({"rloo": {"win_rate": ((0.9, 0.92), (0.10, 0.12))}})
    assert "less often" in WinRate("rloo", "t").sentence(made)


def test_without_two_seeds_it_says_nothing() -> None:
    assert WinRate("rloo", "t").sentence(data({"rloo": {"win_rate": ((0.9,),)}})) == ""
    assert WinRate("ppo", "t").sentence(data({"rloo": {"win_rate": ((0.9, 0.92),)}})) == ""
