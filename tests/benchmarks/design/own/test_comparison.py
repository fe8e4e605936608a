"""Comparisons of one's own: their names, what they ask, and how a report finds them again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.design.own import comparison
from benchmarks.experiments import EXPERIMENTS
from envs.validation import UsageError

LADDER = EXPERIMENTS["ladder"]


def test_what_is_asked() -> None:
    assert comparison.question(["t"], ["a", "b", "c"]) == "How do a, b and c compare on t?"
    assert comparison.question(list("tuvw"), list("abcd")) == "How do a, b, c and d compare on t, u, v, w?"
    assert comparison.question(list("tuvwx"), list("abcde")) == "How do 5 variants compare on 5 tasks?"
    assert comparison.question(["t", "u"], ["a"]) == "How well does a learn t, u?"


def test_it_is_found_under_its_name_with_the_line_that_runs_it(tmp_path: Path) -> None:
    made = replace(comparison.named(LADDER, "lam", "Which?"), tasks=("t",), variants=("v",))
    assert (made.seeds, made.guide, made.figures, made.finding) == (30, (), (), None)
    comparison.save(tmp_path / "lam-smoke", "ladder", made, "run it")
    assert comparison.load("lam", tmp_path, EXPERIMENTS) == (made, "run it")
    assert comparison.load("other", tmp_path, EXPERIMENTS) is None
    comparison.check_name("lam-smoke", EXPERIMENTS, tmp_path)  # its own folder may be used again
    with pytest.raises(UsageError, match="a comparison by ladder, not by causal; choose another --name"):
        comparison.save(tmp_path / "lam-smoke", "causal", made, "run it")
    (tmp_path / "lam-smoke" / comparison.FILE).write_text("{}")
    assert comparison.load("lam", tmp_path, EXPERIMENTS) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a/b", "--name names a folder: letters, digits and - _ . = +, not 'a/b'"),
        ("my comparison", "not 'my comparison'"),
        ("-x", "not '-x'"),
        ("ladder", "--name ladder is taken by an experiment of ours"),
        ("rates", "--name rates is taken by other results of ours"),
        ("studied", "holds other results; choose another name"),
    ],
)
def test_names_that_are_taken_or_no_folders_are_refused(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "studied/cells").mkdir(parents=True)
    (tmp_path / "studied/cells/a__b.parquet").write_text("")
    with pytest.raises(UsageError) as caught:
        comparison.check_name(name, EXPERIMENTS, tmp_path)
    assert said in str(caught.value)
