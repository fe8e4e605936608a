"""The joint test of all pairs, who leads, the guide: hand numbers, and familywise errors by simulation."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from scipy import stats as sps

from benchmarks.design.guide_case import GuideCase
from benchmarks.reports.sections import guide
from benchmarks.statistics import sign_flips
from benchmarks.statistics.best import Leaders, all_pairs_table, leaders
from benchmarks.statistics.comparisons import Pair, all_pairs, compare_variants
from benchmarks.statistics.sign_flips import joint, sign_flip_p
from benchmarks.statistics.tests import compare_unpaired
from benchmarks.store.suite import Suite
from envs.api import Doubles
from tests.benchmarks.headlines import headline
from tests.benchmarks.statistics.test_comparisons import made
from tests.benchmarks.synthetic_results import frame, suite

Doubles = Doubles


def on_one_task(scores: dict[str, list[float]], imported: frozenset[str] = frozenset()) -> Suite:
    of = made({"t": scores})
    return Suite(of.frame, of.scales, of.variants, frozenset(), imported)


def found(of: Suite) -> Leaders:
    result = leaders(of, of.learners, ["t"])
    assert result is not None
    return result


def test_the_joint_test_of_one_comparison_is_the_exact_sign_flip_test() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        d = rng.normal(0.4, 1, 9)
        assert joint(d[:, None], 0.05).p[0] == pytest.approx(sign_flip_p(d))


def test_the_joint_test_by_hand() -> None:
    """Two comparisons of three seeds, 1 2 3 and 3 2 -1: four flips up to a common sign.

    U is |sum| / sqrt(14): 6 and 4, flipped as one seed after the other (1: 4 and 2; 2: 2 and 0; 3: 0 and 6). The larger of
    the two is 6, 4, 2, 6: so p of the first is 2 / 4 and of the second 3 / 4.
    """
    d = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, -1.0]])
    assert joint(d, 0.05).p.tolist() == [0.5, 0.75]
    assert joint(d, 0.05).critical == float("inf")  # of four flips none may be as extreme
    assert joint(d, 0.6).critical == pytest.approx(4 / np.sqrt(14))  # two may: p < .6 needs more than the third largest


def test_a_comparison_is_shown_where_its_t_statistic_exceeds_the_critical_one() -> None:
    """So a bound of difference - critical x standard error is above 0 where p < .05 and only there."""
    rng = np.random.default_rng(1)
    d = rng.normal(rng.uniform(0, 2, 40), 1, (10, 40))
    test = joint(d, 0.05)
    t = np.abs(sps.ttest_1samp(d, 0.0).statistic)
    assert ((test.p < 0.05) == (t > test.critical_t(10))).all()
    assert 5 < (test.p < 0.05).sum() < 35


def test_a_comparison_of_fewer_seeds_or_of_equal_scores_is_none_of_the_others_business() -> None:
    d = np.random.default_rng(2).normal(0.8, 1, (10, 3))
    with_zeros = np.column_stack([d, np.zeros(10)])
    test = joint(with_zeros, 0.05)
    assert test.p[3] == 1.0
    assert test.p[:3].tolist() == joint(d, 0.05).p.tolist()
    missing = d.copy()
    missing[3:, 1] = np.nan
    assert joint(missing, 0.05).p[1] > 0.2  # of three seeds the least p is 2 / 8


def claims(scores: Doubles) -> int:
    """Than how many others the leader of scores [seeds, M] is said to be better."""
    d = np.column_stack([scores[:, i] - scores[:, j] for i, j in combinations(range(scores.shape[1]), 2)])
    p, best = joint(d, 0.05).p, int(scores.mean(axis=0).argmax())
    return sum(q < 0.05 for q, pair in zip(p, combinations(range(scores.shape[1]), 2), strict=True) if best in pair)


def hsu(scores: Doubles) -> int:
    """The same by a confidence set of the best (Hsu 1984): one-sided sign-flips, times the number of rivals."""
    best = int(scores.mean(axis=0).argmax())
    rivals = [i for i in range(scores.shape[1]) if i != best]
    p = [sign_flip_p(scores[:, best] - scores[:, i], alternative="greater") for i in rivals]
    return sum(q * len(rivals) < 0.05 for q in p)


def any_claim(rule: Callable[[Doubles], int], law: str, seeds: int, variants: int, times: int) -> float:
    """How often somebody is said to be worse than the leader where all are equal."""
    rng = np.random.default_rng(3)
    sign = -1.0 if law == "-lognormal" else 1.0
    draw = rng.normal if law == "normal" else rng.lognormal
    return float(np.mean([rule(sign * draw(size=(seeds, variants))) > 0 for _ in range(times)]))


@pytest.mark.parametrize("law", ["normal", "lognormal", "-lognormal"])
@pytest.mark.parametrize(("seeds", "variants"), [(10, 10), (10, 4)])
def test_of_equal_variants_none_is_called_worse_in_nineteen_of_twenty_runs(law: str, seeds: int, variants: int) -> None:
    """Skewed scores to either side; three standard errors of a rate of .05 over 800 runs are .023."""
    assert any_claim(claims, law, seeds, variants, 800) <= 0.05 + 0.015


@pytest.mark.slow
@pytest.mark.parametrize("law", ["normal", "lognormal", "-lognormal"])
@pytest.mark.parametrize(("seeds", "variants"), [(6, 4), (10, 10), (14, 20)])
def test_of_equal_variants_none_is_called_worse_more_exactly(law: str, seeds: int, variants: int) -> None:
    times = 3_000 if seeds < 14 else 400
    assert any_claim(claims, law, seeds, variants, times) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / times)


def test_a_confidence_set_of_the_best_rules_one_of_ten_equals_out_too_often() -> None:
    """It promises that a single best one is kept, not that all of those tied are: .15 to .20 of runs."""
    assert any_claim(hsu, "normal", 10, 10, 600) > 0.12


def test_variants_that_are_equal_below_others_are_seldom_told_apart() -> None:
    """Six equal ones, four far above: among the six a difference is claimed in at most one of twenty runs."""
    rng, false = np.random.default_rng(4), 0
    for _ in range(500):
        scores = rng.normal(size=(10, 10)) * np.r_[np.ones(6), 0.1 * np.ones(4)] + np.r_[np.zeros(6), 5 + np.arange(4)]
        d = np.column_stack([scores[:, i] - scores[:, j] for i, j in combinations(range(10), 2)])
        equal = [b < 6 for _, b in combinations(range(10), 2)]
        false += (joint(d, 0.05).p[equal] < 0.05).any()
    assert false / 500 <= 0.05 + 0.015


def test_the_lower_bounds_hold_together() -> None:
    """True means 0, .3, ..., 1.5: in 19 of 20 runs every pair's bound is below its true difference."""
    rng, wrong, truth = np.random.default_rng(5), 0, 0.3 * np.arange(6)
    for _ in range(500):
        scores = truth + rng.normal(0, 0.3, (10, 6))
        places = list(combinations(range(6), 2))
        d = np.column_stack([scores[:, j] - scores[:, i] for i, j in places])
        half = joint(d, 0.05).critical_t(10) * d.std(axis=0, ddof=1) / np.sqrt(10)
        true = np.array([truth[j] - truth[i] for i, j in places])
        wrong += bool((np.abs(d.mean(axis=0)) - half > np.abs(true)).any())
    assert wrong / 500 <= 0.05 + 0.015


def test_the_leaders_detectable_difference_is_shown_with_probability_eight_tenths() -> None:
    """Four variants, one of them better by what the joint test of like scores is said to detect."""
    rng = np.random.default_rng(6)
    stated = [found(_suite(rng.normal(size=(10, 4)))).table["detectable"].median() for _ in range(60)]
    shift, shown = float(np.median(stated)), 0
    for _ in range(800):
        scores = rng.normal(size=(10, 4))
        scores[:, 0] += shift
        d = np.column_stack([scores[:, i] - scores[:, j] for i, j in combinations(range(4), 2)])
        shown += joint(d, 0.05).p[0] < 0.05
    assert shown / 800 == pytest.approx(0.8, abs=0.07)


def _suite(scores: Doubles) -> Suite:
    return on_one_task({f"v{i}": column.tolist() for i, column in enumerate(scores.T)})


EVEN = [0.1 * i + (0.3 if i % 2 else -0.28) for i in range(10)]


def test_the_headline_names_a_winner_only_with_evidence() -> None:
    low, high = [0.1 * i for i in range(10)], [0.1 * i + 0.3 + 0.01 * (-1) ** i for i in range(10)]
    assert headline(on_one_task({"a": low, "b": high})).startswith(
        "`b` has the highest mean normalised score on t (0.75). It is shown to be better than `a`, by at least 0.2"
    )
    text = headline(on_one_task({"a": low, "b": EVEN}))
    assert text.startswith(
        "`b` has the highest mean normalised score on t (0.46). Ten seeds do not separate it from `a`. "
    )
    assert text.endswith(" would be found in 80 % of such experiments (power 0.8).")
    text = headline(on_one_task({"a": low[:4], "b": high[:4]}))
    assert text.endswith("(0.45). Four seeds cannot separate it from any other variant.")


def test_the_headline_of_three() -> None:
    """c is above a by about .7 on all seeds, and above b on five of seven."""
    b = [0.6, 0.7, 0.6, 0.8, 0.6, 0.7, 0.9]
    of = on_one_task({"a": [0.0] * 7, "b": b, "c": [0.71, 0.72, 0.73, 0.74, 0.75, 0.72, 0.8]})
    result = found(of)
    assert (result.best, result.not_separated, result.separated["variant"].tolist()) == ("c", ["b"], ["a"])
    bound = result.separated["at_least"].iloc[0]
    assert 0 < bound < result.separated["difference"].iloc[0]
    assert f"It is shown to be better than `a`, by at least {np.floor(bound * 100) / 100:.2f}." in headline(of)


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_imported_runs_of_equal_scores_prove_nothing(runs: int) -> None:
    of = on_one_task({"a": [0.2] * runs, "b": [0.9] * runs}, frozenset({"a", "b"}))
    text = headline(of)
    assert "better than" not in text
    assert "nan" not in text
    result = found(of)
    assert [*result.not_separated, *result.not_compared] == ["a"]
    assert runs > 1 or text == "Nothing is compared: `b` and `a` have one run each or share no seeds."


def test_five_imported_runs_a_side_of_equal_scores_are_enough_for_one_comparison() -> None:
    """2 / C(10, 5) = .008; there is no variation, so no bound is stated."""
    of = on_one_task({"a": [0.2] * 5, "b": [0.9] * 5}, frozenset({"a", "b"}))
    assert found(of).table["p_joint"].tolist() == pytest.approx([2 / 252])
    assert headline(of).endswith("(0.90). It is shown to be better than `a`.")


def test_whoever_cannot_be_compared_is_not_ruled_out() -> None:
    """One imported run, the highest of all: it is named, and the others are compared without it."""
    of = on_one_task({"a": [0.1 * i for i in range(10)], "b": EVEN, "theirs": [0.99]}, frozenset({"theirs"}))
    result = found(of)
    assert (result.best, result.not_separated, result.highest) == ("b", ["a"], False)
    assert result.not_compared == {"theirs": "has one run and is not compared"}
    assert result.table["variant"].tolist() == ["a"]


def test_imported_runs_among_ours_share_the_error() -> None:
    """Three pairs: ours alone are tested at a third of .05, each Welch test at another."""
    rng = np.random.default_rng(7)
    scores = {v: (m + rng.normal(0, 0.05, 10)).tolist() for v, m in (("a", 0.1), ("b", 0.9), ("theirs", 0.5))}
    of = on_one_task(scores, frozenset({"theirs"}))
    table = found(of).table.set_index("variant")
    assert table.loc["a", "p_joint"] == pytest.approx(3 * 2 / 2**10)
    welch = compare_unpaired(np.array(scores["b"]), np.array(scores["theirs"]))
    assert table.loc["theirs", "p_joint"] == pytest.approx(3 * welch.p)
    half = float(sps.t.ppf(1 - 0.05 / 6, welch.df)) * welch.error
    assert table.loc["theirs", "at_least"] == pytest.approx(welch.difference - half)


def test_all_pairs_are_the_headlines_family() -> None:
    """The leader's rows of the table of all pairs have the headline's p and detectable difference."""
    of = suite(frame())
    result = leaders(of, of.learners, of.tasks(*of.learners))
    assert result is not None
    table = all_pairs_table(of, all_pairs(of))
    for row in result.table.to_dict("records"):
        same = table[
            [{row["variant"], result.best} == {b, a} for b, a in zip(table.variant, table.against, strict=True)]
        ]
        assert same["p_joint"].iloc[0] == pytest.approx(row["p_joint"])
        assert same["detectable"].iloc[0] == pytest.approx(row["detectable"])


def test_the_guide_says_what_the_joint_test_shows() -> None:
    of = suite(frame())
    situations = [
        GuideCase("horizon", "short", ("CartPole-v1", "transduce/reverse-medium")),
        GuideCase("horizon", "somewhere else", ("not/here",)),
        GuideCase("staleness", "two of them", ("CartPole-v1",), ("reinforce", "gae")),
    ]
    rows = guide.table(of, situations)
    assert rows["your case"].tolist() == ["short", "two of them"]
    assert rows["use"][0].startswith("`gae` (0.8")
    assert rows["what is shown"][0].startswith(
        ("better than 3 of 4, each by at least 0.", "better than 4 of 4, each by")
    )
    two = leaders(of, ["reinforce", "gae"], ["CartPole-v1"])
    assert two is not None
    bound = np.floor(two.table["at_least"].iloc[0] * 100) / 100
    assert bound < two.table["difference"].iloc[0]
    assert rows["what is shown"][1] == f"better than 1 of 1, by at least {bound:.2f} (ten seeds)"


@pytest.mark.parametrize(("seeds", "words"), [(1, "one seed"), (2, "two seeds"), (4, "four seeds")])
def test_the_guide_of_few_seeds_claims_nothing(seeds: int, words: str) -> None:
    few = guide.table(suite(frame(seeds=seeds)), [GuideCase("horizon", "short", ("CartPole-v1",))])
    assert few["what is shown"][0] == f"nothing: {words} cannot separate any two of them"
    assert "nan" not in few.to_string()


def test_drawn_flips_agree_with_listed_ones() -> None:
    """Above 14 seeds 8,192 flips are drawn: p of the exact test within its error."""
    d = np.random.default_rng(8).normal(0.45, 1, 18)
    assert joint(d[:, None], 0.05).p[0] == pytest.approx(sign_flip_p(d), rel=0.15)
    assert len(sign_flips.flips(18)) == 2**13


def test_a_pair_of_the_family_is_compared_over_its_own_tasks() -> None:
    rows = frame()
    rows = rows[~((rows.task == "CartPole-v1") & (rows.variant == "ppo"))]
    table = all_pairs_table(suite(rows), all_pairs(suite(rows))).set_index(["variant", "against"])
    assert table.loc[("ppo", "gae"), "tasks"] == 2
    assert table.loc[("gae", "reinforce"), "tasks"] == 3
    expected = compare_variants(suite(rows), Pair("ppo", "gae"), suite(rows).tasks("ppo", "gae"))
    assert expected is not None
    assert table.loc[("ppo", "gae"), "difference"] == expected.difference
