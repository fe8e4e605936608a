"""Choosing a learning rate: the last fifth, the smallest of equals, and divergence that counts."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pandas as pd
import pytest

from benchmarks.design.experiment import ComparisonExperiment, Experiment
from benchmarks.design.settings import LEARNING_RATES, RATES
from benchmarks.experiments import EXPERIMENTS
from benchmarks.figures.learning_rates import MOST_LINES, rate_curves
from benchmarks.reports import rate_report
from benchmarks.reports.rate_report import ranking, spreads, verdicts
from envs.api import Scale

EXPERIMENT = cast("Experiment", EXPERIMENTS["text_rates"])
SCALES = {"task": Scale(0.0, 10.0, 9.0)}


def row(rate: float, fraction: float, value: float, diverged: bool = False) -> dict[str, object]:
    return {
        "task": "task", "variant": "v", "seed": 0, "learning_rate": rate, "fraction": fraction,
        "eval_return": value, "diverged": diverged,
    }  # fmt: skip


def chosen(rows: list[dict[str, object]]) -> list[float]:
    table = rate_report.objective(pd.DataFrame(rows), SCALES)
    return table[table["chosen"]]["learning_rate"].tolist()


def test_only_the_last_fifth_counts_and_not_its_last_point_alone() -> None:
    early = [row(0.1, 0.5, 10.0), row(0.1, 0.8, 2.0), row(0.1, 1.0, 3.0)]
    late = [row(0.2, 0.5, 0.0), row(0.2, 0.8, 7.0), row(0.2, 1.0, 1.0)]
    assert chosen(early + late) == [0.2]


def test_of_equals_the_smallest_rate_is_taken() -> None:
    assert chosen([row(0.1, 1.0, 8.95), row(0.2, 1.0, 9.0), row(0.3, 1.0, 7.0)]) == [0.1]
    assert chosen([row(0.1, 1.0, 8.8), row(0.2, 1.0, 9.0), row(0.3, 1.0, 7.0)]) == [0.2]


def test_of_equals_the_rate_that_lost_fewest_runs_is_taken() -> None:
    """All finite runs have 2. At .1 two of three seeds diverged, at .2 one returned no number, at .3 and .4 none is lost."""
    nan = float("nan")
    made = [
        {**row(rate, 1.0, value, value != value and rate == 0.1), "seed": seed}
        for rate, values in ((0.1, (nan, nan, 2.0)), (0.2, (2.0, nan, 2.0)), (0.3, (2.0,) * 3), (0.4, (2.0,) * 3))
        for seed, value in enumerate(values)
    ]
    assert chosen(made) == [0.3]
    assert chosen(made[:6]) == [0.2]


def test_a_rate_at_which_all_diverged_has_no_score_and_is_not_chosen() -> None:
    made = [row(0.1, 1.0, float("nan"), True), row(0.2, 1.0, -30.0)]  # below the floor, and still better
    table = rate_report.objective(pd.DataFrame(made), SCALES)
    assert table["score"].isna().tolist() == [True, False]
    assert table["score"].tolist()[1:] == [-3.0]
    assert table["diverged"].tolist() == [1, 0]
    assert table["chosen"].tolist() == [False, True]
    raw = {"task": Scale(0.0, None)}
    assert rate_report.objective(pd.DataFrame(made), raw)["chosen"].tolist() == [False, True]
    assert (
        rate_report.variants_without_score(table)
        == "All seeds diverged or returned no finite number: `v` on task at 0.1."
    )


def test_one_diverged_seed_counts_as_the_worst_run_at_any_rate() -> None:
    """Rate .1: 9 and a seed that was at 9 and diverged; rate .2: 3 and 3; rate .3: -20 and 4."""
    seeds = [(0.1, 0, [9.0, 9.0]), (0.1, 1, [9.0, float("nan")]), (0.2, 0, [3.0, 3.0]), (0.2, 1, [3.0, 3.0]),
             (0.3, 0, [-20.0, -20.0]), (0.3, 1, [4.0, 4.0])]  # fmt: skip
    made = pd.DataFrame(
        [
            {**row(rate, fraction, value, value != value), "seed": seed}
            for rate, seed, values in seeds
            for fraction, value in zip((0.8, 1.0), values, strict=True)
        ]
    )
    table = rate_report.objective(made, SCALES)
    assert table["score"].tolist() == pytest.approx([(0.9 - 2.0) / 2, 0.3, (-2.0 + 0.4) / 2])
    assert table[table["chosen"]]["learning_rate"].tolist() == [0.2]
    unread = made.assign(diverged=False)  # the same NaN without divergence wins no more
    assert rate_report.objective(unread, SCALES)["score"].tolist() == pytest.approx(table["score"].tolist())


def test_of_returns_a_hundredth_of_their_range_is_a_tie() -> None:
    made = pd.DataFrame([row(0.1, 1.0, 199.5), row(0.2, 1.0, 200.0), row(0.3, 1.0, 100.0)])
    table = rate_report.objective(made, {"task": Scale(0.0, None)})
    assert table[table["chosen"]]["learning_rate"].tolist() == [0.1]


def test_where_every_rate_diverged_none_is_chosen_and_that_is_said() -> None:
    lost = [{**row(r, 1.0, float("nan"), True), "variant": "w"} for r in (0.1, 0.2)]
    made = pd.DataFrame([row(0.1, 1.0, 8.0), row(0.2, 1.0, 9.5), *lost])
    text = rate_report.build_document(EXPERIMENT, made, SCALES).as_markdown()
    assert "`w` on task at every rate, so none is chosen." in text
    assert "text,task,v,0.2" in text
    assert "text,task,w" not in text
    assert "The choice of the rate moves the score of `v` by 0.15." in text
    assert "leads" not in text  # of one variant there is no ranking
    gone = rate_report.build_document(EXPERIMENT, pd.DataFrame(lost), SCALES).as_markdown()
    assert "No rate is chosen" in gone


def test_returns_are_named_and_not_averaged_over_tasks(tmp_path: Path) -> None:
    made = pd.DataFrame([row(0.1, 1.0, -800.0), row(0.2, 1.0, -900.0)])
    raw = {"task": Scale(-1000.0, None)}
    text = rate_report.build_document(EXPERIMENT, made, raw).write(tmp_path, (".svg",)).read_text()
    assert "normalised" not in text + (tmp_path / "figures" / "rates.svg").read_text()
    assert "Mean return over 1 selection seed and" in text
    figure = rate_curves(rate_report.objective(made, raw), "return", normalised=False)
    assert figure.axes[0].get_ylim()[0] < -890
    with pytest.raises(ValueError, match="task has no ceiling"):
        rate_report.objective(made, {**raw, "other": Scale(0.0, 1.0)})


def test_the_table_comes_out_as_settings(tmp_path: Path) -> None:
    made = pd.DataFrame([row(0.1, 1.0, 8.0), row(0.2, 1.0, 9.0)])
    text = rate_report.build_document(EXPERIMENT, made, SCALES).write(tmp_path).read_text()
    assert "text,task,v,0.2" in text
    assert (tmp_path / "figures" / "rates.svg").exists()


def test_every_rate_in_settings_is_from_the_one_list() -> None:
    """But for the kinds of policy of `transfer_rates`, whose list is longer."""
    longer = EXPERIMENTS["transfer_rates"]
    assert isinstance(longer, ComparisonExperiment)
    assert longer.rates is not None
    assert longer.rates[: len(RATES)] == RATES
    used = {
        (rate, task in longer.task_names)
        for tasks in LEARNING_RATES.values()
        for task, of_task in tasks.items()
        for rate in of_task.values()
    }
    assert {rate for rate, is_longer in used if not is_longer} <= set(RATES)
    assert {rate for rate, _ in used} <= set(longer.rates)
    assert len(used) > 3


def ranked() -> pd.DataFrame:
    """Two tasks, two variants, rates 1 and 2: `a` scores .2 .8 and .4 .6, `b` .5 .5 and .9 .1."""
    rows = [
        ("t", "a", 1.0, 0.2, False), ("t", "a", 2.0, 0.8, True), ("t", "b", 1.0, 0.5, True), ("t", "b", 2.0, 0.5, False),
        ("u", "a", 1.0, 0.4, False), ("u", "a", 2.0, 0.6, True), ("u", "b", 1.0, 0.9, True), ("u", "b", 2.0, 0.1, False),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["task", "variant", "learning_rate", "score", "chosen"])
    return table.assign(seeds=3, diverged=0)


def test_the_ranking_at_one_rate_against_that_at_own_rates() -> None:
    """Own rates: a .7, b .7 with b's .5 and .9; at rate 1: a .3, b .7; at rate 2: a .7, b .3."""
    made = ranking(ranked().replace({"score": {0.5: 0.55}})).set_index("rate")  # b .725: no tie
    assert made.loc["own", "leader"] == "b"
    assert made.loc["own", "score"] == pytest.approx(0.725)
    assert made.loc["1", ["leader", "tau"]].tolist() == ["b", 1.0]
    assert made.loc["1", "cost"] == pytest.approx((0.4 + 0.0) / 2)
    assert made.loc["2", ["leader", "tau"]].tolist() == ["a", -1.0]
    assert made.loc["2", "cost"] == pytest.approx((0.0 + 0.4) / 2)


def test_spreads_by_hand() -> None:
    made = spreads(ranked()).set_index("task")
    assert made.loc["t"].tolist() == pytest.approx([0.8 - 0.5, (0.6 + 0.0) / 2])
    assert made.loc["u"].tolist() == pytest.approx([0.9 - 0.6, (0.2 + 0.8) / 2])
    said = " ".join(verdicts(ranking(ranked()), spreads(ranked()), 3, 2))
    assert "by 0.40 on average" in said
    assert "moves it by 0.30 (3 seeds, not tested)." in said
    assert "On 1 of 2 tasks the rate matters more." in said


def test_choices_at_an_end_of_the_list_are_counted() -> None:
    """Three variants, rates .1 .2 .3: v is best at .3, and .2 is chosen, within .01; w at .1; x in the middle."""
    scores = {"v": (0.1, 0.795, 0.8), "w": (0.9, 0.2, 0.1), "x": (0.1, 0.9, 0.2)}
    rows = [
        {**row(rate, 1.0, 10 * score), "variant": name}
        for name, of in scores.items()
        for rate, score in zip((0.1, 0.2, 0.3), of, strict=True)
    ]
    said = rate_report.rates_at_ends(rate_report.objective(pd.DataFrame(rows), SCALES))
    assert said == (
        "The best score of 2 of 3 searches is at an end of the list of rates (1 at 0.1, 1 at 0.3). The chosen rate is at "
        "an end in 1. There a better rate may lie outside the list."
    )


def test_the_report_says_how_many_choices_are_at_an_end() -> None:
    made = pd.DataFrame([row(0.1, 1.0, 8.0), row(0.2, 1.0, 9.0)])
    text = rate_report.build_document(EXPERIMENT, made, SCALES).as_markdown()
    assert "- The best score of 1 of 1 search is at an end of the list of rates (0 at 0.1, 1 at 0.2)" in text


@pytest.mark.parametrize(
    ("rates_of", "says"),
    [
        ({"v": (0.1,)}, "Only the rate 0.1 has a score."),
        ({"v": (0.1, 0.2)}, "The choice of the rate moves the score of `v` by 0.00."),
        ({"v": (0.1,), "w": (0.1,)}, "Only the rate 0.1 has a score."),
        (
            {"v": (0.1, 0.2), "w": (0.1, 0.2)},
            "One rate for all costs 0.00 of the score at the best rate (0.1) and 0.00 at the worst (0.2).",
        ),
    ],
)
def test_what_is_too_little_for_a_ranking_is_not_ranked(rates_of: dict[str, tuple[float, ...]], says: str) -> None:
    """One seed, and all scores are equal: Kendall's tau has no value."""
    rows = [{**row(rate, 1.0, 5.0), "variant": v} for v, of in rates_of.items() for rate in of]
    text = rate_report.build_document(EXPERIMENT, pd.DataFrame(rows), SCALES).as_markdown()
    assert says in text
    assert "1 selection seed chooses a rate; it does not compare variants." in text
    ranks = all(len(of) > 1 for of in rates_of.values()) and len(rates_of) > 1
    assert ("leads" in text, "How much of the ranking" in text) == (ranks, ranks)
    for wrong in ("nan", "1 tasks", "1 selection seeds", "1 searches", "2 of 1"):
        assert wrong not in text


def test_no_rate_that_has_a_score_everywhere_is_said() -> None:
    """v has a score at rate 1 on t alone and at rate 2 on u alone: it has no mean at either."""
    nan = float("nan")
    table = pd.DataFrame(
        [
            ("t", "v", 1.0, 0.5, True),
            ("t", "v", 2.0, nan, False),
            ("u", "v", 1.0, nan, False),
            ("u", "v", 2.0, 0.5, True),
        ],
        columns=["task", "variant", "learning_rate", "score", "chosen"],
    ).assign(diverged=0)
    assert verdicts(ranking(table), spreads(table), 3, 1)[0] == "No rate has a score on every task."


def test_many_variants_are_rows_of_cells_with_a_frame_around_the_choice() -> None:
    """Lines of more than twelve variants could not be told apart. The k-th variant scores k hundredths at its best, .2."""
    names = [f"v{k}" for k in range(MOST_LINES + 1)]
    made = [{**row(rate, 1.0, k / 10 + 5 * rate), "variant": v} for k, v in enumerate(names) for rate in (0.1, 0.2)]
    (axis,) = rate_curves(rate_report.objective(pd.DataFrame(made), SCALES), "normalised score", True).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == names[::-1]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0.1", "0.2"]
    assert {patch.get_xy() for patch in axis.patches} == {(1, y) for y in range(len(names))}
    assert [text.get_text() for text in axis.texts[:2]] == [".17", ".22"]
