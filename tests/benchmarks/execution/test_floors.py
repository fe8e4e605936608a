"""Scales of users' tasks: flags, floors that are measured once, what a report reads, and what is refused."""

from __future__ import annotations

import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.cli import main as cli
from benchmarks.design import scales
from benchmarks.design.experiment import ComparisonExperiment, Outcome
from benchmarks.design.scales import ScaleFlags, scales_of_cells
from benchmarks.execution import adaptive
from benchmarks.execution.adaptive import SequentialPlan
from benchmarks.execution.floors import with_floors
from benchmarks.imports.importer import import_runs
from benchmarks.reports.comparison import comparison
from benchmarks.store.sources import read_meta
from envs import TASKS, random_policy
from envs.api import Scale, Task
from envs.random_policy import Floor
from envs.validation import UsageError
from tests.benchmarks.synthetic_results import meta, write_cell
from tests.contracts.image_task import IMAGES

MINE = Task("mine", IMAGES.factory)
PENDULUM = ["--tasks", "gymnasium:Pendulum-v1", "--variants", "reinforce,ppo", "--env-steps", "400", "--seeds", "2"]


def test_flags_are_of_the_one_task_that_is_the_users() -> None:
    carts, mine = ScaleFlags(1.0, 9.0, 8.0).applied([TASKS["CartPole-v1"], MINE])
    assert carts is TASKS["CartPole-v1"]
    assert mine.scale == Scale(1.0, 9.0, 8.0)
    assert ScaleFlags(ceiling=7.0).applied([replace(MINE, floor=2.0)])[0].scale == Scale(2.0, 7.0)
    assert ScaleFlags().applied([MINE, replace(MINE, name="other")])[1].name == "other"


@pytest.mark.parametrize(
    ("flags", "tasks", "said"),
    [
        ({"ceiling": 1.0}, [TASKS["CartPole-v1"]], "--ceiling has no meaning for CartPole-v1: a registered task"),
        ({"floor": 1.0}, [MINE, replace(MINE, name="other")], "--floor cannot be the scale of both mine and other"),
        ({"floor": 2.0, "ceiling": 1.0}, [MINE], "--floor must be below --ceiling, not 2 and 1"),
        ({"floor": 3.0}, [replace(MINE, ceiling=3.0)], "--floor must be below --ceiling, not 3 and 3"),
        ({"ceiling": math.nan}, [MINE], "--ceiling must be a finite number, not nan"),
        ({"threshold": math.nan}, [MINE], "--threshold must be a number"),
    ],
)
def test_flags_that_cannot_be_are_refused(flags: dict[str, float], tasks: list[Task], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ScaleFlags(**flags).applied(tasks)


def test_a_floor_is_measured_once_and_again_for_another_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def measured(task: Task) -> Floor:
        asked.append(task.name)
        return Floor(1.5, 0.1, 300, 4_000)

    monkeypatch.setattr(random_policy, "measure_floor", measured)
    monkeypatch.setattr(
        "benchmarks.execution.floors.in_child", lambda work: work()
    )  # a child's calls are not seen here
    given = replace(MINE, name="given", floor=-1.0)
    assert [t.floor for t in with_floors([MINE, given], tmp_path)] == [1.5, -1.0]
    assert [t.floor for t in with_floors([MINE], tmp_path)] == [1.5]
    assert asked == ["mine"]
    (file,) = (tmp_path / "floors").iterdir()
    assert json.loads(file.read_text())["episodes"] == 300
    with_floors([replace(MINE, factory=TASKS["Blackjack-v1"].factory), replace(MINE, gamma=0.5)], tmp_path)
    assert asked == ["mine"] * 3
    file.write_text("broken")
    with_floors([MINE], tmp_path)
    assert len(asked) == 4
    with pytest.raises(ValueError, match=r"return on mine is 1.5: --ceiling must be above it, not 1"):
        with_floors([replace(MINE, ceiling=1.0)], tmp_path)


def test_an_environment_that_cannot_be_measured_is_no_obstacle_without_a_ceiling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measured(task: Task) -> Floor:
        raise SystemExit("I leave")

    monkeypatch.setattr(random_policy, "measure_floor", measured)
    assert with_floors([MINE], tmp_path) == [MINE]
    said = "the floor of mine cannot be measured (SystemExit: the code of the task or variant called sys.exit(I leave))"
    assert said in capsys.readouterr().err
    with pytest.raises(ValueError, match="give it by --floor"):
        with_floors([replace(MINE, ceiling=3.0)], tmp_path)


def told(task: str, *scale: float | None) -> dict[str, Any]:
    return {**meta(task, "v", [0]), "reading": {"scale": list(scale)}}


def test_which_scale_a_report_reads() -> None:
    inf = math.inf
    cells = [told("CartPole-v1", 0.0, 1.0, inf), told("mine", -3.0, None, inf), told("mine", -3.0, 4.0, 2.0)]
    found = scales_of_cells([*cells, told("mine", None, None, None), told("gymnasium:Old-v0", 0.0, 1.0, inf)])
    assert found["CartPole-v1"] == TASKS["CartPole-v1"].scale
    assert found["mine"] == Scale(-3.0, 4.0, 2.0)  # of all that was said, the fullest
    assert found["gymnasium:Old-v0"] == Scale(None, None)  # 0 and 1 were no measured ends
    assert scales_of_cells(cells, [replace(MINE, floor=0.0, ceiling=9.0, threshold=8.0)])["mine"] == Scale(
        0.0, 9.0, 8.0
    )


def test_a_ceiling_that_comes_after_the_cells_is_kept_for_later_reports(tmp_path: Path) -> None:
    scales.keep_scales([replace(MINE, floor=0.0, ceiling=5.0), TASKS["CartPole-v1"]], tmp_path)
    assert scales_of_cells([told("mine", 0.0, None, None)], folders=[tmp_path])["mine"] == Scale(0.0, 5.0)
    assert list(json.loads((tmp_path / "scales.json").read_text())) == ["mine"]


def test_run_of_a_users_task_says_return_and_with_a_ceiling_normalises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--results", str(tmp_path), "--jobs", "1"]
    assert cli.main(["run", "smoke", *PENDULUM, *where]) == 0
    folder = tmp_path / "smoke"
    text = (folder / "report.md").read_text()
    assert "normalised" not in text + "".join(p.read_text() for p in (folder / "figures").glob("*.svg"))
    assert "mean return on gymnasium:Pendulum-v1 (-1" in text
    (floor,) = (tmp_path / "floors").iterdir()
    assert -1400 < json.loads(floor.read_text())["mean"] < -1050
    cells = {p.name for p in (folder / "cells").iterdir()}
    assert cli.main(["run", "smoke", *PENDULUM, *where, "--ceiling", "-150"]) == 0
    assert {p.name for p in (folder / "cells").iterdir()} == cells  # nothing is trained again
    assert "(ceiling - floor)" in (folder / "report.md").read_text()
    assert cli.main(["report", "smoke", "--results", str(tmp_path), "--figures", "svg"]) == 0
    assert "normalised" in (folder / "report.md").read_text()
    assert cli.main(["compare", str(folder), str(folder)]) == 0
    assert "of the normalised score" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "smoke", "--ceiling", "3"], "--ceiling has no meaning for"),
        (["run", "smoke", *PENDULUM, "--floor", "1", "--ceiling", "0"], "--floor must be below --ceiling, not 1 and 0"),
        (
            ["run", "learning_rates", "--tasks", "gymnasium:Pendulum-v1,CartPole-v1"],
            "gymnasium:Pendulum-v1 has no ceiling",
        ),
        (
            ["run", "ladder", "--tasks", "gymnasium:Pendulum-v1,CartPole-v1", "--adaptive"],
            "--adaptive averages over tasks",
        ),
        (["run", "gradient_quality", "--ceiling", "3"], "--ceiling has no meaning for gradient_quality"),
        (
            ["train", "--task", "CartPole-v1", "--variant", "ppo", "--floor", "3"],
            "--floor has no meaning for CartPole-v1",
        ),
        (
            ["tune", "--variant", "ppo", "--tasks", "gymnasium:Pendulum-v1,CartPole-v1", "--dry-run"],
            "gymnasium:Pendulum-v1 has no ceiling",
        ),
    ],
)
def test_what_cannot_be_averaged_or_scaled_is_refused_by_name(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*words, "--results", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_train_reads_a_users_task_as_far_as_it_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = ["train", "--task", "gymnasium:CartPole-v1", "--variant", "reinforce", "--seeds", "2", "--env-steps", "200"]
    assert cli.main([*train, "--results", str(tmp_path)]) == 0
    assert "final return" in capsys.readouterr().out
    assert [p.parent.name for p in tmp_path.rglob("gymnasium-CartPole*.json")] == ["floors"]


# compare, adaptive


def lost_in(folder: Path, task: str, variant: str) -> None:
    """A cell whose ten members are all lost."""
    write_cell(folder, task, variant, range(10), np.array([[0.1] * 10, [np.nan] * 10]))


def test_compare_names_a_cell_that_diverged_in_b_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    for name in "ab":
        for variant in ("gae", "ppo"):
            score = np.stack([np.full(10, 0.1), rng.uniform(0.4, 0.6, 10)])
            write_cell(tmp_path / name, "t", variant, range(10), score)
    assert cli.main(["compare", str(tmp_path / "a"), str(tmp_path / "a")]) == 0
    shutil.rmtree(tmp_path / "b")
    write_cell(tmp_path / "b", "t", "gae", range(10), np.stack([np.full(10, 0.1), rng.uniform(0.4, 0.6, 10)]))
    lost_in(tmp_path / "b", "t", "ppo")
    capsys.readouterr()
    assert cli.main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 1
    out = capsys.readouterr().out
    assert "more members diverge in B: `ppo` on t (10 of 10; in A 0 of 10)" in out
    assert "All seeds diverged or returned no finite number: `ppo (B)` on t." in out
    mended = comparison.compare(comparison.load(tmp_path / "b"), comparison.load(tmp_path / "a"), 0.05)
    assert mended.violations == ()
    assert mended.by_task["finding"].tolist()[-1] == "no mean in A"
    assert cli.main(["compare", str(tmp_path / "b"), str(tmp_path / "b")]) == 0  # it was so before


def test_seeds_are_not_added_for_a_variant_that_diverged_with_all(tmp_path: Path) -> None:
    trained: list[set[str]] = []

    def train(cells: Any) -> Outcome:
        trained.append({c.algorithm.name for c in cells if c.members.seeds[0] == 10})
        paths = []
        for cell in cells:
            seeds = cell.members.seeds
            luck = np.random.default_rng(seeds[0]).uniform(0.4, 0.6, len(seeds))
            end = {"reinforce": luck, "gae": np.full(len(seeds), np.nan), "ppo": luck[::-1]}[cell.algorithm.name]
            paths.append(write_cell(tmp_path, "bandit/small", cell.algorithm.name, seeds, np.stack([luck * 0, end])))
        return Outcome(tuple(paths), ())

    from algorithms import VARIANTS

    chosen = tuple(VARIANTS[v] for v in ("reinforce", "gae", "ppo"))
    plan = SequentialPlan(
        ComparisonExperiment("x", "?", (TASKS["bandit/small"],), chosen), "reinforce", 20, 0.001, 0.05, 100
    )
    adaptive.run(plan, train, tmp_path)
    decisions = {r["variant"]: r for r in json.loads((tmp_path / "adaptive.json").read_text())["decisions"]}
    assert decisions["gae"]["decision"] == "no mean: all seeds diverged"
    assert decisions["ppo"]["decision"] == "undecided"
    assert trained == [set(), {"reinforce", "ppo"}]
    assert "NaN" not in (tmp_path / "adaptive.json").read_text()


def test_imported_runs_of_a_gymnasium_task_take_its_scale_from_the_flags(tmp_path: Path) -> None:
    table = tmp_path / "runs.csv"
    rows = [f"theirs,gymnasium:Pendulum-v1,{seed},{step},{-900 - seed}" for seed in (0, 1) for step in (100, 200)]
    table.write_text("\n".join(["variant,task,seed,env_steps,score", *rows]) + "\n")
    where = {"folder": tmp_path / "x", "task": "gymnasium:Pendulum-v1"}
    (path,) = import_runs("csv", [table], **where)  # type: ignore[arg-type]
    assert read_meta(path)["reading"]["scale"] == [None, None, math.inf]
    path.unlink()
    (path,) = import_runs("csv", [table], **where, floor=-1200.0, ceiling=-150.0)  # type: ignore[arg-type]
    assert read_meta(path)["reading"]["scale"] == [-1200.0, -150.0, math.inf]


def imported(folder: Path, variant: str, floor: float, ceiling: float) -> None:
    table = folder.parent / f"{variant}.csv"
    rows = [f"{variant},toy,{seed},{step},{step * 0.4 + 10 * seed}" for seed in range(6) for step in (50, 100)]
    table.write_text("\n".join(["variant,task,seed,env_steps,score", *rows]) + "\n")
    import_runs("csv", [table], folder=folder, floor=floor, ceiling=ceiling)


@pytest.mark.parametrize("of_b", [(0.0, 100.0), (-50.0, 500.0)])
def test_compare_refuses_two_scales_of_one_task(of_b: tuple[float, float], tmp_path: Path) -> None:
    imported(tmp_path / "a", "x", 0.0, 500.0)
    imported(tmp_path / "b", "x", *of_b)
    sides = [comparison.load(tmp_path / name) for name in "ab"]
    said = f"toy has floor 0 and ceiling 500 in {tmp_path / 'a'}, floor {of_b[0]:g} and ceiling {of_b[1]:g} in"
    with pytest.raises(UsageError, match=re.escape(said)) as error:
        comparison.compare(sides[0], sides[1], 0.05)
    assert "the same --floor and --ceiling" in str(error.value)
    for name in "ab":  # what was given later holds
        scales.keep_scales([replace(MINE, name="toy", floor=0.0, ceiling=200.0, threshold=200.0)], tmp_path / name)
    assert comparison.compare(sides[0], sides[1], 0.05).suite.scales["toy"] == Scale(0.0, 200.0, 200.0)


def test_a_ceiling_that_one_folder_does_not_know_is_no_contradiction(tmp_path: Path) -> None:
    known, unknown = told("mine", 0.0, 5.0, None), told("mine", 0.0, None, None)
    scales.check_agree([([known], tmp_path / "a"), ([unknown], tmp_path / "b")])
    scales.check_agree(
        [([told("CartPole-v1", 0.0, 1.0, None)], tmp_path), ([told("CartPole-v1", 0.0, 2.0, None)], tmp_path)]
    )
