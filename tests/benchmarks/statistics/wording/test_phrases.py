"""Counts, amounts and who is compared, in the sentences of reports: numbers agree with nouns, verbs and tests."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.design.guide_case import GuideCase
from benchmarks.reports.sections import guide
from benchmarks.statistics.comparison_tables import suite_table, task_table
from benchmarks.statistics.comparisons import Pair
from benchmarks.statistics.wording import leader, sentences
from benchmarks.statistics.wording.phrases import amount, count_noun, p_value, span
from benchmarks.store.suite import Suite
from envs.api import Scale
from tests.benchmarks.headlines import headline
from tests.benchmarks.statistics.test_divergence import reported, rows, suite_of

ONE = re.compile(r"\b(?:1|[Oo]ne) (seeds|tasks|comparisons|variants|cells|places|rows)\b")
CASE = GuideCase("any", "a case", ("t",))


def runs(low: float, n: int = 10, first: int = 0) -> list[list[float]]:
    """Seeds whose last returns lie within 8 of `low`, spread as by chance."""
    return [[-90.0, low + 4 + 3 * float(np.sin(1.7 * (first + k) + low))] for k in range(n)]


def of_seeds(seeds: dict[str, tuple[float, int, int]], imported: frozenset[str] = frozenset()) -> Suite:
    """Variants on one task without a ceiling: (mean, seeds, first seed) each."""
    made = rows({("t", v): runs(low, n) for v, (low, n, _) in seeds.items()})
    made["seed"] += made["variant"].map({v: first for v, (_, _, first) in seeds.items()})
    return Suite(made, {"t": Scale(-100.0, None)}, [*seeds], frozenset(), imported)


def test_counts_and_amounts() -> None:
    assert [count_noun(n, "seed") for n in (0, 1, 2)] == ["0 seeds", "1 seed", "2 seeds"]
    assert [amount(x, 2) for x in (-0.001, 0.126, 12.0)] == ["0.00", "0.13", "12.00"]
    assert amount(-0.0001, 3, sign="+") == "+0.000"
    assert amount(-0.000123456, 3, raw=True) == "-0.000123"
    assert amount(-0.000123456, 3, raw=True, scale=0.0123) == "-0.0001"
    assert amount(-0.00001, 3, raw=True, scale=0.0123) == "0.0000"
    assert amount(1234.5678, 3, raw=True, sign="+") == "+1235"
    assert amount(-3.21e-9, 2, raw=True) == "-3.21e-09"
    assert amount(0.0, 2, raw=True) == "0"


def test_a_leader_that_cannot_be_compared_hides_no_comparison(tmp_path: Path) -> None:
    suite = of_seeds({"gae": (-60, 10, 0), "ppo": (-40, 10, 0), "zoo": (-20, 1, 0)}, frozenset({"zoo"}))
    text = headline(suite)
    assert text.startswith("Among those compared, `ppo` has the highest mean return on t (-3")
    assert "It is shown to be better than `gae`, by at least 1" in text
    assert text.endswith("`zoo` has one run and is not compared.")
    row = guide.row(suite, CASE)
    assert row is not None
    assert str(row["use"]).startswith("`ppo`")
    assert str(row["what is shown"]).endswith("; `zoo` has one run and is not compared")
    page = reported(suite, tmp_path)
    assert leader.headline(suite).text in page
    assert "Nothing is compared" not in page


def test_a_leader_whose_seeds_no_other_has() -> None:
    suite = of_seeds({"a": (-60, 10, 0), "b": (-40, 10, 0), "c": (-20, 10, 10)})
    text = headline(suite)
    assert text.startswith("Among those compared, `b` has the highest mean")
    assert text.endswith("`c` shares no seeds with the others.")
    alone = of_seeds({"a": (-60, 10, 0), "b": (-40, 10, 10)})
    assert headline(alone) == "Nothing is compared: `b` and `a` share no seeds."
    row = guide.row(alone, CASE)
    assert row is not None
    assert (row["use"], row["what is shown"]) == ("-", "nothing: `b` and `a` share no seeds")


def test_seeds_are_counted_for_those_of_whom_a_sentence_speaks() -> None:
    suite = of_seeds({"a": (-50, 1, 0), "b": (-60, 10, 0), "c": (-20, 10, 0)})
    text = headline(suite)
    assert " One seed does not separate it from `a`." in text
    assert re.search(r"It is shown to be better than `b`, by at least \d+\.\d \(ten seeds\)\.", text)
    row = guide.row(suite, CASE)
    assert row is not None
    assert str(row["what is shown"]).endswith("(ten seeds)")
    suite = of_seeds({"a": (-21, 1, 0), "b": (-60, 10, 0), "c": (-20, 10, 0), "d": (-20.5, 10, 0)})
    assert "1 to 10 seeds do not separate it from `a` and `d`." in _sorted_names(headline(suite))


def _sorted_names(text: str) -> str:
    return text.replace("`d` and `a`", "`a` and `d`")


def test_small_returns_are_not_zero(tmp_path: Path) -> None:
    k = 1e-5
    of = {("t", v): [[k * x for x in seed] for seed in runs(low)] for v, low in (("a", -50), ("b", -51), ("c", -70))}
    suite = suite_of(of, Scale(-100 * k, None))
    page = reported(suite, tmp_path)
    prose = "\n".join(line for line in page.splitlines() if not line.startswith(("|", "!", "*")))
    assert "against" in prose
    row = guide.row(suite, CASE)
    for text in (headline(suite), prose, str(row)):
        assert not re.search(r"(?<!p )[-+]?\b0\.0+(?![\d.])", text), text
    assert " loses 0.000" in prose


@pytest.mark.parametrize("seeds", [1, 10])
def test_no_sentence_counts_one_in_the_plural(seeds: int, tmp_path: Path) -> None:
    suite = suite_of({("t", "a"): runs(-50, seeds), ("t", "b"): runs(-20, seeds)}, Scale(-100.0, 0.0))
    page = reported(suite, tmp_path)
    assert not ONE.findall(page)
    assert "1 of 1" not in page
    assert not re.search(r"loses -", page)


def test_a_loss_is_a_magnitude() -> None:
    suite = suite_of({("t", "a"): runs(-20), ("t", "b"): runs(-60)}, Scale(-100.0, 0.0))
    family = [Pair("b", "a")]
    (text,) = sentences.pair_sentences(suite_table(suite, family, task_table(suite, family)), suite.unit)
    assert text.startswith("`b` against `a` loses 0.")


def test_p_has_two_digits_and_small_ones_a_bound() -> None:
    assert [p_value(p) for p in (0.0498, 0.0312, 0.00586, 0.00041, 0.0001, 0.00009, 9e-8)] == [
        "p 0.0498", "p 0.031", "p 0.0059", "p 0.00041", "p 0.0001", "p < 0.0001", "p < 0.0001"
    ]  # fmt: skip


def test_a_span_of_equals_is_one_number() -> None:
    assert [span(0.194, 0.577), span(0.998, 1.0001), span(1.18, 5537.2)] == ["0.19 to 0.58", "1.00", "1.18 to 5,537.20"]
