"""Two folders that are compared: a cell that is lost in one of them, and two scales of one task."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cli import main as cli
from benchmarks.design import scales
from benchmarks.imports.importer import import_runs
from benchmarks.reports.comparison import comparison
from benchmarks.reports.comparison.result_folders import load
from envs.api import Scale, Task
from envs.validation import UsageError
from tests.benchmarks.imports.sb3_logs import CSV
from tests.benchmarks.synthetic_results import write_cell
from tests.contracts.image_task import IMAGES

MINE = Task("mine", IMAGES.factory)


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
    assert "More members diverge in B: `ppo` on t (10 of 10; in A 0 of 10)." in out
    assert "All seeds diverged or returned no finite number: `ppo (B)` on t." in out
    mended = comparison.compare(load(tmp_path / "b"), load(tmp_path / "a"), 0.05)
    assert mended.violations == ()
    assert mended.by_task["finding"].tolist()[-1] == "no mean in A"
    assert cli.main(["compare", str(tmp_path / "b"), str(tmp_path / "b")]) == 0  # it was so before


def imported(folder: Path, variant: str, floor: float, ceiling: float) -> None:
    table = folder.parent / f"{variant}.csv"
    rows = [f"{variant},toy,{seed},{step},{step * 0.4 + 10 * seed}" for seed in range(6) for step in (50, 100)]
    table.write_text(CSV + "\n".join(rows) + "\n")
    import_runs("csv", [table], folder=folder, floor=floor, ceiling=ceiling)


@pytest.mark.parametrize("of_b", [(0.0, 100.0), (-50.0, 500.0)])
def test_compare_refuses_two_scales_of_one_task(of_b: tuple[float, float], tmp_path: Path) -> None:
    imported(tmp_path / "a", "x", 0.0, 500.0)
    imported(tmp_path / "b", "x", *of_b)
    sides = [load(tmp_path / name) for name in "ab"]
    said = f"toy has floor 0 and ceiling 500 in {tmp_path / 'a'}, floor {of_b[0]:g} and ceiling {of_b[1]:g} in"
    with pytest.raises(UsageError, match=re.escape(said)) as error:
        comparison.compare(sides[0], sides[1], 0.05)
    assert "the same --floor and --ceiling" in str(error.value)
    for name in "ab":  # what was given later holds
        scales.save_scales([replace(MINE, name="toy", floor=0.0, ceiling=200.0, threshold=200.0)], tmp_path / name)
    assert comparison.compare(sides[0], sides[1], 0.05).suite.scales["toy"] == Scale(0.0, 200.0, 200.0)
