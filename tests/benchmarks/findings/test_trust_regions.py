"""The finding on masks and corrections, of suites in which the right answer is obvious."""

from __future__ import annotations

from benchmarks.findings.trust_regions import TrustRegions
from benchmarks.statistics.wording.answers import count_words
from tests.benchmarks.findings.rising_runs import FINE, ROUGH, data, on_both, said_by

NAMES = ("none", "tv", "ipo", "clip")
BOTH = TrustRegions("none", {n: {1: f"lag 1 {n}", 8: f"lag 8 {n}"} for n in NAMES}, {0.2: ("tv", "ipo")})
EQUAL = {f"lag {lag} {name}": 0.5 for lag in (1, 8) for name in NAMES}


def test_a_shown_difference_of_masks_is_the_answer() -> None:
    """At lag 8 the sign-blind mask scores .2 lower in all of ten seeds, at lag 1 a little higher in some."""
    finals = on_both(EQUAL | {"lag 8 ipo": 0.3 + FINE, "lag 1 ipo": 0.51 + ROUGH})
    said = said_by(BOTH, data(finals))
    assert said.startswith(
        "Sign-conditioned masks (DPPO) score higher than sign-blind ones (IPO) in 1 of 2 comparisons at equal thresholds "
        "and lags, by at most 0.20 [0.19, 0.21] (10 seeds, Holm). `lag 8 tv` gains 0.20 [0.19, 0.21] against `lag 8 ipo`."
    )
    assert "Against no correction, ipo loses 0.20 at lag 8." in said
    assert "On single tasks a difference is shown 2 times for the sign-conditioned mask and 0 times against it" in said


def test_nothing_is_claimed_where_nothing_is_shown() -> None:
    said = said_by(BOTH, data(on_both(EQUAL | {"lag 8 ipo": 0.5 + ROUGH, "lag 1 ipo": 0.5 + ROUGH})))
    assert said.startswith(
        "At equal thresholds and lags, sign-conditioned masks (DPPO) and sign-blind ones (IPO) show no difference in 2 "
        "comparisons (10 seeds, Holm): a true difference of 0.1"
    )
    assert "No difference from no correction is shown for tv, ipo and clip." in said


def test_both_signs_are_counted() -> None:
    finals = on_both(EQUAL | {"lag 8 ipo": 0.3 + FINE, "lag 1 ipo": 0.8 + FINE})
    answer = BOTH.sentence(data(finals)).splitlines()[0]
    assert "differ in 2 of 2 comparisons: the sign-conditioned mask scores higher in 1, lower in 1 (10 seeds" in answer
    assert count_words(answer) <= 40


def test_the_largest_shown_difference_is_the_bound_and_what_is_shown_is_not_open() -> None:
    """Sign-blind masks are .2 and .1 lower; at lag 1 a higher one within the noise is none."""
    finals = on_both(EQUAL | {"lag 8 ipo": 0.3 + FINE, "lag 1 ipo": 0.4 + FINE, "lag 1 clip": 0.51 + ROUGH})
    said = said_by(BOTH, data(finals))
    assert "in 2 of 2 comparisons at equal thresholds and lags, by at most 0.20 [0.19, 0.21]" in said
    assert "Against no correction, ipo loses 0.10 at lag 1 and loses 0.20 at lag 8." in said
    assert "No difference from no correction is shown for tv and clip." in said
    rough = said_by(BOTH, data(on_both(EQUAL | {"lag 8 ipo": 0.3 + FINE, "lag 1 ipo": 0.49 + ROUGH})))
    assert "score higher than sign-blind ones (IPO) in 1 of 2 comparisons" in rough
