"""The journey of docs/scale-out.md and docs/slurm.md: shards, drivers on one folder, and a cluster of Ray started here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.cli.main import main
from benchmarks.execution.engines import pool
from benchmarks.store.sources import stored_cells
from tests.benchmarks.small_cells import stored_rows
from tests.journeys.pages import blocks, commands

ROOT = Path(__file__).resolve().parents[2]
SCALE_OUT, SLURM = commands("scale-out.md", "bash", 3), commands("slurm.md", "bash")
TEXT = ["--tasks", "bandit/small", "--variants", "reward_to_go,gae,random", "--seeds", "2", "--env-steps", "300"]
QUICK = ["--jobs", "1", "--figures", "svg"]


@pytest.fixture(autouse=True)
def in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the environment of docs/own-environment.md."""
    (tmp_path / "tank.py").write_text(blocks("own-environment.md", "python")[0])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(pool, "START", "fork")
    sys.modules.pop("tank", None)


def the_command(page: list[list[str]], *with_words: str) -> list[str]:
    """The first command of a page that has these words."""
    return next(words for words in page if set(with_words) <= {*words})


def rows(folder: Path) -> pd.DataFrame:
    frame = stored_rows(folder).drop(columns="wall_s")
    return frame.sort_values(["task", "variant", "seed", "checkpoint"], ignore_index=True)


def test_the_dry_run_of_the_page_says_how_many_cores_are_enough(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*the_command(SCALE_OUT, "--dry-run"), *TEXT]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "bandit/small x random: 2 members x no training"
    assert "ladder: 3 cells to run: 1,200 environment steps, 200 at once" in said.err
    assert "ladder on 200 cores: about " in said.err


@pytest.mark.slow
def test_shards_of_a_comparison_of_ones_own_are_pooled_under_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two machines that share nothing, then a third: it learns the name, the floor and the ceiling from their folders."""
    share = the_command(SLURM, "--shard", "$SLURM_ARRAY_TASK_ID/20")
    tank = ["--tasks", "tank:Tank", "--variants", "reinforce,gae", "--ceiling", "0", "--name", "tank"]
    sizes = ["--seeds", "2", "--env-steps", "200"]
    for number in ("1", "2"):
        words = [word.replace("$SLURM_ARRAY_TASK_ID", number).replace("/20", "/2") for word in share]
        assert main([*words, *tank, *sizes, *QUICK]) == 0
    said = capsys.readouterr().err
    assert "tank, shard 1/2: 1 cell to run" in said
    assert "no report yet: 1 cells have no result" in said
    pooled = ["tank" if word == "ladder" else word for word in the_command(SLURM, "report", "--more")]
    assert pooled[-4:] == ["--more", "results-1", "--more", "results-2"]
    assert main([*pooled, "--figures", "svg"]) == 0
    text = (tmp_path / "results/tank/report.md").read_text()
    assert text.startswith("# tank\n\n**How do reinforce and gae compare on tank:Tank?**")
    assert "Not run yet" not in text
    scores = pd.read_csv(tmp_path / "results/tank/summary.csv")
    assert scores["score"].between(-1, 1).all()  # returns are some -16,000 litres
    capsys.readouterr()
    packed = ["tank" if word == "ladder" else word for word in the_command(SLURM, "pack")[:2]]
    assert main([*packed, "--more", "results-1", "--more", "results-2"]) == 0
    assert len(capsys.readouterr().out.split()) == 2
    assert len(stored_cells(tmp_path / "results/tank")) == 2


@pytest.mark.slow
def test_two_drivers_on_a_folder_train_no_cell_twice_and_write_one_report(tmp_path: Path) -> None:
    shared = the_command(SLURM, "run", "/shared/results")
    words = ["results" if word == "/shared/results" else word for word in shared]
    command = [sys.executable, "-m", "benchmarks", *words, *TEXT, *QUICK]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    drivers = [
        subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [driver.communicate() for driver in drivers]
    assert [driver.returncode for driver in drivers] == [0, 0], said
    assert {out.strip() for out, _ in said} == {"results/ladder/report.md"}
    assert sum(err.count("writing the report") for _, err in said) == 1, said
    assert len(stored_cells(tmp_path / "results/ladder")) == 3
    assert not list(tmp_path.rglob("*.claim*"))


@pytest.mark.slow
def test_a_cluster_on_this_machine_trains_the_same_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ray", reason="ray is not installed: pip install 'pg-ladder[ray]'")
    words = the_command(SCALE_OUT, "run", "--address")
    here = ["--results", "here", *TEXT, *QUICK]
    assert main([*words[:4], "--results", "cluster", *TEXT, "--jobs", "2", "--figures", "svg"]) == 0
    assert capsys.readouterr().out.strip() == "cluster/ladder/report.md"
    assert main([*words[:2], *here]) == 0
    pd.testing.assert_frame_equal(rows(tmp_path / "cluster/ladder"), rows(tmp_path / "here/ladder"), check_exact=True)
