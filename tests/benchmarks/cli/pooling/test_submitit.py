"""The example of docs/slurm.md, with submitit's local executor: drivers on one folder, started as jobs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.store.sources import stored_cells

submitit = pytest.importorskip("submitit", reason="submitit is not installed: pip install 'pg-ladder[slurm]'")
ROOT = Path(__file__).resolve().parents[4]
CODE = "import sys; from benchmarks.cli.main import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.slow
def test_drivers_started_by_submitit_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    executor = submitit.AutoExecutor(folder=tmp_path / "logs", cluster="local")
    executor.update_parameters(timeout_min=5, cpus_per_task=1)
    words = [
        "run",
        "smoke",
        "--tasks",
        "bandit/small",
        "--variants",
        "gae,random",
        "--seeds",
        "20",
        "--env-steps",
        "200",
    ]
    words += ["--results", str(tmp_path / "results"), "--jobs", "1", "--figures", "svg"]
    command = submitit.helpers.CommandFunction([sys.executable, "-c", CODE, *words], cwd=str(ROOT), verbose=False)
    with executor.batch():
        drivers = [executor.submit(command) for _ in range(2)]
    said = [driver.result() for driver in drivers]
    assert len(stored_cells(tmp_path / "results" / "smoke")) == 4
    assert not list(tmp_path.rglob("*.claim*"))
    assert all(text.strip().endswith("report.md") for text in said)
