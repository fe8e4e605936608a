"""Which cells of a folder are read: those in the settings of the last run, as it wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.store import pooling


def cell(rate: float, seeds: tuple[int, ...] = (0, 1), variant: str = "gae") -> dict[str, Any]:
    """What is hashed of a cell, as far as it matters here."""
    members = {"seeds": [*seeds], "rates": [rate] * len(seeds), "purpose": "train"}
    return {"task": {"name": "lock"}, "algorithm": {"name": variant}, "members": members, "env_steps": 100}


def read(folder: Path, *cells: dict[str, Any]) -> list[int]:
    """Places of the cells that are read."""
    paths = [Path(f"{i}.parquet") for i in range(len(cells))]
    return pooling.of_last_run(folder, paths, [{"cell": c} for c in cells])


def test_cells_of_earlier_settings_are_left_out_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slow, fast, other = cell(0.003), cell(0.03), cell(0.003, variant="ppo")
    with pytest.raises(pooling.NotPoolable):  # nobody has said which are meant
        read(tmp_path, slow, fast, other)
    pooling.save_settings(tmp_path, [slow, other])
    pooling.save_settings(tmp_path, [fast])  # ppo keeps what it has
    capsys.readouterr()
    assert read(tmp_path, slow, fast, other) == [1, 2]
    said = "left out: 1 cell of earlier commands with other settings (lock x gae: rates: [0.003] | [0.03])\n"
    assert capsys.readouterr().err == said


def test_other_seeds_are_the_same_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pooling.save_settings(tmp_path, [cell(0.03, (0, 1))])
    assert read(tmp_path, cell(0.03, (0, 1)), cell(0.03, (2, 3))) == [0, 1]
    assert capsys.readouterr().err == ""


def test_a_run_that_has_no_cell_yet_hides_none(tmp_path: Path) -> None:
    pooling.save_settings(tmp_path, [cell(0.03)])
    assert read(tmp_path, cell(0.003)) == [0]
