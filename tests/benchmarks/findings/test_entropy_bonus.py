"""Sentences on entropy bonuses, of suites in which the right answer is obvious."""

from __future__ import annotations

from benchmarks.findings.entropy_bonus import EntropyBonus
from benchmarks.statistics.wording.sentences import BRACKETS
from tests.benchmarks.findings.rising_runs import FINE, ROUGH, data, on_both, said_by

BY_TASK = "Differences on single tasks are corrected over the tasks of each pair (Holm)."


def test_a_bonus_is_told_from_none_over_all_tasks_and_by_task() -> None:
    """ "more" gains .4 on one task alone; "less" loses .3 on it: over the two tasks half of that."""
    finals = on_both({"none": 0.5, "more": 0.5 + ROUGH, "less": 0.5 + ROUGH, "same": 0.5 + ROUGH})
    finals["text", "more"], finals["text", "less"] = 0.9 + FINE, 0.2 + FINE
    said = said_by(EntropyBonus("none", ("more", "less", "same"), (("less", "same"),)), data(finals))
    assert said.startswith(
        "Over 2 tasks `more` gains 0.20 [0.16, 0.24] against no bonus. `less` loses 0.15 [0.11, 0.19] against no bonus."
    )
    assert "`same` is not shown to differ from no bonus: a true difference of 0.1" in said
    assert "`less` loses 0.15 [0.12, 0.18] against `same`. These 4 comparisons" in said
    assert "of 10 seeds are corrected together (Holm): those that are shown have p at most 0.0078." in said
    assert said.endswith(f"On text `less` loses 0.3. On text `more` gains 0.4. {BY_TASK} {BRACKETS}")


def test_a_bonus_that_wobbles_is_claimed_nowhere() -> None:
    said = said_by(
        EntropyBonus("none", ("more", "less")), data(on_both({"none": 0.5, "more": 0.5 + ROUGH, "less": 0.5 - ROUGH}))
    )
    assert said.startswith(
        "Over 2 tasks `more` and `less` are not shown to differ from no bonus: a true difference of 0.1"
    )
    assert said.endswith("No difference from no bonus is shown on any single task.")
