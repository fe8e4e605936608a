"""Who is dropped at a rung."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.design.identity import canonical
from benchmarks.tuning.racing import Race
from envs.api import Scale

GOOD, WORSE, MIXED = (5.0, 6.0, 7.0, 8.0, 9.0), (4.0, 5.0, 6.5, 6.0, 7.0), (4.0, 5.0, 6.5, 6.0, 9.5)
LOST = (float("nan"),) * 5
BAD = (-50.0, -60.0, -70.0, -80.0, -90.0)


def race(**changes: Any) -> Race:
    return replace(Race(checkpoints=(1,), seeds=5, scale=Scale(0.0, 10.0)), **changes)


def at_rung(*configurations: tuple[float, ...]) -> dict[int, dict[int, float]]:
    return {1: dict(enumerate(v for of in configurations for v in of))}


def test_who_is_worse_on_all_five_seeds_is_dropped() -> None:
    assert race().stopped(at_rung(GOOD, WORSE, MIXED)) == [(5, 6, 7, 8, 9)]  # p = 1/32; of MIXED 2/32 at least


def test_the_defaults_are_spared_and_the_best_of_the_study_counts() -> None:
    assert race(spared=(1,)).stopped(at_rung(GOOD, WORSE, MIXED)) == []
    assert race().stopped(at_rung(WORSE)) == []
    bar = (tuple(v / 10 for v in GOOD),)
    assert race(bar=bar).stopped(at_rung(WORSE)) == [(0, 1, 2, 3, 4)]


def test_who_lost_all_runs_is_dropped_and_never_leads() -> None:
    assert race().stopped(at_rung(LOST, BAD)) == [(0, 1, 2, 3, 4)]
    assert race(spared=(0,)).stopped(at_rung(LOST, BAD)) == []
    assert race().stopped(at_rung(LOST, LOST)) == []  # there is nobody to lose to
    assert race(bar=(LOST,)).stopped(at_rung(BAD)) == []
    assert race(scale=Scale(-10.0, None)).stopped(at_rung(LOST, BAD)) == [(0, 1, 2, 3, 4)]


def test_a_lost_run_counts_as_the_worst_of_all_at_the_rung() -> None:
    nearly, poor, poorest = (*LOST[:4], 9.0), (-5.0, -6.0, -7.0, -8.0, -9.0), (-100.0, -6.0, -7.0, -8.0, -9.0)
    assert race().stopped(at_rung(nearly, poor)) == []
    assert race().stopped(at_rung((*LOST[:4], -95.0), poorest, GOOD)) == [(0, 1, 2, 3, 4), (5, 6, 7, 8, 9)]
    assert race().stopped(at_rung((*LOST[:4], 5.0), GOOD)) == [(0, 1, 2, 3, 4)]


def test_a_race_keeps_its_digest() -> None:
    assert canonical(race()) == {
        "class": "Race", "class.defaults": ["bar", "spared", "alpha"], "checkpoints": [1], "seeds": 5,
        "scale": {"class": "Scale", "floor": 0.0, "ceiling": 10.0}, "bar": [], "spared": [], "alpha": 0.05,
    }  # fmt: skip


def test_a_configuration_is_judged_when_all_its_seeds_have_come() -> None:
    seen = at_rung(GOOD, WORSE)
    del seen[1][9]
    assert race().stopped(seen) == []
