"""Two variants beside each other: bars and numbers by hand, and sentences that claim what the seeds show."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from algorithms.training.records import Record
from benchmarks.cli.main import main
from benchmarks.cli.training import side_by_side
from benchmarks.cli.training.side_by_side import Curve, axis, bar, curve_table, differences
from benchmarks.store.sources import read_cells
from envs.control.limits import Limits
from tests.benchmarks.small_cells import small_cell

FRACTIONS = np.array([0.0, 1.0])


def curve(name: str, final: Sequence[float], first: float = 0.0) -> Curve:
    """A curve that starts at one score."""
    return Curve(name, FRACTIONS, np.array([[first] * len(final), final]))


def test_a_bar_is_solid_below_the_interval_and_ends_at_its_upper_end() -> None:
    """Ten columns from 0 to 1, whose middles are .05, .15, ...: up to .42, .64 and .81."""
    assert bar(0.64, 0.42, 0.81, 0.0, 1.0, 10) == " ████▓▓░░"
    assert bar(0.64, 0.64, 0.64, 0.0, 1.0, 10) == " ██████"  # of one seed
    assert bar(-5.0, -6.0, -4.0, -10.0, 0.0, 10) == " ████▓░"
    assert bar(0.5, 0.5, 0.5, 0.0, 1.0, 0) == " "


@pytest.mark.parametrize(
    ("scores", "raw", "ends"),
    [([0.2, 0.4], False, (0, 1)), ([-0.5, 1.2], False, (-0.5, 1.2)), ([20, 500], True, (20, 500)), ([], False, (0, 1))],
)
def test_an_axis_holds_all_scores(scores: list[float], raw: bool, ends: tuple[float, float]) -> None:
    assert axis(np.array(scores, float), raw) == ends


def test_a_line_a_checkpoint_with_mean_and_interval() -> None:
    """.4 and .6: mean .5, t_1 = 12.7 times .1; its upper end is cut at 1, its lower one is not."""
    text = curve_table([curve("a", [0.4, 0.6]), curve("b", [0.9, 0.9])], 80, False, Limits(high=1.0))
    first, zero, last = text.splitlines()
    assert first.split() == ["a", "b"]
    assert zero.split() == ["0%", "0.000", "[0.000,", "0.000]", "0.000", "[0.000,", "0.000]"]
    assert last.split()[:4] == ["100%", "0.500", "[-0.771,", "1.000]"]
    assert last.endswith("0.900 [0.900, 0.900]     █████████")
    assert max(map(len, text.splitlines())) <= 80
    assert "1.771]" in curve_table([curve("a", [0.4, 0.6])], 80, raw=False)  # a reference score is no limit
    four = curve_table([curve(f"a variant of a long name {k}", [0.4, 0.6]) for k in range(4)], 120, raw=False)
    assert max(map(len, four.splitlines())) <= 120


def test_a_difference_is_claimed_where_the_seeds_show_it() -> None:
    """Eight differences of one sign: p = 2 / 2^8."""
    low, high = [0.1, 0.2] * 4, [0.5, 0.6, 0.7, 0.8] * 2
    (text,) = differences([curve("a", low), curve("b", high)], raw=False)
    assert text.startswith("b ends higher than a: 0.650 against 0.150, +0.500 [")
    assert text.endswith("(p 0.0078, 8 seeds in pairs).")
    assert differences([curve("a", high), curve("b", low)], raw=False)[0].startswith("b ends lower than a: 0.150")


def test_too_few_seeds_claim_nothing_and_how_many_would_do_is_said() -> None:
    """Five seeds: 2 / 2^5 is above .05, six are enough; of two comparisons seven."""
    five = [0.1, 0.2, 0.3, 0.2, 0.1]
    (text,) = differences([curve("a", five), curve("b", [x + 0.5 for x in five])], raw=False)
    assert text == (
        "b ends at 0.680 against 0.180 of a. Five seeds cannot show a difference, because the smallest p is 0.0625. "
        "Give --seeds 6 or more."
    )
    three = differences([curve(n, [x + k for x in five]) for k, n in enumerate("abc")], raw=True)
    assert all(line.endswith("the smallest corrected p is 0.125. Give --seeds 7 or more.") for line in three)


def test_what_is_not_shown_is_not_claimed() -> None:
    (text,) = differences([curve("a", [0.1, 0.2] * 4), curve("b", [0.2, 0.1] * 4)], raw=False)
    assert text.startswith("It is not shown that b and a differ at the end: 0.150 against 0.150, +0.000 [")
    assert re.search(r" Eight seeds \w+ a true difference of 0\.\d+ ", text)


def test_the_same_scores_and_lost_runs_are_said() -> None:
    same, lost = [0.1, 0.2] * 4, [float("nan")] * 8
    texts = differences([curve("a", same), curve("b", same), curve("c", lost)], raw=False)
    assert texts == [
        "b and a end with the same score on every seed.",
        "c and a are not compared, because all seeds of one diverged.",
    ]
    assert "all diverged" in curve_table([curve("a", same), curve("c", lost)], 80, raw=False)


def test_p_is_corrected_over_all_that_are_compared() -> None:
    low = [0.1, 0.2] * 4
    texts = differences([curve("a", low), curve("b", [x + 0.5 for x in low]), curve("c", low[::-1])], raw=False)
    assert "(p 0.016, 8 seeds in pairs)" in texts[0]


def test_without_a_terminal_a_long_training_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "PLAIN_EVERY_S", -1.0)
    printed = io.StringIO()
    console = Console(file=printed)
    show = side_by_side.shown_as(console.status(""), small_cell())
    show(Record(0, 0.003, 5, 0.5, 250, 10, 1.0, 0.4, 0.5, False))
    assert printed.getvalue() == "bandit/small x gae: 50%\n"


def test_both_are_trained_on_the_same_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--task", "bandit/small", "--seeds", "3", "--env-steps", "300", "--results", str(tmp_path)]
    assert main([*words, "--variants", "reinforce,gae"]) == 0
    out = capsys.readouterr().out
    frame = read_cells(sorted((tmp_path / "train/cells").glob("*.parquet")))
    seeds = frame.groupby("variant")["seed"].unique()
    assert [list(seeds[name]) for name in ("reinforce", "gae")] == [[0, 1, 2]] * 2
    assert re.search(r"^ +reinforce +gae$", out, re.MULTILINE)
    assert "Three seeds cannot show a difference" in out
    assert ("bars: " in out) == ("\u2588" in out)
    assert len(re.findall(r"^ +\d+%", out, re.MULTILINE)) == 11
    assert main([*words, "--variants", "gae,reinforce"]) == 0  # nothing is trained again
    assert "seeds 0-2" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "train takes --variant NAME or --variants A,B, one of the two"),
        (["--variant", "gae", "--variants", "ppo"], "one of the two"),
        (["--variants", "gae,ppo,a2c,reinforce,rloo"], "train shows 4 variants at most, not 5; run compares more"),
        (["--variants", "gae,pop"], "unknown variant 'pop'; nearest: "),
        (["--variants", "gae,reinforce", "--set", "estimator.surrogate.clip=.1"], "--set estimator.surrogate.clip"),
    ],
)
def test_mistakes_are_named_before_any_work(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--task", "bandit/small", *words, "--results", str(tmp_path / "results")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "results").exists()
