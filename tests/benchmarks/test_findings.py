"""Sentences and figures of hand-made suites in which the right answer is obvious."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import knob_figures
from benchmarks.drawings import Standing, Turned
from benchmarks.findings import Bonuses, Staleness
from benchmarks.panels import Data
from benchmarks.sign_flips import sign_flip_shift
from benchmarks.store.sources import MEASURE_COLUMNS
from benchmarks.suite import Scale, Suite
from benchmarks.tested import BRACKETS

WOBBLE = np.array([1.0, -1.0] * 5)  # of ten seeds: mean 0, standard deviation sqrt(10 / 9)
FINE, ROUGH = 0.01 * WOBBLE, 0.1 * WOBBLE  # .01 sqrt(10/9) t_9 / sqrt(10) = .0075 is half an interval


def data(finals: Mapping[tuple[str, str], np.ndarray | float], seeds: int = 10) -> Data:
    """Runs that rise from 0 to these final scores, in two checkpoints; a cosine of half the score where it is written."""
    rows = [
        {"task": task, "variant": variant, "seed": seed, "learning_rate": 0.01, "checkpoint": k, "fraction": float(k),
         "env_steps": 1000 * k, "updates": k, "wall_s": 1.0 * k, "eval_return": k * float(score),
         "eval_return_greedy": 0.0, "diverged": False}
        for (task, variant), of in finals.items()
        for seed, score in enumerate(np.broadcast_to(of, seeds))
        for k in (0, 1)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    measures = frame[frame["task"] == "text"].assign(measure="gradient_cosine", value=frame["eval_return"] / 2)
    scales = {task: Scale(0.0, 1.0, 1.0) for task in dict.fromkeys(t for t, _ in finals)}
    suite = Suite(frame, scales, list(dict.fromkeys(v for _, v in finals)))
    return Data(suite, measures[MEASURE_COLUMNS])


def on_both(finals: Mapping[str, np.ndarray | float]) -> dict[tuple[str, str], np.ndarray | float]:
    return {(task, v): of for task in ("text", "pole") for v, of in finals.items()}


LAGS = Staleness("gae", {1: "lag 1", 8: "lag 8"}, 8, {"V-trace": "vtrace", "token IS": "token", "a mask": "mask"})


def test_a_loss_is_told_from_none_and_a_repair_from_none() -> None:
    """Two questions: two lags (a loss in all of ten seeds, p 2/1024 times 2), and three repairs (times 3)."""
    finals = on_both({"gae": 0.9, "lag 1": 0.9 + ROUGH, "lag 8": 0.4 + FINE, "vtrace": 0.7, "token": 0.5})
    finals["text", "mask"] = 0.4 + FINE + ROUGH
    error = 0.1 / np.sqrt(9)  # the standard error of .1 times WOBBLE: .1 sqrt(10 / 9) / sqrt(10)
    of_two, of_three = (sign_flip_shift(10, 0.05 / n) * error for n in (2, 3))
    assert f"{of_three:.2f}" != f"{sign_flip_shift(10, 0.05) * error:.2f}"
    assert LAGS.sentence(data(finals)) == (
        f"Without a correction for staleness, no loss is shown at lag 1 ({of_two:.2f} is detected with probability 0.8). "
        "Without a correction for staleness, lag 8 costs 0.50 [0.49, 0.51] of the normalised score. "
        "These 2 comparisons are corrected together (Holm): p at most 0.0039, 10 seeds. "
        "At lag 8 V-trace wins back 0.30 [0.29, 0.31], token IS 0.10 [0.09, 0.11]. "
        f"At lag 8 no difference is shown for a mask on 1 of 2 tasks ({of_three:.2f} is detected with probability 0.8). "
        f"These 3 comparisons are corrected together (Holm): p at most 0.0059, 10 seeds. {BRACKETS}"
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
    said = CORRECTED.sentence(data(finals))
    assert "At lag 8 token IS wins back 0.30 [0.29, 0.31]." in said
    assert "Against the same lag uncorrected, token IS: loses 0.20 [0.20, 0.20] at lag 1." in said
    assert (
        "Against the same lag uncorrected, V-trace: no gain or loss is shown at lag 1. "
        "Its largest loss among those not shown is 0.01 [-0.07, 0.09], at lag 1 (corrected p 0.76)." in said
    )
    assert "These 3 comparisons are corrected together (Holm): p at most 0.0059, 10 seeds." in said
    assert "`lag 8 + token` gains 0.3 on text. `lag 1 + token` loses 0.4 and `lag 8 + token` gains 0.3 on pole." in said
    assert (
        "The largest loss of a correction on one task that is not shown: `lag 1 + vtrace` on text, 0.01 "
        "(corrected p 1)." in said
    )


def test_every_sentence_of_a_finding_is_short() -> None:
    finals = on_both(
        {"gae": 0.9, "lag 1": 0.9 + ROUGH, "lag 8": 0.4, "lag 8 + token": 0.7, "lag 1 + token": 0.5 + FINE}
    )
    for sentence in CORRECTED.sentence(data(finals)).split(". "):
        assert len(sentence.split()) <= 40


def test_a_late_lag_is_told_by_task() -> None:
    """On text it loses .5 and a correction wins .3 back; on pole both wobble. p 2/1024 times the 2 tasks of each pair."""
    finals: dict[tuple[str, str], np.ndarray | float] = {("text", "gae"): 0.9, ("text", "lag 8"): 0.4 + FINE}
    finals |= {("text", "vtrace"): 0.7, ("pole", "gae"): 0.9, ("pole", "lag 8"): 0.9 + ROUGH, ("pole", "vtrace"): 0.9}
    text = replace(LAGS, late=(8, ("vtrace",))).sentence(data(finals))
    assert text.endswith(
        f"Each task alone (Holm over the tasks of a pair): `lag 8` loses 0.5 and `vtrace` gains 0.3 on text. {BRACKETS}"
    )
    level = dict.fromkeys(finals, 0.9 + ROUGH) | {("text", "gae"): 0.9, ("pole", "gae"): 0.9}
    text = replace(LAGS, late=(8, ("vtrace",))).sentence(data(level))
    assert text.endswith(f"Each task alone (Holm over the tasks of a pair): no difference is shown. {BRACKETS}")


def test_where_nothing_is_lost_nothing_is_won_back() -> None:
    """The correction makes lag 8 worse: it loses, and not "another" of what was not lost."""
    finals = on_both(
        {"gae": 0.9, "lag 1": 0.9 + ROUGH, "lag 8": 0.9 + ROUGH, "vtrace": 0.7, "token": 0.9 + ROUGH + FINE}
    )
    finals["text", "mask"] = finals["pole", "mask"] = 1.0 + ROUGH
    text = LAGS.sentence(data(finals))
    assert "no loss is shown at lags 1 and 8 (" in text
    assert "costs" not in text
    assert "wins back" not in text
    assert "At lag 8 a mask gains 0.10 [0.10, 0.10]. At lag 8 V-trace loses 0.20 [0.12, 0.28]." in text
    assert "At lag 8 no difference is shown for token IS (0.01" in text


def test_a_loss_in_seven_of_ten_seeds_is_not_claimed() -> None:
    """.1 lost by seven and won by three: a mean of -.04, p 176 / 512 = .34."""
    d = np.array([-0.1] * 7 + [0.1] * 3)
    text = LAGS.sentence(data(on_both({"gae": 0.5, "lag 1": 0.5 + d, "lag 8": 0.5 + d})))
    assert "no loss is shown at lags 1 and 8" in text
    assert "costs" not in text
    assert text.endswith(f"These 2 comparisons are corrected together (Holm): p at least 0.69, 10 seeds. {BRACKETS}")


def test_too_few_seeds_say_so() -> None:
    """Four seeds: 2 / 16 for one comparison, twice that for two; and nothing is said of variants that did not run."""
    finals = on_both({"gae": 0.9, "lag 1": 0.9, "lag 8": 0.1})
    assert LAGS.sentence(data(finals, seeds=4)) == (
        "4 seeds show nothing here: the smallest p that 2 comparisons leave is 0.25."
    )
    assert LAGS.sentence(data(on_both({"gae": 0.9}))) == ""


def test_too_few_seeds_for_the_tasks_of_a_pair_say_so_in_the_sentence() -> None:
    """Six seeds: 2 / 64 for one comparison over both tasks, which is shown (.031); two tasks of a pair are not (.062)."""
    finals = on_both({"gae": 0.9, "lag 8": 0.1, "vtrace": 0.5})
    text = replace(LAGS, late=(8, ("vtrace",))).sentence(data(finals, seeds=6))
    assert text.startswith("Without a correction for staleness, lag 8 costs 0.80")
    assert "6 seeds show nothing here: the smallest p that 2 comparisons leave is 0.062." in text


def test_a_bonus_is_told_from_none_over_all_tasks_and_by_task() -> None:
    """ "more" gains .4 on one task alone; "less" loses .3 on it: over the two tasks half of that."""
    finals = on_both({"none": 0.5, "more": 0.5 + ROUGH, "less": 0.5 + ROUGH, "same": 0.5 + ROUGH})
    finals["text", "more"], finals["text", "less"] = 0.9 + FINE, 0.2 + FINE
    said = Bonuses("none", ("more", "less", "same"), (("less", "same"),)).sentence(data(finals))
    assert said.startswith(
        "Over 2 tasks, `more` gains 0.20 [0.16, 0.24] against no bonus. `less` loses 0.15 [0.11, 0.19] against no bonus."
    )
    assert "`same` is not shown to differ from no bonus (0.1" in said
    assert "`less` loses 0.15 [0.12, 0.18] against `same`. These 4 comparisons" in said
    assert "are corrected together (Holm): p at most 0.0078, 10 seeds." in said
    assert said.endswith(
        "Each task alone (Holm over the tasks of a pair): `less` loses 0.3 and `more` gains 0.4 on text. " + BRACKETS
    )


def test_a_bonus_that_wobbles_is_claimed_nowhere() -> None:
    said = Bonuses("none", ("more", "less")).sentence(
        data(on_both({"none": 0.5, "more": 0.5 + ROUGH, "less": 0.5 - ROUGH}))
    )
    assert said.startswith("Over 2 tasks, `more` and `less` are not shown to differ from no bonus (0.1")
    assert said.endswith(
        f"Each task alone (Holm over the tasks of a pair): no difference from no bonus is shown. {BRACKETS}"
    )


def test_a_knob_is_drawn_where_the_means_are() -> None:
    """Two lines over three lags at equal distances; no cosine where there is none; the area of a rise is half its end."""
    made = data(on_both({"gae": 0.8, "lag 4": 0.4, "lag 16": 0.2, "token": 0.6}))
    lines = {"uncorrected": {0: "gae", 4: "lag 4", 16: "lag 16"}, "token IS": {0: "gae", 16: "token", 4: "not run"}}
    figure = Turned("k", "c", lines=lines, label="lag").draw(made)
    assert [a.get_visible() for a in figure.axes] == [True, True, True, True, True, False]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["0", "4", "16"]
    for axis, means in zip(figure.axes[::2], ([0.8, 0.4, 0.2], [0.4, 0.2, 0.1], [0.2, 0.1, 0.05]), strict=True):
        np.testing.assert_allclose(axis.lines[0].get_ydata(), means)
        np.testing.assert_allclose(axis.lines[0].get_xdata(), [0, 1, 2])
    np.testing.assert_allclose(figure.axes[0].lines[2].get_ydata(), [0.8, 0.6])
    np.testing.assert_allclose(figure.axes[0].lines[2].get_xdata(), [0, 2])
    assert [a.get_ylabel() for a in figure.axes[::2]] == [*knob_figures.WORDS.values()]


def test_a_rows_label_stands_where_its_first_panel_is() -> None:
    """The cosine exists on the second task alone."""
    made = data({("pole", "gae"): 0.8, ("text", "gae"): 0.8})
    figure = Turned("k", "c", lines={"uncorrected": {0: "gae"}}, label="lag", measures=("gradient_cosine",)).draw(made)
    assert [a.get_visible() for a in figure.axes] == [False, True]
    assert figure.axes[1].get_ylabel() == "cosine to exact gradient"


def test_variants_stand_side_by_side_with_the_levels_they_are_held_against() -> None:
    finals = on_both({"gae": 0.9, "token": 0.6 + ROUGH})
    finals["text", "mask"] = 0.3
    figure = Standing("s", "c", {"token IS": "token", "a mask": "mask"}, {"no lag": "gae"}).draw(data(finals))
    text, pole = figure.axes
    assert [a.get_title() for a in figure.axes] == ["text", "pole"]
    assert [label.get_text() for label in text.get_yticklabels()] == ["token IS", "a mask"]
    level, dots, bar, mean = text.lines[:4]
    assert [*level.get_xdata()] == pytest.approx([0.9, 0.9])
    np.testing.assert_allclose(dots.get_xdata(), 0.6 + ROUGH)
    assert [*mean.get_xdata()] == pytest.approx([0.6])
    assert [*bar.get_xdata()] == pytest.approx([0.6 - 0.0754, 0.6 + 0.0754], abs=1e-4)  # .1 sqrt(10/9) t_9 / sqrt(10)
    assert [note.get_text() for note in pole.texts] == ["does not run here"]
    assert not text.texts
