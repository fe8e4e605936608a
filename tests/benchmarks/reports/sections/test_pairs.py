"""All pairs are shown where they can show more than the families above them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchmarks.design.report_blocks import Prose, Section
from benchmarks.reports.sections import pairs
from benchmarks.reports.sections.verdicts import on_each_task, over_tasks, verdict, with_verdict
from tests.benchmarks.synthetic_results import RUNGS, frame, report_input


def all_pairs(made: pd.DataFrame, out: Path, **changes: object) -> Section:
    made_of = replace(report_input(made, out), **changes)  # type: ignore[arg-type]
    return next(section for section in pairs.families(made_of) if section.title == "All pairs")


def only_text(section: Section) -> str:
    (block,) = section.blocks
    assert isinstance(block, Prose)
    return block.text


def test_ten_seeds_of_five_variants_show_all_pairs(tmp_path: Path) -> None:
    section = all_pairs(frame(), tmp_path)
    assert len(section.blocks) == 3
    assert " of 10 differences are shown" in section.blocks[0].text  # type: ignore[union-attr]


def test_pairs_that_other_families_hold_are_not_shown_again(tmp_path: Path) -> None:
    """Of three variants the two rungs and the comparison with the first are all there is."""
    made = frame()
    made = made[made["variant"].isin(["reinforce", "reward_to_go", "baseline_loo", "random"])]
    text = only_text(all_pairs(made, tmp_path))
    assert text == "All pairs are not shown: the comparisons above hold each of them."


def test_seeds_that_can_show_nothing_are_told_of_in_one_sentence(tmp_path: Path) -> None:
    text = only_text(all_pairs(frame(seeds=5), tmp_path))
    assert text.startswith(
        "All pairs are not shown, because they could show nothing. Five seeds cannot show a difference"
    )


def test_verdicts_are_those_of_the_corrected_tests(tmp_path: Path) -> None:
    made = report_input(frame(), tmp_path)
    found = over_tasks(made)
    assert set(found) == {*RUNGS} - {"reinforce"}
    assert found["gae"][1] == "better"
    assert abs(found["gae"][0] - 0.6) < 0.02
    assert on_each_task(made)["CartPole-v1"]["ppo"][1] == "better"
    assert [verdict(*x) for x in ((0.04, 1.0), (0.04, -1.0), (0.05, 1.0))] == ["better", "worse", "not shown"]


def test_a_table_of_comparisons_leads_with_what_matters() -> None:
    row = {"variant": "b", "against": "a", "tasks": 2, "seeds": 5, "difference": -0.2, "low": -0.3, "high": -0.1,
           "p": 0.01, "p_holm": 0.02}  # fmt: skip
    shown = with_verdict(pd.DataFrame([row]))
    assert [*shown.columns] == [
        "variant", "against", "difference", "low", "high", "p_holm", "verdict", "tasks", "seeds", "p",
    ]  # fmt: skip
    assert shown["verdict"].tolist() == ["worse"]
