"""Generators of blocks on released folders small enough to work out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.store.cells import save_rows
from benchmarks.store.sources import read_cells, read_meta
from docs._scripts import experiment_rows, wording
from docs._scripts.blocks import results, theory, transfer
from docs._scripts.released import Released
from tests.benchmarks import synthetic_results

RUNGS = """variant,against,difference,p_holm,seeds
scst,reinforce,0.109,0.0841,14
baseline_loo,reward_to_go,0.251,0.00366,14
grpo,dr_grpo,-0.126,0.0286,14
opo,rloo,0.031,1,14
"""


def released(root: Path, name: str, files: dict[str, str]) -> Released:
    for path, text in files.items():
        place = root / name / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return Released(root)


def test_what_baselines_buy_leaves_none_out(tmp_path: Path) -> None:
    """scst adds a baseline to reinforce and is the least; opo only replaces rloo's, and grpo changes its scale."""
    of = released(tmp_path, "estimators", {"tables/rungs.csv": RUNGS})
    assert experiment_rows.baselines(of) == (
        "A baseline, added where there was none, changes the score by +0.11 (`scst`) to +0.25 (`baseline_loo`); a "
        "difference is shown for 1 of 2."
    )


def test_a_comparison_takes_its_words_from_its_test(tmp_path: Path) -> None:
    of = released(tmp_path, "estimators", {"tables/rungs.csv": RUNGS})
    assert (
        wording.comparison(of.pair("estimators", "grpo", "dr_grpo")) == "`grpo` loses 0.13 against `dr_grpo` (p 0.029)"
    )
    assert wording.comparison(of.pair("estimators", "scst", "reinforce")) == (
        "no difference is shown between `scst` and `reinforce`"
    )
    assert wording.signed_change(of.pair("estimators", "baseline_loo", "reward_to_go")) == "+0.25 (p 0.0037)"
    assert wording.signed_change(of.pair("estimators", "opo", "rloo")) == "+0.03 (no difference shown)"


def test_the_seconds_of_a_run_are_the_sum_of_its_cells_slowest_members(tmp_path: Path) -> None:
    """Members of a cell share a clock: 3 s and 50 s, not 4 s and 50 s."""
    for task, ends in (("a", {0: 1.0, 1: 3.0}), ("b", {0: 50.0})):
        path = synthetic_results.write_cell(tmp_path / "ladder", task, "v", [*ends], np.zeros((2, len(ends))))
        meta = read_meta(path)
        meta["provenance"]["processor"] = "Abacus"
        rows = read_cells([path])
        rows["wall_s"] = [0.5 if k == 0 else ends[s] for s, k in zip(rows["seed"], rows["checkpoint"], strict=True)]
        save_rows(path, rows.assign(measures=[[]] * len(rows)).to_dict("records"), meta)
    assert Released(tmp_path).clocks("ladder") == (2, 53.0, ("Abacus",))
    assert results.training(Released(tmp_path), "ladder") == "53 seconds of training on one core of Abacus"


def test_the_entropy_bonus_is_told_by_its_largest_changes_whatever_their_sign(tmp_path: Path) -> None:
    tasks = "variant,against,task,difference,p_holm\n"
    tasks += "entropy,gae,a,0.05,0.5\nentropy,gae,b,-0.4,0.01\nentropy,gae,c,0.2,0.2\n"
    scores = "task,variant,score\nb,gae,0.9\nb,entropy,0.5\nc,gae,0.1\nc,entropy,0.3\n"
    files = {
        "tables/rungs_by_task.csv": tasks,
        "tables/rungs.csv": "variant,against,difference,p_holm\nentropy,gae,-0.05,0.3\n",
        "summary.csv": scores,
    }
    assert theory.entropy(released(tmp_path, "ladder", files)) == (
        "`entropy` -0.05 (no difference shown) against `gae`; the largest changes: b 0.90 to 0.50, "
        "c 0.10 to 0.30 (no difference shown)"
    )


def test_a_report_is_read_by_its_parts(tmp_path: Path) -> None:
    report = "# x\n\n**Why?**\n\n> **Not run yet: IMPALA.**\n\nThe answer.\n\n## Part\n\n> **few**\n\n- one\n- two\n\n"
    report += (
        "more\n\n## Failures and missing cells\n\n0 of 9 members diverged.\n\n- missing: t x v\n- missing: u x v\n"
    )
    of = released(tmp_path, "x", {"report.md": report})
    assert of.answer("x") == "The answer."
    listed = released(tmp_path, "y", {"report.md": "# y\n\n**Why?**\n\n- This.\n- That.\n"})
    assert listed.answer("y") == "This. That."
    assert of.section("x", "Part") == "- one\n- two"
    assert of.missing("x") == [("t", "v"), ("u", "v")]
    with pytest.raises(ValueError, match="no section 'Whole'"):
        of.section("x", "Whole")


def test_what_is_missing_is_an_error_that_names_it(tmp_path: Path) -> None:
    of = released(tmp_path, "ladder", {"summary.csv": "task,variant,score\nt,gae,1\n"})
    with pytest.raises(ValueError, match=r"summary\.csv has 0 rows of task 't' and variant 'ppo'"):
        of.value("ladder", "t", "ppo")
    with pytest.raises(ValueError, match=r"report\.md does not exist"):
        of.answer("ladder")


@pytest.mark.parametrize(("seconds", "words"), [(53.4, "53 seconds"), (2933, "49 minutes"), (16215, "4.5 hours")])
def test_durations(seconds: float, words: str) -> None:
    assert wording.duration(seconds) == words


def test_a_table_sets_numbers_right_and_marks_thousands(tmp_path: Path) -> None:
    of = released(tmp_path, "x", {"tables/t.csv": "what,ours\nrun,12345\nwalk,0.78\n"})
    assert wording.cells(of.table("x", "t"), {"what": "what", "ours": "steps/s"}) == (
        "| what | steps/s |\n| --- | ---: |\n| run | 12,345 |\n| walk | 0.78 |"
    )


def test_a_toy_ranking_may_stand_for_another_only_where_agreement_is_shown(tmp_path: Path) -> None:
    """Halves of the language model's seeds agree at .7: a table at .4 to .6 agrees less, a transformer at .4 to .8 does not.
    Scores are means over the tasks of a kind: the table's best has 1 and .6 there, and .1 on the language model."""
    target = transfer.LANGUAGE_MODEL
    rows = ["kind,other,tau,low,high,repeat,repeat_other", f"table,{target},.5,.4,.6,.9,.7"]
    rows += [f"{target},linear,.1,-.2,.4,.7,.9", f"transformer,{target},.6,.4,.8,.2,.7", "table,linear,.3,.1,.5,.9,.9"]
    first, second, *_ = transfer.KINDS["table"]
    scores = f"task,variant,score\n{first},ppo,1\n{second},ppo,.6\n{first},rloo,.9\n{second},rloo,.5\n"
    scores += "".join(f"{transfer.KINDS[kind][0]},rloo,.5\n" for kind in ("linear", "transformer"))
    scores += f"{transfer.KINDS[target][0]},ppo,.1\n{transfer.KINDS[target][0]},rloo,.3\n"
    files = {"tables/transfer_agreement.csv": "\n".join(rows), "summary.csv": scores}
    files["report.md"] = (
        "# t\n\n- Better under table and worse under linear: `a` than `b`.\n- Other: c.\n- Orders shown: 1.\n"
    )
    of = released(tmp_path, "transfer", files)
    assert transfer.use(of).splitlines()[2:] == [
        "| table | 0.50 | 0.40 to 0.60 | `ppo` | 0.10 | "
        "in part: two halves of the language model's seeds agree more (0.70) |",
        "| linear | 0.10 | -0.20 to 0.40 | `rloo` | 0.30 | no: no agreement is shown |",
        "| transformer | 0.60 | 0.40 to 0.80 | `rloo` | 0.30 | yes, as far as these seeds tell |",
        f"| {target} | - | - | `rloo` | 0.30 | - |",
    ]
    assert transfer.turned(of) == "- Better under table and worse under linear: `a` than `b`.\n- Orders shown: 1."
