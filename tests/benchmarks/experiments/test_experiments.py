"""Contract of every experiment: a question, tasks and variants that exist, a smoke size, figures that are drawn."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from algorithms import VARIANTS
from benchmarks.cli import main as cli
from benchmarks.design.cell import RESULTS_VERSION
from benchmarks.design.cells import build_cells
from benchmarks.design.experiment import ComparisonExperiment, Outcome
from benchmarks.design.gradient_experiment import LABORATORY_VERSION, GradientExperiment
from benchmarks.design.identity import canonical
from benchmarks.design.lookup import find_tasks, find_variants
from benchmarks.execution.train_cell import run_cell
from benchmarks.experiments import EXPERIMENTS, estimators, estimators_2026, estimators_rewards
from benchmarks.figures.published_scores import PublishedScores
from benchmarks.language.experiment import LanguageExperiment
from benchmarks.reports.report import write_report
from benchmarks.store.descriptions import DEFAULTS, digest
from benchmarks.store.many.footers import read_metas
from benchmarks.store.sources import MEASURED, read_measurement, stored_cells
from envs.api import Transcript

RELEASED = Path(__file__).resolve().parents[3] / "results" / "reference"
UNFINISHED = {"robot_control", "bipedal_walker"}  # hours: released as far as it got
# released cells that have not been trained again keep the results version that they were trained under
EARLIER_VERSIONS = dict.fromkeys(
    ("async_throughput", "bipedal_walker", "driving", "estimators", "parity", "reference_scores",
     "reference_scores_slm", "references", "robot_control", "text_rates"), 2,
)  # fmt: skip
# the laboratory has tests of its own
TRAINED = {name: e for name, e in EXPERIMENTS.items() if isinstance(e, ComparisonExperiment)}
OWN_FIGURE = {name for name, e in TRAINED.items() if e.figures}
WITHOUT_FIGURE = {  # the figures that every report has answer them
    "critic_free_control", "critic_free_rates", "distillation_rates", "driving", "estimators", "estimators_2026",
    "estimators_rewards", "estimators_rewards_rates", "games", "ladder", "language_rates", "learning_rates", "references",
    "smoke", "text_rates", "text_rates_2026", "transfer_rates", "trust_regions_rates",
}  # fmt: skip
WITHOUT_MODELS = {name: e for name, e in TRAINED.items() if not isinstance(e, LanguageExperiment)}
WITH_MODELS = {*TRAINED} - {*WITHOUT_MODELS}  # their tasks need models on disk


def measured(folder: Path) -> list[Path]:
    """The measurements of an experiment's folder."""
    return stored_cells(folder, MEASURED)


def differences(released: Any, now: Any, path: str = "cell") -> list[str]:
    """Where two descriptions differ; a field that the released one lacks must be at its default."""
    if not (isinstance(released, dict) and isinstance(now, dict)):
        if isinstance(released, list) and isinstance(now, list) and len(released) == len(now):
            pairs = enumerate(zip(released, now, strict=True))
            return [line for i, (a, b) in pairs for line in differences(a, b, f"{path}[{i}]")]
        same = type(released) is type(now) and released == now
        return [] if same else [f"{path}: {released!r} is not {now!r}"]
    lines = [f"{path}.{name}: {released[name]!r} has no field today" for name in released if name not in now]
    for name in now.keys() - {DEFAULTS}:
        if name in released:
            lines += differences(released[name], now[name], f"{path}.{name}")
        elif name not in now.get(DEFAULTS, ()):
            lines.append(f"{path}.{name}: the released one lacks it, and {now[name]!r} is not its default")
    return lines


@pytest.mark.parametrize("name", WITHOUT_MODELS)
def test_an_experiment_says_what_it_asks_and_can_be_built_whole_and_small(name: str) -> None:
    experiment = TRAINED[name]
    assert experiment.question.endswith("?")
    sizes = []
    for size in (experiment, experiment.smoke()):
        cells = build_cells(size, find_tasks(size.tasks), find_variants(size.variants), None)
        assert len({cell.file_name for cell in cells}) == len(cells)
        assert all(cell.file_name.isprintable() and " " not in cell.file_name for cell in cells)
        sizes.append(sum(cell.env_steps * len(cell.members.seeds) for cell in cells))
    assert sizes[1] <= sizes[0] / 5
    assert set(experiment.env_steps) <= set(experiment.task_names) | set(experiment.smoke().task_names)


RELEASED_NAMES = [n for n in EXPERIMENTS if stored_cells(RELEASED / n) or measured(RELEASED / n)]


@pytest.mark.parametrize("name", [n for n in RELEASED_NAMES if n not in WITH_MODELS])
def test_released_cells_are_those_of_this_code(name: str) -> None:
    """A setting that moved gives cells other digests, and a default that moved other values: both must be trained again.

    Released cells keep the digests of the results version that they were trained under, until they are trained again.
    """
    experiment = EXPERIMENTS[name]
    if isinstance(experiment, ComparisonExperiment):
        cells = build_cells(experiment, find_tasks(experiment.tasks), find_variants(experiment.variants), None)
        version, paths = {"results_version": EARLIER_VERSIONS.get(name, RESULTS_VERSION)}, stored_cells(RELEASED / name)
        described = {path.name: meta["cell"] for path, meta in zip(paths, read_metas(paths), strict=True)}
    else:
        assert isinstance(experiment, GradientExperiment)
        cells, version = experiment.measurements, {"laboratory_version": LABORATORY_VERSION}
        described = {path.name: read_measurement(path)["cell"] for path in measured(RELEASED / name)}
    names = {c.file_name.replace(c.digest, digest(canonical(c), **version)): c for c in cells}
    assert {*described} <= {*names}
    assert name in UNFINISHED or [c.label for n, c in names.items() if n not in described] == []
    for file_name, released in described.items():
        assert differences(released, json.loads(json.dumps(canonical(names[file_name])))) == []


@pytest.mark.parametrize("name", [n for n in RELEASED_NAMES if n in WITH_MODELS])
def test_released_language_cells_have_the_settings_of_this_code(name: str) -> None:
    """Their models are on the disk that trained them, so what does not depend on a model is compared."""
    experiment = TRAINED[name]
    found: dict[tuple[str, str], set[int]] = {}  # the seeds of a task and variant, which may come in blocks
    for meta in read_metas(stored_cells(RELEASED / name)):
        cell = meta["cell"]
        assert cell["env_steps"] == experiment.env_steps[cell["task"]["name"]]
        assert differences(cell["evaluation"], json.loads(json.dumps(canonical(experiment.evaluation)))) == []
        (variant,) = find_variants(experiment.variants, [cell["algorithm"]["name"]])
        assert differences(cell["algorithm"], json.loads(json.dumps(canonical(variant)))) == []
        found.setdefault((cell["task"]["name"], cell["algorithm"]["name"]), set()).update(cell["members"]["seeds"])
    assert all(seeds == set(range(experiment.seeds)) for seeds in found.values())
    # a task that pays by gold has no use for some ways to learn from labels, so not every pair is there
    assert {task for task, _ in found} == {*experiment.task_names}
    assert {variant for _, variant in found} == {*experiment.variant_names}


def test_a_report_names_what_has_not_been_run_and_no_more(tmp_path: Path) -> None:
    """Of an experiment of bandit and lock by reinforce and gae, the cells of reinforce on the bandit alone."""
    experiment = ComparisonExperiment("half", "Which?", ("bandit/small", "lock/small"), ("reinforce", "gae"), seeds=2)
    some = build_cells(
        experiment,
        find_tasks(experiment.tasks, ["bandit/small"]),
        find_variants(experiment.variants, ["reinforce"]),
        200,
    )
    paths = tuple(tmp_path / "cells" / cell.file_name for cell in some)
    for cell, path in zip(some, paths, strict=True):
        run_cell(cell, path, "cpu", lambda event: None)
    report = write_report(experiment, Outcome(paths, ()), tmp_path, kinds=(".svg",))
    assert report is not None
    assert "Not run yet: lock/small, gae." in report.read_text()
    chosen = replace(experiment, tasks=("bandit/small",), variants=("reinforce",))
    report = write_report(chosen, Outcome(paths, ()), tmp_path, kinds=(".svg",))
    assert report is not None
    assert "Not run yet" not in report.read_text()


def test_every_variant_is_in_one_list_of_estimators() -> None:
    """Released lists name their variants, so a new one is named in a list of its own; the rest is left out for a reason."""
    stale = {name for name, v in VARIANTS.items() if v.schedule.stale}
    # not every task of the text suite can be listed, which exact_pg, vineppo and students of the optimal policy need
    listed_tasks = {"exact_pg", "vineppo", "distil_sequence", "distil_token"}
    for_control = {"like_sb3_a2c", "like_sb3_ppo", "stream_ac", "gae_beta"}
    listed = [*estimators.LEARNERS, *estimators_2026.LEARNERS, *estimators_rewards.LEARNERS]
    assert len(listed) == len(set(listed))
    assert {*listed} == {*VARIANTS} - stale - for_control - listed_tasks


def test_experiments_with_a_question_of_their_own_draw_their_own_figure() -> None:
    assert {*TRAINED} - OWN_FIGURE == WITHOUT_FIGURE


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(OWN_FIGURE))
def test_the_smoke_size_runs_and_draws(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", name, "--smoke", "--results", str(tmp_path), "--jobs", "1"]) == 0
    report = Path(capsys.readouterr().out.strip())
    text = report.read_text()
    drawn = TRAINED[name].smoke().figures
    assert drawn
    for drawing in drawn:
        assert f"](figures/{drawing.name}.svg)" in text
        least = 1_000 if isinstance(drawing, PublishedScores) else 5_000  # nothing is published at a budget of seconds
        assert (report.parent / "figures" / f"{drawing.name}.svg").stat().st_size > least
    if name not in WITHOUT_MODELS:
        return
    if any(isinstance(t.spec.observation, Transcript) for t in find_tasks(TRAINED[name].smoke().tasks)):
        assert "## What they write" in text
        assert "optimal " in text
