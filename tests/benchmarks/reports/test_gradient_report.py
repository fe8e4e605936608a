"""The gradient laboratory as an experiment: cells of its own kind, resumed and refused like any other, and its report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from algorithms import VARIANTS
from algorithms.conformance import gradient_quality as laboratory
from algorithms.policies.networks.gru import GRU
from algorithms.training.records import Progress
from algorithms.training_config import Episodes, TrainingConfig
from benchmarks.cli import main as cli
from benchmarks.design.gradient_experiment import ExactAscent, GaussianParameters, GradientExperiment, Measurement
from benchmarks.execution.jobs import MeasurementJob
from benchmarks.experiments import EXPERIMENTS
from benchmarks.figures.gradients import quality as gradient_quality
from benchmarks.reports.sections import gradients
from benchmarks.store.files import Damaged
from benchmarks.store.sources import check_cell
from envs.text.bandit import Bandit
from envs.text_env import text_task
from tests.benchmarks.small_cells import run_without_report

LAB = EXPERIMENTS["gradient_quality"]
MADE = Measurement(
    text_task("coin", Bandit(arms=2, contexts=1)),
    VARIANTS["rloo"],
    TrainingConfig(network=GRU(3), collection=Episodes(4, 2)),
    GaussianParameters(0.5),
    replicates=50,
)


def test_a_measurements_digest_is_of_everything_its_numbers_depend_on() -> None:
    others = (
        replace(MADE, replicates=51),
        replace(MADE, where=ExactAscent(3)),
        replace(MADE, variant=VARIANTS["dr_grpo"]),
        replace(MADE, training=replace(MADE.training, collection=Episodes(8, 2))),
        replace(MADE, fitted=2),
    )
    assert len({m.digest for m in (MADE, *others)}) == 6
    assert replace(MADE, variant=replace(VARIANTS["rloo"], summary="in other words")).digest == MADE.digest
    assert MADE.measure() == MADE.measure()
    critic = replace(MADE, variant=VARIANTS["baseline_value"])
    assert replace(critic, fitted=30).measure()["variance"] != critic.measure()["variance"]


def test_a_measurement_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """50 replicates of 4 steps, 20 of them together."""
    monkeypatch.setattr(laboratory, "AT_ONCE", 20)
    events: list[object] = []
    MeasurementJob(MADE, tmp_path / MADE.file_name).run(events.append, {})
    assert events == [Progress(0, 200), Progress(80, 200), Progress(160, 200), Progress(200, 200)]


def test_a_place_on_several_axes_is_measured_once() -> None:
    assert isinstance(LAB, GradientExperiment)
    assert len(LAB.measurements) < len(LAB.points)
    assert {"estimator", "lambda", "success", "horizon", "vocabulary", "reward", "constant in the reward"} <= {
        s.axis for s in LAB.points
    }
    assert len({m.file_name for m in LAB.measurements}) == len(LAB.measurements)
    # a promise about grad J; a teacher's students ascend another objective
    learners = {v.name for v in VARIANTS.values() if v.promises.factor is not None and v.estimator.teacher is None}
    learners.discard("exact_pg")
    assert learners <= set(LAB.variant_names) | set(EXPERIMENTS["gradient_quality_2026"].variant_names)
    small = LAB.smoke()
    assert sum(m.replicates for m in small.measurements) < sum(m.replicates for m in LAB.measurements) / 20


def test_it_runs_goes_on_and_sets_damage_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "gradient_quality", "--smoke", "--variants", "rloo", "--jobs", "1", "--results", str(tmp_path)]
    assert cli.main([*words, "--dry-run"]) == 0
    assert not list(tmp_path.rglob("*.json"))
    assert cli.main(words) == 0
    report = Path(capsys.readouterr().out.strip().splitlines()[-1])
    text = report.read_text()
    assert "No bias is found in `rloo`, which claims an unbiased gradient (largest deviation of a length: " in text
    assert (report.parent / "figures" / "variance_ladder.png").exists()
    cells = sorted(tmp_path.rglob("*__rloo__*.json"))
    assert len(cells) > 10
    before = {path: path.read_text() for path in cells}
    cells[0].unlink()
    cells[1].write_text('{"found": ')
    run_without_report("gradient_quality", tmp_path, smoke=True, variants="rloo", jobs=1)
    assert "1 " in capsys.readouterr().err
    for path in cells:
        assert json.loads(path.read_text())["found"] == json.loads(before[path])["found"]
    assert len(list(tmp_path.rglob("*.damaged-0"))) == 1
    assert cli.main(["report", "gradient_quality", "--smoke", "--results", str(tmp_path), "--figures", "svg"]) == 0
    page = next(tmp_path.rglob("report.md")).read_text()
    assert "packages: numpy " in page
    assert "{'" not in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seeds", "3"], "--seeds has no meaning for gradient_quality"),
        (["--tasks", "lock/small"], "--tasks has no meaning"),
        (["--variants", "rlo"], "nearest: rloo"),
    ],
)
def test_what_has_no_meaning_there_is_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "gradient_quality", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_of_other_measurements_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Such as those of the smoke size, or of an earlier version: none is a point of the experiment."""
    (tmp_path / "objectives" / "cells").mkdir(parents=True)
    (tmp_path / "objectives" / "cells" / "coin__rloo__0123456789abcdef.json").write_text('{"found": {}}')
    assert cli.main(["report", "objectives", "--results", str(tmp_path)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "holds 1 measurement, but none that objectives makes now; run: " in said


def test_a_file_that_is_no_measurement_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"found": {}}')
    with pytest.raises(Damaged, match="does not hold"):
        check_cell(path)
    assert not check_cell(tmp_path / "b.json")


def ladder_rows() -> pd.DataFrame:
    """Two tasks; `rloo` unbiased, `dr_grpo` at .25 of a length with L_max 3, `grpo` pointing elsewhere."""
    told = [
        ("reinforce", 1.0, 0.0, 1.0, (6.0, 6.0)),
        ("rloo", 1.02, 2.0, 0.99, (3.0, 9.0)),
        ("dr_grpo", 0.25, 0.0, 0.99, (3.0, 3.0)),
        ("grpo", 0.7, 0.0, 0.6, (1.0, 1.0)),
    ]
    rows = [
        (task, variant, scale, z, direction, relative[i])
        for i, task in enumerate(("copy", "lock"))
        for variant, scale, z, direction, relative in told
    ]
    frame = pd.DataFrame(rows, columns=["task", "variant", "scale", "scale_z", "direction", "relative"])
    frame = frame.assign(straight=frame["direction"] > 0.9, times=frame["relative"] / 6, label=frame["task"])
    same = {
        "axis": "estimator",
        "x": 0.0,
        "scale_error": 0.01,
        "bias": 0.1,
        "variance": 1.0,
        "noise": 0.1,
        "single": 0.5,
    }
    return frame.assign(**same)


def test_sentences_are_computed() -> None:
    crossing = pd.DataFrame(
        {"reward": ["exact"] * 3, "K": [4] * 3, "score": [0.0, 0.2, 0.4], "ratio": [1.5, 1.25, 0.75]}
    )
    kl = pd.DataFrame({"estimator": ["k1 in the loss"] * 2, "noise": [0.2, 1.5], "error": [0.9, 1.0]})
    said = gradients.sentences(ladder_rows(), crossing, kl, {"copy": 3, "lock": 3})
    sure = "(largest deviation of a length: 2.0 standard errors)"
    assert said[0] == (f"No bias is found in the 2 estimators that claim an unbiased gradient {sure}.")
    assert said[1] == "Unbiased gradients are claimed by `reinforce` and `rloo`."
    assert "`dr_grpo` shrinks the gradient to 0.750 ± 0.060, 0.750 ± 0.060 of its length (times L_max)" in said[2]
    least = "has the least relative variance of those that point along grad J"
    assert said[3] == f"On copy `rloo` {least}: 2.0 times less than `reinforce`."
    assert "On lock `dr_grpo` has the least" in said[4]
    assert said[5].startswith("On lock th")
    assert said[5].endswith(" more variance than `reinforce`: `rloo`.")
    less = "RLOO has less variance than REINFORCE (0.75 times) at 1 of 3 policies, of score 0.40"
    assert said[6] == f"Exact, K = 4: {less}. It has more at the others (up to 1.50 times)."
    assert said[-1] == "Relative error of the expected gradient of the KL: k1 in the loss 0.90 to 1.00."
    far = ladder_rows()
    far.loc[1, "scale_z"] = 9.0
    assert gradients.sentences(far, crossing, kl, {"copy": 3, "lock": 3})[0].startswith(
        "2 estimators claim an unbiased gradient. It is biased for `rloo` on copy ("
    )


def test_figures_are_drawn_from_rows() -> None:
    rows = ladder_rows()
    assert len(gradient_quality.variance_ladder(rows, ["rloo", "reinforce", "grpo", "dr_grpo"]).axes) == 2
    axes = pd.concat([rows.assign(axis="horizon", x=float(x), label=str(x)) for x in (1, 2, 4)])
    assert len([a for a in gradient_quality.axes_panels(axes).axes if a.get_visible()]) == 2
    parts = [rows.assign(x=x, label="critic fitted to 0 rollouts") for x in np.linspace(0, 1, 3)]
    lambdas = pd.concat(parts, ignore_index=True)
    assert len(gradient_quality.bias_variance_over_lambda(lambdas).axes) == 3
    assert gradient_quality.success(rows.assign(x=0.1, label="G=4")).axes[0].get_lines()
