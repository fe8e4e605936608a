"""Whom a candidate meets: the strongest of its family, its parent, and whatever has the same parts."""

from dataclasses import replace
from pathlib import Path

import pytest

from algorithms import VARIANTS
from algorithms.composition import Processes
from benchmarks.judging.characteristics import released_scores
from benchmarks.judging.protocol import FAMILIES, Protocol, reason_not_judged, rivals_of, twins_of
from envs.validation import UsageError

REFERENCE = Path(__file__).parents[3] / "results" / "reference"


def test_a_copy_meets_its_original_and_the_original_s_parent() -> None:
    copy = replace(VARIANTS["raft"], name="mine", summary="other words")
    assert twins_of(copy) == ("raft",)
    assert rivals_of(copy) == ("clip_cov", "gspo", "baseline_loo", "reinforce", "raft")


def test_a_candidate_with_a_critic_meets_those_with_one() -> None:
    assert rivals_of(replace(VARIANTS["gae"], name="mine"))[:2] == ("npg", "entropy_annealed")


def test_a_parent_that_is_not_judged_is_no_rival() -> None:
    """vineppo reads the model of the task."""
    assert "vineppo" not in rivals_of(replace(VARIANTS["raft"], name="mine", parent="vineppo"))


def test_a_change_of_a_part_is_no_twin() -> None:
    changed = VARIANTS["raft"].rung("mine", "", aggregation=VARIANTS["grpo"].estimator.aggregation)
    assert twins_of(changed) == ()


def test_what_reads_the_model_or_does_not_repeat_is_not_judged() -> None:
    assert reason_not_judged(VARIANTS["exact_pg"])
    assert reason_not_judged(VARIANTS["vineppo"])
    assert reason_not_judged(VARIANTS["a3c"].with_processes(Processes(actors=2)))
    assert not reason_not_judged(VARIANTS["rloo"])


@pytest.mark.parametrize("seeds", [0, 5, 15])
def test_seeds_come_in_blocks_of_ten(seeds: int) -> None:
    with pytest.raises(UsageError, match="--max-seeds must be a multiple of 10"):
        Protocol(max_seeds=seeds)


@pytest.mark.slow
def test_the_families_are_the_strongest_of_the_released_variants() -> None:
    means = {name: float(scores.mean()) for name, scores in released_scores(REFERENCE).items()}
    for critic, family in FAMILIES.items():
        kind = sorted((v for v in means if VARIANTS[v].critic == critic), key=means.__getitem__, reverse=True)
        assert tuple(kind[: len(family)]) == family
