"""Results are packed for a release once; the second time nothing changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.store.sources import read_results, stored_cells
from docs._scripts.pack_results import pack
from tests.benchmarks.synthetic_results import write_cell

ROOT = Path(__file__).resolve().parent.parent.parent


def test_cells_are_packed_once_and_grow(tmp_path: Path) -> None:
    results, target = tmp_path / "results" / "ladder", tmp_path / "reference" / "ladder"
    target.parent.mkdir()
    score = np.array([[0.1, 0.2], [0.3, np.nan]])
    write_cell(results, "t", "gae", (0, 1), score)
    assert pack(results, target) == "ladder: 1 cells, 0 studies packed"
    assert read_results(stored_cells(target)).frame.equals(read_results(stored_cells(results)).frame)
    files = {path: path.stat().st_mtime_ns for path in target.parent.iterdir()}
    assert len(files) == 2
    assert pack(results, target) == "ladder: already packed"
    assert {path: path.stat().st_mtime_ns for path in target.parent.iterdir()} == files
    write_cell(results, "t", "ppo", (0, 1), score)
    assert pack(results, target) == "ladder: 2 cells, 0 studies packed"
    assert pack(tmp_path / "nothing", tmp_path / "target") == "nothing: no results"


def test_the_released_files_are_packed_already() -> None:
    for name in ("smoke", "bias", "gradient_quality", "tuning"):
        folder = ROOT / "results" / "reference" / name
        assert pack(folder, folder) in (f"{name}: already packed", f"{name}: no results")
