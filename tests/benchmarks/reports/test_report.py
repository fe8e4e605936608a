"""Tables, verdicts, figures and the report of a frame whose differences are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmarks.cli.kinds.registry import KINDS
from benchmarks.design.report_blocks import FigureBlock, PlainFigure, Prose, Table
from benchmarks.experiments import EXPERIMENTS
from benchmarks.figures.measures import MeasureCurves
from benchmarks.figures.sweep import Sweep
from benchmarks.reports import report, score_tables, table_formats
from benchmarks.reports.document import Document
from benchmarks.reports.inputs import ReportInput
from benchmarks.reports.sections import answer
from benchmarks.statistics.comparison_tables import suite_table, task_table
from benchmarks.statistics.comparisons import rung_pairs
from benchmarks.statistics.families import Ledger
from benchmarks.statistics.wording import leader, sentences
from benchmarks.store.many.frames import MEASURE_COLUMNS
from benchmarks.store.suite import Data, Suite
from tests.benchmarks.synthetic_results import PARENTS, RUNGS, SCALES, frame, measures_of, report_input, suite


def rung_table(made: pd.DataFrame) -> pd.DataFrame:
    """Each rung against its parent."""
    of = suite(made)
    family = rung_pairs(of, PARENTS)
    return suite_table(of, family, task_table(of, family))


def document_of(of: ReportInput) -> Document:
    """What the report says, before anything is drawn."""
    return report.build_document(of, score_tables.score_table(of.suite))


def text_of(of: ReportInput) -> str:
    """report.md"""
    return document_of(of).as_markdown()


def test_every_experiment_has_a_kind_that_runs_and_reports_it() -> None:
    assert len(EXPERIMENTS) > 10
    assert {type(e) for e in EXPERIMENTS.values()} == {*KINDS}


def test_tables_lead_with_what_was_measured_and_end_with_counts(tmp_path: Path) -> None:
    """A phone shows three columns or so: not the numbers of tasks and seeds, which are the same in every row."""
    document = document_of(report_input(frame(seeds=3, checkpoints=3), tmp_path))
    tables = {b.name: [*b.frame.columns] for s in document.sections for b in s.blocks if isinstance(b, Table)}
    assert {"aggregate", "budgets", "efficiency"} <= tables.keys()
    early = {name: columns for name, columns in tables.items() if {"tasks", "seeds"} & {*columns[:3]}}
    assert early == {}


def score_row(made: pd.DataFrame) -> pd.Series:
    """The line of gae on CartPole-v1."""
    return score_tables.score_table(suite(made)).set_index(["task", "variant"]).loc[("CartPole-v1", "gae")]


def test_scores_by_hand() -> None:
    made = frame()
    row = score_row(made)
    final = made[(made.task == "CartPole-v1") & (made.variant == "gae") & (made.checkpoint == 5)]
    assert row["mean"] == pytest.approx(final.eval_return.mean())
    assert row["score"] == pytest.approx(((final.eval_return - 20) / 480).mean())
    assert row["low"] < row["mean"] < row["high"]
    assert row["steps_per_s"] == pytest.approx(10 * 5000 / 10.0)
    assert row["reached"] == 0
    assert np.isnan(row["steps_to_threshold"])


def test_time_to_threshold_counts_who_got_there() -> None:
    made = frame()
    here = (made.task == "CartPole-v1") & (made.variant == "gae")
    made.loc[here & (made.seed < 3) & (made.checkpoint >= 2 + made.seed), "eval_return"] = 490.0
    row = score_row(made)
    assert row["reached"] == 3
    assert row["steps_to_threshold"] == 3000  # the median of 2,000, 3,000 and 4,000


def test_rungs_find_what_is_there_and_nothing_else() -> None:
    rungs = rung_table(frame()).set_index("variant")
    assert list(rungs.index) == ["reward_to_go", "baseline_loo", "gae", "ppo"]
    assert rungs.loc["reward_to_go", "difference"] == pytest.approx(0.3, abs=0.02)
    assert rungs.loc["reward_to_go", "p"] == pytest.approx(2 / 2**10)
    assert rungs.loc["reward_to_go", "p_holm"] == pytest.approx(4 * 2 / 2**10)
    assert rungs.loc["baseline_loo", "p_holm"] > 0.05
    assert rungs.loc["reward_to_go", "better"] == 3


def test_verdicts_refuse_to_name_a_winner_without_evidence() -> None:
    said = sentences.pair_sentences(rung_table(frame()), "normalised score")
    assert "`reward_to_go` against `reinforce` gains 0.3" in said[0] or "gains 0.29" in said[0]
    assert "`baseline_loo` against `reward_to_go`: no difference is shown" in said[1]
    assert "Ten seeds find a true difference of 0.0" in said[1]
    few = sentences.pair_sentences(rung_table(frame(seeds=5)), "normalised score")  # 5 seeds can never reach .05
    assert all(s.endswith("]. Five seeds cannot show a difference among 4 comparisons.") for s in few)


def test_a_diverged_member_counts_as_the_floor_and_is_counted() -> None:
    made = frame()
    lost = (made.task == "CartPole-v1") & (made.variant == "gae") & (made.seed == 0) & (made.checkpoint >= 3)
    made.loc[lost, ["eval_return", "diverged"]] = [np.nan, True]
    row = score_row(made)
    final = made[(made.task == "CartPole-v1") & (made.variant == "gae") & (made.checkpoint == 5) & (made.seed > 0)]
    assert row["diverged"] == 1
    assert row["seeds"] == 10
    assert row["mean"] == pytest.approx((final.eval_return.sum() + 20.0) / 10)


def test_missing_cells_are_listed(tmp_path: Path) -> None:
    made = frame()
    made = made[~((made.task == "CartPole-v1") & (made.variant == "ppo"))]
    assert score_tables.missing_cells(suite(made)) == ["CartPole-v1 x ppo"]
    assert score_tables.missing_cells(Suite(made, SCALES, RUNGS, frozenset({"ppo"}))) == []
    assert score_tables.aggregate_table(suite(made), list(SCALES)).set_index("variant").loc["ppo", "missing"] == 1
    rungs = rung_table(made).set_index("variant")
    assert rungs.loc["ppo", "tasks"] == 2
    broken = replace(report_input(made, tmp_path), failures=("CartPole-v1 x ppo: RuntimeError: no",))
    text = text_of(broken)
    assert "missing: CartPole-v1 x ppo" in text
    assert "RuntimeError: no" in text


def test_pairs_are_matched_by_seed_not_by_row() -> None:
    made = frame()
    turned = made.sample(frac=1.0, random_state=0)
    a, b = (rung_table(m) for m in (made, turned))
    np.testing.assert_allclose(a["p"], b["p"])
    swapped = made.copy()
    gae = swapped.variant == "gae"
    swapped.loc[gae, "seed"] = (swapped.loc[gae, "seed"] + 5) % 10
    c = rung_table(swapped).set_index("variant")
    assert c.loc["ppo", "high"] - c.loc["ppo", "low"] > 2 * (a["high"] - a["low"]).iloc[-1]


def test_the_report_is_whole_and_the_same_twice(drawn: Path, tmp_path: Path) -> None:
    report.write(report_input(frame(), tmp_path))
    text = (drawn / "report.md").read_text()
    assert "What does each ingredient buy?" in text
    assert "| variant | against | difference | 95 % interval | p (Holm) | verdict | tasks | seeds |" in text
    assert "| better | 3 | 10 |" in text
    assert "| transduce/reverse-medium | gae | 5.5 |" in text  # lengths 1 to 10
    assert "untrained        1 2 => | 1 1\ngae              1 2 => | 2 1\n" in text
    files = {p.relative_to(drawn) for p in drawn.rglob("*.*")}
    wanted = {"report.md", "tables/rungs.csv", "tables/rungs.md", "figures/heat_map.svg",
              "figures/heat_map.png", "figures/ingredients.svg", "figures/lengths.svg", "figures/lengths.pdf", "report.html",
              "tables/rungs.tex",
              "tables/measures.csv", "figures/curves_1.svg", "figures/curves_1.png"}  # fmt: skip
    assert wanted <= {str(f) for f in files}
    for file in files:
        assert (drawn / file).read_bytes() == (tmp_path / file).read_bytes(), file
    for link in [line.split("](")[1].rstrip(")") for line in text.splitlines() if line.startswith("![")]:
        assert (drawn / link).exists()


@dataclass(frozen=True)
class Counted:
    """A finding of made-up rows."""

    more: str

    def sentence(self, data: Data) -> str:
        return self.more and f"{len(data.suite.learners)} learners, {len(data.measures)} measures{self.more}"

    def decide(self, suite: Suite, ledger: Ledger) -> None:
        """Nothing is tested."""


def test_a_finding_is_said_first_and_the_verdict_after_it(tmp_path: Path) -> None:
    made = report_input(frame(), tmp_path)
    plain = text_of(made).split("\n\n")
    best = leader.headline(made.suite)
    assert plain[2] == best.text
    assert plain[3].splitlines()[-1] == "- All variants use the same number of environment steps (5,000)."
    assert text_of(replace(made, finding=Counted(""))).split("\n\n") == plain
    document = document_of(replace(made, finding=Counted(" & `gae`")))
    told = document.as_markdown().split("\n\n")
    said = f"5 learners, {len(measures_of(frame()))} measures & `gae`"
    assert told == [*plain[:2], said, *plain[2:]]
    replace(document, sections=()).write(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert page.index("measures &amp; <code>gae</code>") < page.index("has the highest mean normalised score")


def test_few_seeds_are_said_aloud(tmp_path: Path) -> None:
    text = text_of(report_input(frame(seeds=4), tmp_path))
    assert "Four seeds: the smallest two-sided p of a paired test is 0.125" in text
    assert "smallest two-sided" not in text_of(report_input(frame(), tmp_path))


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567.0, "1,234,567"), (0.12345, "0.123"), (12.345, "12.35"), (float("nan"), "-"), (3.0, "3")],
)
def test_numbers_are_readable(value: float, text: str) -> None:
    assert table_formats.number(value) == text


def test_every_kind_of_drawing_draws_what_its_rows_say() -> None:
    """Lines stand where the means are: read back from the drawn axes."""
    made = frame()
    made = made[made["variant"].isin(["gae", "ppo", "random"])]
    data = Data(Suite(made, SCALES, ("gae", "ppo", "random")), measures_of(made))
    assert data.suite.variants_with_curves == ["gae", "ppo"]
    x = {task: i + 1.0 for i, task in enumerate(SCALES)}
    figure = Sweep("s", "c", x=x, label="size").draw(data)
    for line, variant in zip(figure.axes[0].lines, data.suite.variants_with_curves, strict=False):
        expected = [data.suite.curves[t, variant].score[-1].mean() for t in SCALES]
        np.testing.assert_allclose(line.get_ydata(), expected)
        assert list(line.get_xdata()) == [1.0, 2.0, 3.0]
    kinds = {task: ("short" if i else "long") for i, task in enumerate(SCALES)}
    figure = Sweep("s", "c", x=x, label="size", lines=kinds, log=True).draw(data)
    assert [axis.get_title() for axis in figure.axes] == ["Gae", "Ppo"]
    assert [len(line.get_xdata()) for line in figure.axes[0].lines[:2]] == [1, 2]
    figure = MeasureCurves(
        "m", "c", measures=("score", "length"), levels={("CartPole-v1", "length"): (("top", 9.0),)}
    ).draw(data)
    assert [axis.get_title() for axis in figure.axes] == [
        "CartPole", "Transduce (reverse, medium)", "MountainCar", "", "", "",
    ]  # fmt: skip
    assert [axis.get_ylabel() for axis in figure.axes[::3]] == ["normalised score", "actions an episode"]
    np.testing.assert_allclose(figure.axes[3].lines[0].get_ydata(), 5.5)
    assert figure.axes[3].lines[-1].get_ydata()[0] == 9.0


@dataclass(frozen=True)
class Counting(PlainFigure):
    """A drawing that brings a table of so many rows."""

    name: str
    rows: int
    caption: str = "nothing is drawn"

    def draw(self, data: Data) -> Figure:
        return Figure()

    def table(self, data: Data) -> Table:
        return Table(f"{self.name}_rows", pd.DataFrame({"row": range(self.rows)}), "rows, counted")


def test_a_drawing_brings_its_table_and_none_without_rows(tmp_path: Path) -> None:
    plain, two, none = MeasureCurves("plain", "c", measures=("score",)), Counting("two", 2), Counting("none", 0)
    blocks = answer.answer(replace(report_input(frame(), tmp_path), figures=(two, plain, none))).blocks
    assert [b.name for b in blocks if isinstance(b, (FigureBlock, Table))] == ["two", "two_rows", "plain", "none"]


def test_a_sweep_is_put_in_words_above_its_figure_and_its_table_is_below(tmp_path: Path) -> None:
    sweep = Sweep("sizes", "c", x={task: i + 1.0 for i, task in enumerate(SCALES)}, label="size")
    blocks = answer.answer(replace(report_input(frame(), tmp_path), figures=(sweep,))).blocks
    said, drawn, table = blocks
    assert isinstance(said, Prose)
    assert isinstance(drawn, FigureBlock)
    assert isinstance(table, Table)
    assert (drawn.name, table.name) == ("sizes", "sizes_change")
    assert {*table.frame["variant"]} == {*RUNGS}


def test_a_report_says_when_nothing_could_be_shown() -> None:
    """10 seeds: the smallest p is 2 / 1024, times 30 comparisons .0586; times 9 .0176. Five seeds never reach .05."""
    rows = pd.DataFrame({"seeds": 10, "least_p": [30 * 2 / 1024] * 30})
    assert (
        "Ten seeds cannot show a difference among 30 comparisons, because the smallest corrected p is 0.0586."
        in sentences.too_few(rows)
    )
    assert sentences.too_few(rows.head(9).assign(least_p=9 * 2 / 1024)) == ""
    assert sentences.too_few(rows.head(0)) == ""
    assert "Five seeds: the smallest two-sided p of a paired test is 0.0625" in sentences.few_seeds(5, 10)
    assert sentences.few_seeds(10, 10) == ""


def test_diagnostics_stand_apart_from_what_is_measured_at_the_end() -> None:
    """Lengths 9 then 5: the last counts. Gradient norms 2 and 4: their mean over the run."""
    rows = [
        ("CartPole-v1", "gae", 0, k, k / 2, k, measure, value)
        for k, pair in ((1, {"length": 9.0, "gradient_norm": 2.0}), (2, {"length": 5.0, "gradient_norm": 4.0}))
        for measure, value in pair.items()
    ]
    made = pd.DataFrame(rows, columns=MEASURE_COLUMNS)
    at_the_end = score_tables.measure_table(made, suite(frame()))
    assert at_the_end.to_dict("records") == [{"task": "CartPole-v1", "variant": "gae", "length": 5.0}]
    noted = score_tables.diagnostics_table(made, suite(frame()))
    assert noted.to_dict("records") == [{"task": "CartPole-v1", "variant": "gae", "gradient_norm": 3.0}]
