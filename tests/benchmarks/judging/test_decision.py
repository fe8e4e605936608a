"""Looks at a candidate: better than every rival without a correction, worse than one by Holm, within the alpha of looks."""

import numpy as np
import pytest

from benchmarks.judging.decision import Judgement
from envs.api import Doubles

ALL = np.full(10, 0.3)  # the least two-sided p of ten pairs: 2 / 1,024 = .00195
# four of 1,024 flips reach the sum of these (none, the .04, the .05, both): p = 8 / 1,024 = .0078
EIGHT = np.array([0.1] * 8 + [-0.04, -0.05])
NOTHING = np.array([0.3, -0.3] * 5)
TINY = np.array([0.001, -0.001] * 5)


def judged(*looks: dict[str, Doubles], rivals: str = "abc", most: int = 3) -> Judgement:
    judgement = Judgement([list(stage) for stage in rivals.split()], most, 0.05, 0.05)
    for differences in looks:
        judgement.look(differences)
    return judgement


def test_better_than_each_of_three_needs_no_correction() -> None:
    judgement = judged(dict.fromkeys("abc", EIGHT))
    # Holm over three would ask .0078 x 3 = .0234 of the first look's .02
    assert judgement.outcome == "better"
    assert judgement.standings["a"].p_corrected == pytest.approx(8 / 1_024 * 0.05 / 0.02)


def test_worse_than_one_of_three_is_corrected_for_three() -> None:
    assert judged({"a": -EIGHT, "b": NOTHING, "c": NOTHING}).outcome is None
    assert judged({"a": -ALL, "b": NOTHING, "c": NOTHING}).outcome == "worse"


def test_better_than_two_of_three_is_not_better_and_goes_on_against_the_third() -> None:
    judgement = judged({"a": ALL, "b": ALL, "c": NOTHING})
    assert judgement.outcome is None
    assert judgement.undecided == ["c"]
    judgement.look({"c": np.concatenate([NOTHING, ALL, ALL])})
    assert judgement.outcome == "better"
    assert [judgement.standings[r].seeds for r in "abc"] == [10, 10, 30]


def test_within_the_margin_of_one_rival_ends_it_and_is_not_shown() -> None:
    judgement = judged({"a": ALL, "b": TINY, "c": NOTHING})
    assert judgement.standings["b"].decision == "same"
    assert judgement.outcome == "not shown"


def test_the_last_look_ends_it() -> None:
    differences = {"a": NOTHING}
    assert judged(differences, differences, rivals="a").outcome is None
    assert judged(differences, differences, differences, rivals="a").outcome == "not shown"


def test_the_first_look_spends_two_fifths_of_alpha_and_its_interval_is_as_wide() -> None:
    # of eight .1 and two -.05 twelve flips reach the sum of .7: p = 24 / 1,024 = .0234, under .05 and above .4 x .05
    d = np.array([0.1] * 8 + [-0.05, -0.05])
    assert judged({"a": d}, rivals="a", most=1).outcome == "better"
    judgement = judged({"a": d}, rivals="a", most=3)
    assert judgement.outcome is None
    # mean .07, s = .0632, n = 10: t_9(.99) = 2.821, so .07 +- 2.821 x .02
    standing = judgement.standings["a"]
    assert (standing.low, standing.high) == pytest.approx((0.0136, 0.1264), abs=1e-4)


def test_a_copy_differs_by_nothing_and_is_the_same() -> None:
    judgement = judged({"a": np.zeros(10)}, rivals="a")
    assert judgement.outcome == "not shown"
    assert judgement.standings["a"].p_corrected == 1.0


def test_each_look_has_its_share_of_alpha_and_the_least_p_so_far_stays() -> None:
    """Of .05 three looks have .02, .015 and .015: p of 8 / 1,024 counts 2.5 times at the first and 10 / 3 at the second."""
    first, second = judged({"a": NOTHING, "b": EIGHT}, rivals="ab"), judged({"a": NOTHING, "b": NOTHING}, rivals="ab")
    second.look({"a": EIGHT, "b": NOTHING})
    assert first.standings["b"].p_corrected == pytest.approx(8 / 1_024 * 2.5)
    assert second.standings["a"].p_corrected == pytest.approx(8 / 1_024 * 10 / 3)
    more = np.array([0.1] * 8 + [-0.05, -0.05])  # p = 24 / 1,024, as above
    assert judged({"a": more}, {"a": NOTHING}, rivals="a").standings["a"].p_corrected == pytest.approx(24 / 1_024 * 2.5)


def test_who_lost_other_runs_is_not_the_same() -> None:
    judgement = Judgement(["a"], 3, 0.05, 0.05)
    judgement.look({"a": TINY}, lost={"a"})
    assert (judgement.outcome, judgement.standings["a"].decision) == (None, "open")
    assert judged({"a": TINY}, rivals="a").standings["a"].decision == "same"


def test_a_small_difference_that_is_shown_is_better_and_not_the_same() -> None:
    """.01 on all of ten seeds lies within the margin of .05, and above 0."""
    judgement = judged({"a": np.full(10, 0.01)}, rivals="a")
    assert (judgement.outcome, judgement.standings["a"].decision) == ("better", "better")


def test_a_costly_rival_is_met_when_the_others_are_beaten_and_from_its_first_look() -> None:
    judgement = judged({"a": ALL, "b": NOTHING}, rivals="ab c")
    assert judgement.undecided == ["b"]
    assert judgement.not_met == ["c"]
    judgement.look({"b": np.concatenate([ALL, ALL])})
    assert judgement.undecided == ["c"]
    assert (judgement.outcome, judgement.taken) == (None, 0)
    judgement.look({"c": EIGHT})  # p = .0078: below the first look's level of .02
    assert judgement.outcome == "better"
    assert [judgement.standings[r].seeds for r in "abc"] == [10, 20, 10]
    assert judgement.seeds == 20
    assert judgement.not_met == []


@pytest.mark.parametrize(
    ("looks", "outcome"), [([TINY], "not shown"), ([NOTHING, NOTHING, NOTHING], "not shown"), ([-ALL], "worse")]
)
def test_who_beats_not_the_first_meets_no_costly_rival(looks: list[Doubles], outcome: str) -> None:
    judgement = judged(*({"a": d} for d in looks), rivals="a c")
    assert judgement.outcome == outcome
    assert judgement.not_met == ["c"]


def test_beating_the_cheap_ones_alone_is_not_better() -> None:
    judgement = judged({"a": ALL}, {"c": NOTHING}, {"c": NOTHING}, {"c": NOTHING}, rivals="a c")
    assert judgement.outcome == "not shown"
