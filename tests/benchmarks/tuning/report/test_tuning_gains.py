"""Default against tuned: numbers that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from benchmarks.statistics.sign_flips import sign_flip_shift
from benchmarks.tuning.report.gains import bold_rows
from benchmarks.tuning.report.report import compose
from benchmarks.tuning.result import StageResult, load, save
from benchmarks.tuning.summary.trials import per_seed, score_limits
from tests.benchmarks.tuning.report.synthetic_studies import TEN, of, said, study


def test_the_gain_of_a_study_by_hand() -> None:
    """.5 .6 .5 .6 ... less .4: mean .15; eight differences of one sign: p 2 / 2^8."""
    row = of(study()).gains.iloc[0]
    assert [row["default"], row["tuned"], row["difference"]] == pytest.approx([0.4, 0.55, 0.15])
    half = scipy.stats.t.ppf(0.975, 7) * np.std([0.1, 0.2] * 4, ddof=1) / np.sqrt(8)
    assert [row["low"], row["high"]] == pytest.approx([0.15 - half, 0.15 + half])
    assert [row["p"], row["p_holm"], row["a12"], row["seeds"]] == [2 / 2**8, 2 / 2**8, 1.0, 8]
    assert np.isnan(row["detectable"])
    assert "Tuning raises the test score of `gae` on CartPole-v1 by +0.150" in said(study())
    assert "- By default the test score is 0.400, tuned it is 0.550." in said(study())


def test_p_is_corrected_over_all_studies_and_what_is_not_shown_has_a_detectable_difference() -> None:
    table = of(study(), study("ppo", tuned=(0.3, 0.5) * 4)).gains
    assert table["p_holm"].tolist() == [2 * 2 / 2**8, 1.0]
    d = np.array([-0.1, 0.1] * 4)
    assert np.isnan(table["detectable"][0])
    assert table["detectable"][1] == pytest.approx(sign_flip_shift(8, 0.05 / 2) * d.std(ddof=1) / np.sqrt(8))


def test_what_was_changed_is_said_in_few_characters() -> None:
    assert of(study()).changed["changed"].tolist() == ["lr 0.003 -> 0.01"]
    listed = study(default=(0.4,) * 8, configuration={"training.network.hidden": [64, 64], "estimator.credit.lam": 0.9})
    assert of(listed).changed["changed"].tolist() == [
        "lr 0.003 -> None, lam 0.95 -> 0.9, training.network.hidden None -> 64x64"
    ]


def test_where_the_default_was_chosen_nothing_is_tested() -> None:
    kept = study("ppo", values=(0.9,))
    row = of(kept).gains.iloc[0]
    assert row["kept"]
    assert row["difference"] == 0
    assert np.isnan([row["p"], row["p_holm"], row["low"], row["detectable"]]).all()
    assert of(study(), kept).gains["p_holm"].tolist()[0] == 2 / 2**8  # not a test more
    text = said(study(), kept)
    assert "The default itself was chosen in 1 of 2: `ppo` on CartPole-v1." in text
    assert "none: the default was chosen" in text
    assert "chose the default itself, of 1 trial. Its test score is 0.400 (8 test seeds)." in said(kept)
    same = study(configuration=study().default)  # drawn again, under another number
    assert of(same).gains["kept"].tolist() == [True]


def test_a_tuned_score_below_the_defaults_interval_is_counted_and_named() -> None:
    """Defaults .3 .5 ... have mean .4 and a half width of 2.36 x .107 / sqrt(8) = .089: .32 is within, .30 is not."""
    default = (0.3, 0.5) * 4
    assert "each of the 2 studies' tuned score is at least" in said(
        study(), study("ppo", default=default, tuned=(0.32,) * 8)
    )
    low = said(study(), study("ppo", default=default, tuned=(0.30,) * 8))
    assert "In 1 of 2 the tuned test score is below" in low
    assert "`ppo` on CartPole-v1 (0.300, default 0.400)" in low


def test_what_few_seeds_cannot_show_is_said() -> None:
    few = study(default=(0.4,) * 3, tuned=(0.5, 0.6, 0.7))
    made = compose("made", "?", [few])
    assert "Three seeds cannot show one: the smallest p is 0.25." in made.verdict
    assert any(w.startswith("Three test seeds: the smallest two-sided p") for w in made.warnings)
    ten = [study(v, default=(0.4,) * 10, tuned=(0.5, 0.6) * 5) for v in "abcdefghijklmnopqrstuvwxyz"]
    (warning,) = compose("made", "?", ten).warnings
    assert "the smallest corrected p is 0.0508" in warning  # 26 x 2 / 2^10
    assert not compose("made", "?", ten[:25]).warnings


def test_tasks_tuned_jointly_are_one_mean_a_seed() -> None:
    scores = {"CartPole-v1": (0.2, 0.4), "Acrobot-v1": (0.6, 0.6)}
    joint = study(
        tasks=tuple(scores),
        test={"default": StageResult(0, scores), "tuned": StageResult(1, dict.fromkeys(scores, (1.0, 1.0)))},
    )
    row = of(joint).gains.iloc[0]
    assert row["task"] == "CartPole-v1 + Acrobot-v1"
    assert row["default"] == pytest.approx((0.4 + 0.5) / 2)
    assert per_seed(scores).tolist() == pytest.approx([0.4, 0.5])


def test_bold_is_who_may_be_best_of_a_task() -> None:
    made = of(study("a"), study("b", default=(0.5,) * 8), study("c", ("Acrobot-v1",)))
    assert bold_rows(made) == {"default": [False, True, False], "tuned": [True, True, False]}


def test_intervals_end_at_what_the_author_of_the_task_declares(tmp_path: Path) -> None:
    """Returns of a task of one's own end at 0; the score of CartPole-v1 ends at its 500, which counts 1."""
    own = replace(
        study(tasks=("tank:Tank",), **TEN),
        scales={"tank:Tank": (None, None, None)},
        return_ranges={"tank:Tank": [None, 0.0]},
    )
    read = load(save(own, tmp_path))
    assert score_limits(read) == (float("-inf"), 0.0)
    assert score_limits(replace(read, return_ranges={})) == (float("-inf"), float("inf"))
    assert score_limits(replace(study(), scales={"CartPole-v1": (20.0, 500.0, 475.0)})).high == 1.0
