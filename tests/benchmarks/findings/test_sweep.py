"""What a swept property does, of suites in which the right answer is obvious."""

from __future__ import annotations

from benchmarks.findings.sweep import SweepChange
from benchmarks.statistics.wording.answers import MOST_WORDS, count_words
from tests.benchmarks.findings.rising_runs import FINE, ROUGH, data

X = {"small": 1.0, "large": 1000.0}


def test_losses_and_gains_are_told_with_their_sizes() -> None:
    finals = {("small", v): 0.5 + FINE for v in ("down", "far", "up", "same")}
    finals |= {("large", "down"): 0.4, ("large", "far"): 0.1, ("large", "up"): 0.8, ("large", "same"): 0.5 + ROUGH}
    answer, details = SweepChange(X, "tokens").sentence(data(finals)).split("\n\n")
    assert answer == (
        "From 1 to 1,000 (tokens) the score falls for 2 of 4 variants, by 0.10 (`down`) to 0.40 (`far`). "
        "It rises for `up`, by 0.30. No change is shown for `same`."
    )
    assert "- `far`: -0.400 [-0.408, -0.392] (p 0.0078)." in details


def test_lines_that_all_fall_are_told_in_one_sentence() -> None:
    finals = {(f"{line} {size}", v): (0.9 if size == "small" else 0.4) + FINE * (v == "a") for line in ("dense", "sparse")
              for size in X for v in ("a", "b")}  # fmt: skip
    x = {f"{line} {size}": value for line in ("dense", "sparse") for size, value in X.items()}
    lines = {task: task.split()[0] for task in x}
    answer = SweepChange(x, "symbols", lines).sentence(data(finals)).split("\n\n")[0]
    assert count_words(answer) <= MOST_WORDS
    assert answer.startswith("Dense: from 1 to 1,000 (symbols) the score falls for all 2 variants, by 0.50")
    many = {f"{line} {size}": value for line in "abcd" for size, value in X.items()}
    finals = {(task, v): (0.9 if "small" in task else 0.4) + FINE * (v == "a") for task in many for v in ("a", "b")}
    answer = SweepChange(many, "symbols", {t: t[0] for t in many}).sentence(data(finals)).split("\n\n")[0]
    assert answer == (
        "From 1 to 1,000 (symbols) the score of every variant falls, by 0.50 (a), 0.50 (b), 0.50 (c) and 0.50 (d)."
    )


def test_few_seeds_show_nothing_and_one_task_is_no_sweep() -> None:
    finals = {("small", "a"): 0.9, ("large", "a"): 0.1}
    assert "1 seed is too few" in SweepChange(X, "tokens").sentence(data(finals, seeds=1))
    assert SweepChange(X, "tokens").sentence(data({("small", "a"): 0.9})) == ""
