"""A policy gradient against its supervised twin, task by task."""

from __future__ import annotations

from benchmarks.findings.pairs.twin import Twin
from benchmarks.statistics.families import Ledger
from tests.benchmarks.findings.rising_runs import FINE, ROUGH, data

TWIN = Twin("rloo", "sft")


def runs(second: float) -> dict[tuple[str, str], object]:
    """On text the learner is .4 above its twin, on pole so much, on both ten seeds agree."""
    return {
        ("text", "rloo"): 0.8 + FINE,
        ("text", "sft"): 0.4,
        ("pole", "rloo"): 0.5 + second + FINE,
        ("pole", "sft"): 0.5,
    }


def test_tasks_are_told_by_the_side_that_is_shown() -> None:
    answer, details = TWIN.sentence(data(runs(-0.2))).split("\n\n")  # type: ignore[arg-type]
    assert (
        answer == "With equally many labels `rloo` scores higher than its supervised twin on text, and lower on pole."
    )
    assert "- On text `rloo` gains 0.40 [0.39, 0.41] (p 0.0039)." in details  # twice 2 / 2^10
    assert "- On pole `rloo` loses 0.20 [0.19, 0.21] (p 0.0039)." in details
    assert "- p is corrected over 2 tasks (Holm), 10 seeds.\n" in details


def test_what_is_not_shown_is_neither() -> None:
    open_ = {("pole", "rloo"): 0.49 + ROUGH}
    some = TWIN.sentence(data(runs(0.0) | open_))  # type: ignore[arg-type]
    assert some.startswith(
        "With equally many labels `rloo` scores higher than its supervised twin on text. No difference is shown on pole.\n"
    )
    none = TWIN.sentence(data({("pole", "rloo"): 0.49 + ROUGH, ("pole", "sft"): 0.5}))
    assert none.startswith("With equally many labels no difference is shown between `rloo` and `sft` on pole.\n")
    assert TWIN.sentence(data({("pole", "rloo"): 0.5})) == ""


def test_the_tables_say_what_the_sentence_says() -> None:
    ledger = Ledger()
    TWIN.decide(data(runs(-0.2)).suite, ledger)  # type: ignore[arg-type]
    assert [d.size for d in ledger.decisions.values()] == [2, 2]
