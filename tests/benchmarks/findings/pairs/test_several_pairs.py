"""A choice judged in several pairs, task by task."""

from __future__ import annotations

from benchmarks.findings.pairs.several_pairs import Pairs
from benchmarks.statistics.families import Ledger
from tests.benchmarks.findings.rising_runs import FINE, ROUGH, data

PAIRS = Pairs((("critic", "group"), ("other", "group")), "with a critic", "without")


def test_each_side_is_counted_and_its_tasks_are_named() -> None:
    """text: critic +.4, other -.2; pole: critic +.1, other within the noise. Ten seeds, four comparisons."""
    finals = {
        ("text", "group"): 0.4,
        ("text", "critic"): 0.8 + FINE,
        ("text", "other"): 0.2 + FINE,
        ("pole", "group"): 0.5,
        ("pole", "critic"): 0.6 + FINE,
        ("pole", "other"): 0.5 + ROUGH,
    }
    said = PAIRS.sentence(data(finals))
    assert said.split("\n\n")[0] == (
        "Of 4 comparisons, scores are higher with a critic in 2 and without in 1. In 1 no difference is shown. "
        "Higher with a critic: on text (1) and pole (1); higher without: on text (1)."
    )
    assert "- On text `critic` gains 0.40 [0.39, 0.41] against `group` (p 0.0078)." in said  # 4 times .00195
    assert "- On text `other` loses 0.20 [0.19, 0.21] against `group`" in said
    assert "- Not shown to differ: `other` and `group` on pole." in said


def test_where_nothing_is_shown_or_compared_it_says_so() -> None:
    off = {"text": 0.51 + ROUGH, "pole": 0.49 + ROUGH}  # a little above and a little below, within the noise
    rough = data({(task, v): of for task in off for v, of in (("group", 0.5), ("critic", off[task]))})
    assert PAIRS.sentence(rough).startswith("No difference is shown in 2 comparisons with a critic and without.")
    assert PAIRS.sentence(data({("text", "group"): 0.5})) == ""


def test_the_tables_say_what_the_sentence_says() -> None:
    runs = data({("text", "group"): 0.4, ("text", "critic"): 0.8 + FINE, ("text", "other"): 0.2 + FINE})
    ledger = Ledger()
    PAIRS.decide(runs.suite, ledger)
    assert {d.size for d in ledger.decisions.values()} == {2}
    assert [round(d.p, 4) for d in ledger.decisions.values()] == [0.0039, 0.0039]
