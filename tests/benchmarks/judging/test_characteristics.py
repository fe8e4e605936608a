"""The judge's errors and power, by its own decision: a few candidates here, the released ones where it is slow."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.judging.characteristics import characteristics, copies, judged, released_scores, resampled
from benchmarks.judging.protocol import Protocol

REFERENCE = Path(__file__).parents[3] / "results" / "reference"
PROTOCOL = Protocol()
SCORES = {"a": np.linspace(0.6, 0.9, 14)}  # standard deviation .097


def test_no_renamed_copy_is_better() -> None:
    found = copies(SCORES, 20, PROTOCOL, np.random.default_rng(0))
    assert (found.judged, found.better, found.worse, found.seeds) == (20, 0, 0, 10.0)


def test_a_tenth_is_found_and_takes_no_more_seeds_than_there_are() -> None:
    found = resampled("gain", SCORES, [("a", ("a",))] * 20, 0.1, PROTOCOL, np.random.default_rng(0))
    assert found.better >= 16
    assert 10 <= found.seeds <= 30


def test_scores_of_fewer_seeds_have_fewer_looks() -> None:
    judgement = judged(SCORES["a"], {"b": SCORES["a"][::-1]}, PROTOCOL)
    assert judgement.taken == 1
    assert judgement.outcome is None


@pytest.mark.slow
def test_released_scores_keep_the_errors_and_the_power_that_are_published() -> None:
    scores = released_scores(REFERENCE, PROTOCOL.env_steps)
    rows = [vars(row) for row in characteristics(scores, 1_000, PROTOCOL)]
    assert rows == json.loads((REFERENCE / "judge.json").read_text())["rows"]
    for row in rows:
        share = row["better"] / row["judged"]
        assert share >= 0.8 if row["gain"] else share <= 0.05, row


def test_scores_of_a_judge_s_tokens_are_those_of_the_nearest_checkpoint() -> None:
    """estimators has 60,000 tokens and a checkpoint every 6,000: of 20,000 it is that at 18,000."""
    at = released_scores(REFERENCE, 20_000)
    assert at.keys() == released_scores(REFERENCE).keys()
    np.testing.assert_array_equal(at["rloo"], released_scores(REFERENCE, 18_000)["rloo"])
    assert (
        at["rloo"].mean()
        < released_scores(REFERENCE, 60_000)["rloo"].mean()
        == released_scores(REFERENCE)["rloo"].mean()
    )
    assert len(at["rloo"]) == 14
