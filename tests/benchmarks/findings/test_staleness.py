"""Sentences on staleness, of suites in which the right answer is obvious."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.findings.staleness import Staleness
from benchmarks.statistics.sign_flips import sign_flip_shift
from benchmarks.statistics.wording.sentences import BRACKETS
from tests.benchmarks.findings.rising_runs import FINE, ROUGH, data, on_both, said_by

LAGS = Staleness("gae", {1: "lag 1", 8: "lag 8"}, 8, {"V-trace": "vtrace", "token IS": "token", "a mask": "mask"})

BY_TASK = "Differences on single tasks are corrected over the tasks of each pair (Holm)."


def test_a_loss_is_told_from_none_and_a_repair_from_none() -> None:
    """Two questions: two lags (a loss in all of ten seeds, p 2/1024 times 2), and three repairs (times 3)."""
    finals = on_both({"gae": 0.9, "lag 1": 0.9 + ROUGH, "lag 8": 0.4 + FINE, "vtrace": 0.7, "token": 0.5})
    finals["text", "mask"] = 0.4 + FINE + ROUGH
    error = 0.1 / np.sqrt(9)  # the standard error of .1 times WOBBLE: .1 sqrt(10 / 9) / sqrt(10)
    of_two, of_three = (sign_flip_shift(10, 0.05 / n) * error for n in (2, 3))
    assert f"{of_three:.2f}" != f"{sign_flip_shift(10, 0.05) * error:.2f}"
    assert said_by(LAGS, data(finals)) == (
        "Without a correction for staleness, lag 8 costs 0.50 [0.49, 0.51] of the normalised score. "
        f"No loss is shown at lag 1: a true difference of {of_two:.2f} would be found in 80 % of such experiments. "
        "These 2 comparisons of 10 seeds are corrected together (Holm): those that are shown have p at most 0.0039. "
        "At lag 8 V-trace wins back 0.30 [0.29, 0.31], token IS 0.10 [0.09, 0.11]. "
        "At lag 8 no difference is shown for a mask on 1 of 2 tasks. "
        f"There, a true difference of {of_three:.2f} would be found in 80 % of such experiments. "
        "These 3 comparisons of 10 seeds are corrected together (Holm): those that are shown have p at most 0.0059. "
        f"{BRACKETS}"
    )


CORRECTED = replace(
    LAGS,
    repairs={"token IS": "lag 8 + token"},
    corrections={"token IS": {1: "lag 1 + token", 8: "lag 8 + token"}, "V-trace": {1: "lag 1 + vtrace"}},
)


def test_corrections_that_hurt_are_named_at_their_lag_and_task() -> None:
    """At lag 1 token IS loses .4 on pole alone, so .2 over both tasks; V-trace wobbles. At lag 8 token IS wins .3 back."""
    finals = on_both(
        {"gae": 0.9, "lag 1": 0.9, "lag 8": 0.4 + FINE, "lag 8 + token": 0.7, "lag 1 + vtrace": 0.89 + ROUGH}
    )
    finals |= {("text", "lag 1 + token"): 0.9, ("pole", "lag 1 + token"): 0.5 + FINE}
    said = said_by(CORRECTED, data(finals))
    assert "At lag 8 token IS wins back 0.30 [0.29, 0.31]." in said
    assert "Against the same lag uncorrected, token IS loses 0.20 [0.20, 0.20] at lag 1." in said
    assert (
        "At lag 1 no gain or loss of V-trace is shown. The largest loss of V-trace among those not shown is "
        "0.01 [-0.07, 0.09], at lag 1 (corrected p 0.76)." in said
    )
    assert (
        "These 3 comparisons of 10 seeds are corrected together (Holm): those that are shown have p at most 0.0059."
        in said
    )
    assert (
        "On text `lag 8 + token` gains 0.3. On pole `lag 1 + token` loses 0.4. On pole `lag 8 + token` gains 0.3."
        in said
    )
    assert (
        "The largest loss of a correction on one task that is not shown: `lag 1 + vtrace` on text, 0.01 "
        "(corrected p 1)." in said
    )


def test_every_sentence_of_a_finding_is_short() -> None:
    finals = on_both(
        {"gae": 0.9, "lag 1": 0.9 + ROUGH, "lag 8": 0.4, "lag 8 + token": 0.7, "lag 1 + token": 0.5 + FINE}
    )
    for sentence in said_by(CORRECTED, data(finals)).split(". "):
        assert len(sentence.split()) <= 40


def test_a_late_lag_is_told_by_task() -> None:
    """On text it loses .5 and a correction wins .3 back; on pole both wobble. p 2/1024 times the 2 tasks of each pair."""
    finals: dict[tuple[str, str], np.ndarray | float] = {("text", "gae"): 0.9, ("text", "lag 8"): 0.4 + FINE}
    finals |= {("text", "vtrace"): 0.7, ("pole", "gae"): 0.9, ("pole", "lag 8"): 0.9 + ROUGH, ("pole", "vtrace"): 0.9}
    text = said_by(replace(LAGS, late=(8, ("vtrace",))), data(finals))
    assert text.endswith(f"On text `lag 8` loses 0.5. On text `vtrace` gains 0.3. {BY_TASK} {BRACKETS}")
    level = dict.fromkeys(finals, 0.9 + ROUGH) | {("text", "gae"): 0.9, ("pole", "gae"): 0.9}
    text = said_by(replace(LAGS, late=(8, ("vtrace",))), data(level))
    assert text.endswith("No difference is shown on any single task.")


def test_where_nothing_is_lost_nothing_is_won_back() -> None:
    """The correction makes lag 8 worse: it loses, and not "another" of what was not lost."""
    finals = on_both(
        {"gae": 0.9, "lag 1": 0.9 + ROUGH, "lag 8": 0.9 + ROUGH, "vtrace": 0.7, "token": 0.9 + ROUGH + FINE}
    )
    finals["text", "mask"] = finals["pole", "mask"] = 1.0 + ROUGH
    text = said_by(LAGS, data(finals))
    assert "no loss is shown at lags 1 and 8: a true difference of " in text
    assert "costs" not in text
    assert "wins back" not in text
    assert "At lag 8 a mask gains 0.10 [0.10, 0.10]. At lag 8 V-trace loses 0.20 [0.12, 0.28]." in text
    assert "At lag 8 no difference is shown for token IS. There, a true difference of 0.01" in text


def test_a_loss_in_seven_of_ten_seeds_is_not_claimed() -> None:
    """.1 lost by seven and won by three: a mean of -.04, p 176 / 512 = .34."""
    d = np.array([-0.1] * 7 + [0.1] * 3)
    text = said_by(LAGS, data(on_both({"gae": 0.5, "lag 1": 0.5 + d, "lag 8": 0.5 + d})))
    assert "no loss is shown at lags 1 and 8" in text
    assert "costs" not in text
    assert text.endswith(
        "These 2 comparisons of 10 seeds are corrected together (Holm): none is shown, p is at least 0.69."
    )


def test_too_few_seeds_say_so() -> None:
    """Four seeds: 2 / 16 for one comparison, twice that for two; and nothing is said of variants that did not run."""
    finals = on_both({"gae": 0.9, "lag 1": 0.9, "lag 8": 0.1})
    assert said_by(LAGS, data(finals, seeds=4)) == (
        "Four seeds cannot show a difference among 2 comparisons, because the smallest corrected p is 0.25."
    )
    assert said_by(LAGS, data(on_both({"gae": 0.9}))) == ""


def test_too_few_seeds_for_the_tasks_of_a_pair_say_so_in_the_sentence() -> None:
    """Six seeds: 2 / 64 for one comparison over both tasks, which is shown (.031); two tasks of a pair are not (.062)."""
    finals = on_both({"gae": 0.9, "lag 8": 0.1, "vtrace": 0.5})
    text = said_by(replace(LAGS, late=(8, ("vtrace",))), data(finals, seeds=6))
    assert text.startswith("Without a correction for staleness, lag 8 costs 0.80")
    assert "Six seeds cannot show a difference among 2 comparisons, because the smallest corrected p is 0.0625." in text


def test_the_answer_is_a_short_paragraph_and_the_rest_a_list() -> None:
    finals = on_both({"gae": 0.9, "lag 1": 0.9 + ROUGH, "lag 8": 0.4 + FINE, "vtrace": 0.7, "token": 0.5})
    answer, details = LAGS.sentence(data(finals)).split("\n\n")
    assert answer.startswith("Without a correction for staleness, lag 8 costs 0.50")
    assert len(answer.split()) <= 40
    assert [line[:12] for line in details.splitlines()] == [
        "- These 2 co",
        "- At lag 8 V",
        "- These 2 co",
        f"- {BRACKETS[:10]}",
    ]
