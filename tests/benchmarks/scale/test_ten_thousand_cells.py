"""10,000 cells: what commands take, and that the memory of a driver does not grow with the cells that have ended."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.many_cells import write_many
from tests.benchmarks.scale.measured import measured

CELLS = 10_000
SLOWER = 3  # a machine under the tests may be so many times slower than one on which the seconds below are expected
PENDING_S, DRY_RUN_S, PACK_S, REPORT_S = 3.0, 5.0, 120.0, 120.0
MOST_MIB = 2_048
FLAT_MIB = 8  # a display and the calibration of second copies keep some numbers of each job

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]


@pytest.fixture(scope="module")
def ladder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cells") / "ladder"
    write_many(folder, CELLS)
    yield folder
    shutil.rmtree(folder.parent)


def test_a_run_reads_one_footer_a_cell_to_find_what_is_left(ladder: Path) -> None:
    used = measured("measured", "pending", str(ladder))
    assert (used["cells"], used["pending"], used["read"]) == (CELLS, 0, CELLS)
    assert used["seconds"] < SLOWER * PENDING_S


def test_a_dry_run_of_ten_thousand_cells() -> None:
    used = measured("measured", "command", "run", "ladder", "--dry-run", "--seeds", "3150")
    assert used["status"] == 0
    assert used["seconds"] < SLOWER * DRY_RUN_S


def test_ten_thousand_cells_are_packed(ladder: Path, tmp_path: Path) -> None:
    used = measured("measured", "command", "pack", "ladder", "--results", str(tmp_path), "--more", str(ladder.parent))
    assert (used["status"], (tmp_path / "ladder.parquet").exists()) == (0, True)
    assert used["seconds"] < SLOWER * PACK_S
    assert used["peak_mib"] < MOST_MIB


def test_a_driver_needs_no_memory_for_what_has_ended_and_writes_its_report(ladder: Path, tmp_path: Path) -> None:
    used = measured("many_jobs", str(ladder), str(tmp_path))
    assert used["results"] == CELLS
    assert used["late_mib"] - used["early_mib"] < FLAT_MIB
    assert (tmp_path / "ladder" / "report.html").exists()
    assert used["report_seconds"] < SLOWER * REPORT_S
    assert used["peak_mib"] < MOST_MIB
