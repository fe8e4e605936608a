"""Several choices, each judged against the variant that it was made of."""

from __future__ import annotations

from benchmarks.findings.pairs.each_pair import EachPair
from benchmarks.statistics.families import Ledger
from tests.benchmarks.findings.rising_runs import FINE, ROUGH, data

PAIRS = EachPair((("parts", "whole"), ("filled", "mean")))
FINALS = {
    ("text", "whole"): 0.4,
    ("text", "parts"): 0.2 + FINE,
    ("text", "mean"): 0.5,
    ("text", "filled"): 0.5 + ROUGH,
    ("pole", "whole"): 0.5,
    ("pole", "parts"): 0.3 + FINE,
}


def test_each_pair_has_its_size_or_what_would_have_been_found() -> None:
    """parts - whole: -.2 on both tasks, half an interval .0075 as `rising_runs` has it; filled - mean: within the noise."""
    answer, details = PAIRS.sentence(data(FINALS)).split("\n\n", 1)
    assert answer == (
        "`parts` loses 0.20 [0.19, 0.21] against `whole` (10 seeds, Holm). "
        "No difference is shown between `filled` and `mean`: a true difference of 0.12 would be found in 80 % of such "
        "experiments."
    )
    assert "- `parts` against `whole`: on text `parts` loses 0.2. On pole `parts` loses 0.2." in details
    assert "- `filled` against `mean`: no difference is shown on any single task." in details
    assert (
        "These 2 comparisons of 10 seeds are corrected together (Holm): those that are shown have p at most 0.0039."
        in details
    )


def test_all_are_shown_or_none_is() -> None:
    shown = EachPair((("b", "a"), ("c", "a"))).sentence(
        data({("text", "a"): 0.4, ("text", "b"): 0.7 + FINE, ("text", "c"): 0.3 + FINE})
    )
    assert shown.startswith(
        "`b` gains 0.30 [0.29, 0.31] against `a` and `c` loses 0.10 [0.09, 0.11] against `a` (10 seeds, Holm).\n\n"
    )
    open_ = PAIRS.sentence(data({k: v for k, v in FINALS.items() if k[1] in ("mean", "filled")}))
    assert open_.startswith("No difference is shown between `filled` and `mean`: a true difference of ")
    assert PAIRS.sentence(data({("text", "whole"): 0.4})) == ""
    few = PAIRS.sentence(data({key: of if isinstance(of, float) else of[:3] for key, of in FINALS.items()}, seeds=3))
    assert "cannot show" in few
    assert "gains" not in few


def test_the_tables_say_what_the_sentence_says() -> None:
    ledger = Ledger()
    PAIRS.decide(data(FINALS).suite, ledger)
    assert {d.size for d in ledger.decisions.values()} == {2}
