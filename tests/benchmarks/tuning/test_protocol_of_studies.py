"""The rules of a study: streams of seeds, limits, and what is evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.tuning.protocol import Stream, check_disjoint
from envs.seeding import Purpose
from tests.benchmarks.tuning.small_studies import protocol


def test_no_seed_may_judge_what_it_chose() -> None:
    check_disjoint({"tuning": Stream(Purpose.TUNING, (0, 1)), "test": Stream(Purpose.TEST, (0, 1))})
    with pytest.raises(ValueError, match=r"the tuning and the test seeds overlap in \[1\]"):
        check_disjoint({"tuning": Stream(Purpose.TEST, (0, 1)), "test": Stream(Purpose.TEST, (1, 2))})


def test_the_streams_of_a_protocol_share_nothing_with_each_other_or_with_training() -> None:
    streams = protocol().streams
    assert {name: s.purpose for name, s in streams.items()} == {
        "tuning": Purpose.TUNING,
        "selection": Purpose.SELECTION,
        "test": Purpose.TEST,
    }
    # the first selection seeds chose the learning rates of the settings
    assert streams["selection"].seeds == (1000, 1001, 1002)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tuning_seeds": 4}, "--tuning-seeds must be at least 5, not 4"),
        ({"trials": 0}, "--trials must be at least 1, not 0"),
        ({"pruner": "racing", "trials": 63}, "--pruner racing needs 64 trials or more, not 63"),
        ({"pruner": "wilcoxon"}, "--pruner wilcoxon needs 64 trials or more"),
        ({"pruner": "rascing"}, "unknown pruner 'rascing'; nearest: racing"),
        ({"objective": "last"}, "unknown objective 'last'; nearest: last_fifth"),
    ],
)
def test_a_protocol_that_breaks_the_rules_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        protocol(**changes)


def test_only_what_the_objective_and_the_rungs_read_is_evaluated() -> None:
    assert protocol().evaluation.fractions == (0.8, 0.9, 1.0)
    assert not protocol().evaluation.greedy
    assert protocol(pruner="racing", trials=64).evaluation.fractions == (0.25, 0.5, 0.8, 0.9, 1.0)
    assert protocol(objective="auc").evaluation.fractions == tuple(i / 10 for i in range(11))
