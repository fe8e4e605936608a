"""The true trackio and wandb, in an environment that PG_LADDER_TRACKERS names: whole runs, one of a name, no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.other_python import run_there

VARIABLE = "PG_LADDER_TRACKERS"
WRITE = """
import sys
from dataclasses import replace
from pathlib import Path
from benchmarks.execution.sinks.live import LiveLogs, make_sinks
from tests.benchmarks.execution.sinks.logged import FIRST, LATER, cell
folder, first = Path(sys.argv[1]), float(sys.argv[2])
with LiveLogs(make_sinks(["trackio", "wandb"], folder), "x") as live:
    for seed in (0, 1):
        live.record(cell(), replace(FIRST, seed=seed, eval_return=first))
    live.record(cell(), LATER)
    live.ended(cell())
    live.record(cell(), replace(FIRST, eval_return=first))  # begun again
    live.record(cell(), LATER)
"""
READ = """
import json, sys
from pathlib import Path
import trackio
from trackio.sqlite_storage import SQLiteStorage
from benchmarks.imports.wandb_files import read_run
kept = [
    (run.name, run.config["task"], run.config["seed"], run.config["_Group"],
     [(row["step"], row.get("score/return")) for row in SQLiteStorage.get_logs("x", run.name)])
    for run in trackio.Api().runs("x")
]
runs = [read_run(path) for path in sorted(Path(sys.argv[1]).glob("wandb/offline-run-*"))]
offline = [(r.name, r.config["task"], r.config["seed"], r.project,
            [(row["env_steps"], row.get("score/return")) for row in r.rows]) for r in runs]
print(json.dumps({"trackio": sorted(kept), "wandb": sorted(offline)}))
"""


def run(code: str, folder: Path, *words: str, **variables: str) -> Any:
    return run_there(VARIABLE, "trackio wandb", code, folder, str(folder / "logs"), *words, **variables)


@pytest.mark.slow
def test_a_run_is_whole_and_replaces_the_earlier_one(tmp_path: Path) -> None:
    for first in ("9", "0.25"):  # the second process begins the same runs again
        assert run(WRITE, tmp_path, first) == (None, "")
    read, _ = run(READ, tmp_path, TRACKIO_DIR=str(tmp_path / "logs" / "trackio"))
    one, group = "bandit-small__gae__seed0", "bandit/small x gae"
    assert read["trackio"] == [
        [one, "bandit/small", 0, group, [[0, 0.25], [640, 0.75]]],
        ["bandit-small__gae__seed1", "bandit/small", 1, group, [[0, 0.25]]],
    ]
    assert read["wandb"] == [
        [one, "bandit/small", 0, "x", [[0, 0.25], [640, 0.75]]],
        ["bandit-small__gae__seed1", "bandit/small", 1, "x", [[0, 0.25]]],
    ]


@pytest.mark.slow
def test_another_version_of_a_package_is_one_warning(tmp_path: Path) -> None:
    """A package whose `init` takes other arguments, as an older or newer version's may."""
    (tmp_path / "older").mkdir()
    for name in ("trackio", "wandb"):
        (tmp_path / "older" / f"{name}.py").write_text("def init(project): ...\ndef Settings(**_): ...\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'older')!r})\n{WRITE}"
    said = run(code, tmp_path, "9")[1].splitlines()
    assert [line.partition(" init()")[0] for line in said] == [
        f"--log {name}: TypeError:" for name in ("trackio", "wandb")
    ]
