"""The report's sections on texts: means with intervals, the accuracy of reward models, samples a prompt at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.design.report_blocks import Prose, Table
from benchmarks.reports.inputs import ReportInput
from benchmarks.reports.sections import texts
from benchmarks.reports.table_formats import as_text_table
from benchmarks.statistics.intervals import t_interval
from benchmarks.store.many.frames import MEASURE_COLUMNS
from tests.benchmarks.synthetic_results import frame, meta, report_input

TASK = "transduce/reverse-medium"


def report(folder: Path, measures: dict[str, float], beta: float = 0.0, **changes: Any) -> ReportInput:
    """A report whose runs of "gae" measure these plus a hundredth of the seed, and a thousand before the last checkpoint."""
    made = frame(seeds=4)
    rows = made[(made["variant"] == "gae") & (made["task"] == TASK)]
    last = rows["checkpoint"] == rows["checkpoint"].max()
    parts = [
        rows.assign(measure=name, value=np.where(last, x + rows["seed"] / 100, 1e3)) for name, x in measures.items()
    ]
    cell = meta(TASK, "gae", range(4))
    cell["cell"]["task"]["beta"] = beta
    long = pd.concat(parts)[MEASURE_COLUMNS]
    return replace(report_input(made, folder), measures=long, metas=(cell,), **changes)


def test_measures_of_the_last_checkpoint_with_intervals_in_the_experiments_order(tmp_path: Path) -> None:
    made = report(
        tmp_path, {"gold": 0.5, "kl": 2.0, "cut": 0.2, "other": 9.0}, 0.1, text_measures=("reward", "gold", "kl", "cut")
    )
    prose, table, form = texts.measures(made).blocks
    assert isinstance(prose, Prose)
    assert isinstance(table, Table)
    assert isinstance(form, Table)
    (row,) = table.frame.to_dict("records")
    assert list(row)[:2] == ["variant", "reward"]
    assert "other" not in row
    values = 0.5 + np.arange(4) / 100
    low, high = t_interval(values)
    assert (row["gold"], row["gold_low"], row["gold_high"]) == (values.mean(), low, high)
    curve = made.suite.curves[TASK, "gae"]
    assert row["reward"] == np.mean(curve.value[-1] + 0.1 * (2 + np.arange(4) / 100))  # the return takes beta KL off
    assert list(form.frame) == ["variant", "cut", "cut_low", "cut_high", "tokens_a_second"]
    assert form.frame["tokens_a_second"].tolist() == [curve.env_steps[-1].sum() / curve.train_s]
    shown = as_text_table(table.frame)
    assert list(shown.columns) == ["variant", "reward", "gold", "kl"]
    assert shown["gold"].tolist() == [f"0.515 ± {(high - low) / 2:.3f}"]


def test_a_report_without_texts_has_none_of_the_sections(tmp_path: Path) -> None:
    made = report(tmp_path, {"gold": 0.5}, texts={})
    assert not texts.measures(made).blocks
    assert not texts.reward_models(made).blocks
    assert not texts.samples(made).blocks


def test_each_seed_has_its_reward_models_accuracy(tmp_path: Path) -> None:
    made = report(tmp_path, {texts.ACCURACY: 0.7})
    constant = made.measures.assign(value=0.7 + made.measures["seed"] / 100)
    prose, table = texts.reward_models(replace(made, measures=constant)).blocks
    assert isinstance(prose, Prose)
    assert isinstance(table, Table)
    np.testing.assert_allclose(table.frame["accuracy"], [0.7, 0.71, 0.72, 0.73])
    low, high = t_interval(np.array([0.7, 0.71, 0.72, 0.73]))
    assert f"mean 0.715, 95 % interval {low:.3f} to {high:.3f}" in prose.text


def test_samples_are_a_table_a_prompt(tmp_path: Path) -> None:
    written = {
        "untrained": ["it is | bad", "so | dull"],
        "gae": ["it is | good | fun", "so | fine"],
        "optimal": ["it is | best", "so | best"],
    }
    scores = {
        "untrained": [{"reward": -1.0, "kl": 1e-7}, {"reward": 0.0, "kl": -1e-6}],
        "gae": [{"reward": 1.0, "kl": 2.0}, {"reward": 0.5, "kl": 0.25}],
    }
    made = report(tmp_path, {"gold": 1.0}, texts={TASK: written}, text_scores={TASK: scores})
    prose, first, second = texts.samples(made).blocks
    assert isinstance(prose, Prose)
    assert isinstance(first, Table)
    assert isinstance(second, Table)
    assert "`reference` is the policy with which training began" in prose.text
    assert (first.title, second.title) == (f"{TASK}: it is ...", f"{TASK}: so ...")
    assert first.frame["writer"].tolist() == ["reference", "gae", "optimal"]
    assert first.frame["text"].tolist() == ["bad", "good | fun", "best"]
    assert first.frame["kl"].tolist()[:2] == [0.0, 2.0]
    assert np.isnan(first.frame["kl"][2])
    scores["untrained"][0]["kl"] = 0.1  # then it is not the reference
    _, first, _ = texts.samples(replace(made, text_scores={TASK: scores})).blocks
    assert isinstance(first, Table)
    assert first.frame["writer"].tolist() == ["untrained", "gae", "optimal"]


def test_means_and_their_bounds_are_one_column() -> None:
    table = pd.DataFrame({
        "variant": ["a", "b", "c"], "gold": [0.312, 3.0, 41.0], "gold_low": [0.262, 3.0, 11.0],
        "gold_high": [0.362, 3.0, 71.0], "gap elsewhere": [1.0, np.nan, 2.0], "gap elsewhere low": [0.5, np.nan, 1.0],
        "gap elsewhere high": [1.5, np.nan, 3.0],
    })  # fmt: skip
    shown = as_text_table(table)
    assert list(shown.columns) == ["variant", "gold", "gap elsewhere"]
    assert shown["gold"].tolist() == ["0.312 ± 0.050", "3 ± 0", "41 ± 30"]
    assert shown["gap elsewhere"].tolist() == ["1.00 ± 0.50", "-", "2.0 ± 1.0"]
