"""Sentences: none claims more than its test, none contradicts itself, none has a number that is none."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.experiments import EXPERIMENTS
from benchmarks.loading import suites
from benchmarks.reports.sections import budgets, guide
from benchmarks.statistics.best import leaders
from benchmarks.statistics.comparison_tables import suite_table, task_table
from benchmarks.statistics.comparisons import Pair, baseline_pairs
from benchmarks.statistics.wording import leader, phrases, sentences
from benchmarks.store import pooling
from benchmarks.store.sources import read_meta, read_results, stored_cells
from benchmarks.store.suite import Suite
from tests.benchmarks.headlines import headline
from tests.benchmarks.statistics.test_comparisons import made

RELEASED = Path(__file__).resolve().parents[4] / "results" / "reference"
LIGHT = ("ladder", "games", "driving", "sparse_reward", "reward_shift", "bias", "references", "async_throughput")
DETECTS = re.compile(r"find a true difference of (\d\.\d{3}) in 80 % of such experiments")


def table(scores: dict[str, list[float]]) -> pd.DataFrame:
    """Every other variant against the first, on one task."""
    of = made({"t": scores})
    first, *others = of.variants
    family = [Pair(v, first) for v in others]
    return suite_table(of, family, task_table(of, family))


def said_of(scores: dict[str, list[float]]) -> list[str]:
    return sentences.pair_sentences(table(scores), "normalised score")


FLAT = [0.5] * 10
WOBBLE = [0.5 + 0.1 * (-1) ** i for i in range(10)]


def test_a_difference_that_is_shown() -> None:
    """.3 and .4 by turns: mean .35, s = .0527, half an interval 2.262 s / sqrt(10) = .038; p 2 / 1024."""
    assert said_of({"a": FLAT, "b": [0.8, 0.9] * 5}) == [
        "`b` against `a` gains 0.350 of the normalised score [+0.312, +0.388] (p 0.002)."
    ]


def test_a_difference_that_is_not_shown_is_said_with_the_one_that_is_detected() -> None:
    (text,) = said_of({"a": FLAT, "b": WOBBLE})
    expected = table({"a": FLAT, "b": WOBBLE})["detectable"].iloc[0]
    assert text.startswith("`b` against `a`: no difference is shown, +0.000 [-0.075, +0.075] (p 1). ")
    assert text.endswith(f"Ten seeds find a true difference of {expected:.3f} in 80 % of such experiments.")


def test_where_nothing_can_be_shown_only_that_is_said() -> None:
    """Five seeds; and ten seeds in a family of 26, where the least p is 26 times 2 / 1024."""
    (text,) = said_of({"a": FLAT[:5], "b": [0.8, 0.9, 0.8, 0.9, 0.8]})
    assert text == "`b` against `a`: +0.340 [+0.272, +0.408]. Five seeds cannot show a difference."
    many = {"a": FLAT} | {f"v{i}": [0.8, 0.9] * 5 for i in range(26)}
    found = said_of(many)
    assert all(s.endswith("Ten seeds cannot show a difference among 26 comparisons.") for s in found)
    assert not [s for s in found if "80 %" in s or "p " in s]


def test_an_observed_difference_above_the_detectable_one_is_explained() -> None:
    row = table({"a": FLAT, "b": WOBBLE}).iloc[0].to_dict() | {"difference": 0.2, "low": -0.1, "high": 0.5}
    (text,) = sentences.pair_sentences(pd.DataFrame([row]), "return")
    assert text.endswith("in 80 % of such experiments and miss it in the others: this one may be real.")


def test_what_does_not_vary_has_no_interval_and_no_detectable_difference() -> None:
    same, moved = said_of({"a": WOBBLE, "b": WOBBLE, "c": [x + 0.25 for x in WOBBLE]})
    assert same == "`b` against `a`: identical on its task, at every checkpoint of every shared seed."
    assert "gains 0.250 of the normalised score (no variation, so no interval) (p 0.0039" in moved
    (one,) = said_of({"a": [0.5], "b": [0.9]})
    assert one == "`b` against `a`: +0.400 (too few runs for an interval). One seed cannot show a difference."


@pytest.mark.parametrize("seeds", [1, 2, 3])
@pytest.mark.parametrize("imported", [False, True])
def test_few_equal_runs_prove_nothing_anywhere(seeds: int, imported: bool) -> None:
    of = made({"t": {"a": [0.1] * seeds, "b": [0.9] * seeds, "c": [0.5] * seeds}})
    names = frozenset(of.variants) if imported else frozenset()
    of = Suite(of.frame, of.scales, of.variants, frozenset(), names)
    family = [Pair("b", "a"), Pair("c", "a")]
    found = suite_table(of, family, task_table(of, family))
    said = [headline(of), *(sentences.pair_sentences(found, of.unit) if len(found) else [])]
    assert not [s for s in said if "nan" in s or " gains " in s or "better than" in s]


@cache
def released(name: str) -> tuple[Suite, list[dict[str, object]], ComparisonExperiment]:
    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, ComparisonExperiment)
    paths = stored_cells(RELEASED / name)
    chosen = pooling.select(paths, [read_meta(path) for path in paths])
    frame, _, metas = read_results([paths[i] for i in chosen])
    return suites.build_suite(experiment, frame, metas), metas, experiment


def of_released(name: str) -> tuple[list[str], pd.DataFrame]:
    """The sentences on all comparisons with the baseline, and their rows."""
    of, _, experiment = released(name)
    base = experiment.baseline if experiment.baseline in of.learners else of.learners[0]
    family = baseline_pairs(of, base)
    found = suite_table(of, family, task_table(of, family))
    return sentences.pair_sentences(found, of.unit), found


@pytest.mark.parametrize("name", LIGHT)
def test_no_released_sentence_contradicts_itself(name: str) -> None:
    """Where no difference is shown, the observed one is below the one that is detected, or the sentence explains it."""
    said, rows = of_released(name)
    assert len(said) == len(rows) > 0
    for text, row in zip(said, rows.to_dict("records"), strict=True):
        assert "nan" not in text
        assert (" gains " in text or " loses " in text) == (row["p_holm"] < 0.05)
        if (limit := DETECTS.search(text)) and abs(row["difference"]) >= float(limit[1]):
            assert "may be real" in text
        if row["least_p"] >= 0.05:
            assert "cannot show a difference" in text
            assert not limit


@pytest.mark.parametrize("name", LIGHT)
def test_released_sentences_are_short(name: str) -> None:
    """At most 40 words each, where a name is a word."""
    of, metas, experiment = released(name)
    base = experiment.baseline if experiment.baseline in of.learners else of.learners[0]
    said = [headline(of), *budgets.sentences(of, metas, base, base), *of_released(name)[0]]
    for text in said:
        for sentence in re.split(r"(?<=[.:]) (?=[A-Z`])", re.sub(r"`[^`]*`", "name", text)):
            assert len(sentence.split()) <= 40, sentence


def test_a_leaders_lead_is_below_the_detectable_one_where_it_is_not_shown() -> None:
    """By construction: the joint test shows what exceeds c standard errors; .8 of probability needs more."""
    for name in ("ladder", "games", "sparse_reward"):
        of, _, experiment = released(name)
        found = leaders(of, of.learners, of.tasks(*of.learners))
        assert found is not None
        assert (found.unseparated["difference"] < found.unseparated["detectable"]).all()
        assert (found.separated["at_least"] > 0).all()
        assert not guide.table(of, experiment.guide).map(lambda x: "nan" in str(x)).to_numpy().any()


def test_names_are_listed_as_in_prose() -> None:
    assert phrases.list_variants(["a"]) == "`a`"
    assert phrases.list_variants(["a", "b"]) == "`a` and `b`"
    assert phrases.list_variants(["a", "b", "c"]) == "`a`, `b` and `c`"
    assert phrases.list_variants(list("abcdefgh")) == "`a`, `b`, `c`, `d`, `e`, `f` and 2 more"
    assert [phrases.spell_seeds(n) for n in (1, 2, 12, 13)] == ["One seed", "Two seeds", "Twelve seeds", "13 seeds"]


def test_a_detectable_difference_that_is_unknown_is_not_mentioned() -> None:
    assert phrases.detection_sentence(10, float("nan"), 0.3) == ""
    assert (
        phrases.detection_sentence(10, 0.25, 0.1)
        == "Ten seeds find a true difference of 0.250 in 80 % of such experiments."
    )


def test_a_lower_bound_is_rounded_down() -> None:
    beaten = pd.DataFrame({"variant": ["a", "b"], "at_least": [0.3, 0.0269]})
    assert leader.at_least(beaten) == ", each by at least 0.026"
    assert leader.at_least(beaten.head(1)) == ", by at least 0.30"
    assert leader.at_least(beaten.assign(at_least=[0.3, np.nan])) == ""
