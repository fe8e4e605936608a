"""Rankings under two kinds of policies: what agrees, what is reversed, and what is said where too little ran."""

from __future__ import annotations

import pytest

from benchmarks.figures.rankings.by_kind import RanksByKind
from benchmarks.figures.rendering.width import at_width
from benchmarks.findings.transfer.finding import Transfer
from benchmarks.findings.transfer.rankings import agreements, rankings, turned_orders
from benchmarks.statistics.families import Ledger
from benchmarks.store.suite import Data, Suite
from tests.benchmarks.figures.drawn import faults, laid_out
from tests.benchmarks.findings.rising_runs import FINE, ROUGH, WOBBLE, data

KINDS = {"table": ("text",), "model": ("pole",)}
TRANSFER = Transfer(KINDS, "model")


def runs() -> Data:
    """a < b < c < d on the table; under the model b and c change places."""
    table = {"a": 0.1, "b": 0.3, "c": 0.5, "d": 0.7}
    model = {"a": 0.2, "b": 0.6, "c": 0.4, "d": 0.8}
    return data({("text", v): s + FINE for v, s in table.items()} | {("pole", v): s + FINE for v, s in model.items()})


def test_tau_and_the_orders_that_turn_round_are_said() -> None:
    """One of six pairs is turned: tau (5 - 1) / 6. Ten seeds agree, so no resample differs."""
    said = TRANSFER.sentence(runs())
    assert said.split("\n\n")[0] == (
        "Kendall's tau with the ranking under model: table 0.67 [0.67, 0.67]; two halves of its own seeds reach 1.00. "
        "Of 6 orders shown under both, 1 is reversed."
    )
    assert "- Better under table and worse under model: `c` than `b`." in said
    assert said.endswith("- Brackets hold 95 % percentile intervals of tau over seeds.")
    assert "- Orders shown: 6 under table and 6 under model, corrected over all pairs under all kinds (Holm)." in said


def test_seeds_that_cannot_show_an_order_are_said() -> None:
    """Four seeds have p of at least 2 / 2^4, which times 12 pairs is more than 1."""
    few = data({(task, v): FINE[:4] + 0.1 * i for task in ("text", "pole") for i, v in enumerate("abcd")}, 4)
    assert TRANSFER.sentence(few).split("\n\n") == [
        "Four seeds cannot show a difference among 12 comparisons, because the smallest corrected p is 1.",
        "- table and model: tau 1.00, of the mean scores alone.",
    ]


def test_all_pairs_under_all_kinds_are_one_family() -> None:
    ledger = Ledger()
    TRANSFER.decide(runs().suite, ledger)
    assert {d.size for d in ledger.decisions.values()} == {12}
    turned = turned_orders(runs().suite, KINDS, ("a", "b", "c", "d"), Ledger())
    assert turned.turned == {("table", "model"): [("c", "b")]}
    assert turned.both == {("table", "model"): 6}


def test_the_repeat_is_that_of_the_target() -> None:
    """Under the model b is .2 above c in half of the seeds and .2 below in the others: whatever the halves, what one of five
    shows the other shows turned. One of six pairs: (5 - 1) / 6."""
    table = {("text", v): 0.1 + 0.2 * i for i, v in enumerate("abcd")}
    model = {("pole", "a"): 0.1, ("pole", "b"): 0.5001 + 0.2 * WOBBLE, ("pole", "c"): 0.5, ("pole", "d"): 0.9}
    runs = data(table | model)
    (row,) = agreements(rankings(runs.suite, KINDS)).to_dict("records")
    assert (round(row["repeat"], 2), round(row["repeat_other"], 2)) == (1.0, 0.67)
    assert "two halves of its own seeds reach 0.67" in TRANSFER.sentence(runs)
    assert "two halves of its own seeds reach 1.00" in Transfer(KINDS, "table").sentence(runs)


def test_of_three_kinds_the_nearest_and_the_farthest_are_said() -> None:
    """Against the table the line has one of six pairs turned, the model three: (5 - 1) / 6 and (3 - 3) / 6."""
    orders = {"text": "abcd", "line": "acbd", "pole": "cbad"}
    runs = data({(task, v): 0.1 + 0.2 * i + FINE for task, order in orders.items() for i, v in enumerate(order)})
    kinds = {"line": ("line",), "table": ("text",), "model": ("pole",)}
    answer, details = Transfer(kinds, "table").sentence(runs).split("\n\n")
    assert "under table: line 0.67 [0.67, 0.67] and model 0.00 [0.00, 0.00]" in answer
    assert answer.endswith("Of 12 orders shown under both, 4 are reversed.")  # not those between line and model
    assert "- line and model: tau 0.33 [0.33, 0.33]." in details


def test_an_order_that_is_not_shown_does_not_turn_round() -> None:
    """Under the model b is above c in half of the seeds; five of six orders are shown there."""
    table = {("text", v): 0.1 + 0.2 * i + FINE for i, v in enumerate("abcd")}
    model = {("pole", "a"): 0.1, ("pole", "b"): 0.52 + ROUGH, ("pole", "c"): 0.5, ("pole", "d"): 0.9}
    turned = turned_orders(data(table | model).suite, KINDS, tuple("abcd"), Ledger())
    assert (turned.shown, turned.turned) == ({"table": 6, "model": 5}, {("table", "model"): []})


def test_only_variants_with_all_tasks_are_ranked() -> None:
    some = data({("text", "a"): 0.1, ("text", "b"): 0.3, ("pole", "a"): 0.2})
    assert rankings(some.suite, KINDS).variants == ("a",)
    assert TRANSFER.sentence(some) == ""
    assert TRANSFER.sentence(data({("text", v): 0.1 for v in "abcd"})) == ""


def test_scores_are_of_the_seeds_that_all_have() -> None:
    """d has no run of seed 9 under the model, so no variant's counts under any kind."""
    suite = runs().suite
    lost = (suite.frame["task"] == "pole") & (suite.frame["variant"] == "d") & (suite.frame["seed"] == 9)
    made = rankings(Suite(suite.frame[~lost], suite.scales, list("abcd")), KINDS)
    assert {kind: scores.shape for kind, scores in made.scores.items()} == {"table": (9, 4), "model": (9, 4)}
    assert made.scores["table"][:, 0].tolist() == pytest.approx((0.1 + FINE[:9]).tolist())


def test_the_figure_ranks_under_each_kind() -> None:
    figure = RanksByKind("transfer", "ranks", KINDS, "model")
    drawn = figure.draw(runs())
    texts = [text.get_text() for text in drawn.axes[0].texts]
    assert texts == ["1 (0.70)", "1 (0.80)", "3 (0.30)", "2 (0.60)", "2 (0.50)", "3 (0.40)", "4 (0.10)", "4 (0.20)"]
    table = figure.table(runs()).frame
    assert table[["kind", "other"]].to_numpy().tolist() == [["table", "model"]]


@pytest.mark.parametrize(("width", "first"), [(3.25, "1"), (7.6, "1 (0.40)")])
def test_the_ranks_of_five_kinds_stand_alone_where_the_scores_have_no_room(width: float, first: str) -> None:
    kinds = {f"kind of policy {k}": (f"task {k}",) for k in range(5)}
    scores = {(f"task {k}", f"a_variant_with_a_longer_name_{v}"): FINE + 0.1 * v for k in range(5) for v in range(5)}
    with at_width(width):
        drawn = laid_out(RanksByKind("transfer", "ranks", kinds, "kind of policy 0").draw(data(scores)))
    assert drawn.axes[0].texts[0].get_text() == first
    assert faults(drawn, width) == []
