"""Real actors from the command line: how their rows are marked, and what is left when a run is stopped."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from algorithms import VARIANTS
from algorithms.composition import Processes
from benchmarks.cli.main import main
from benchmarks.design.lookup import find_variant
from benchmarks.store import pooling
from benchmarks.store.sources import read_meta
from tests.benchmarks.cli.stopped import stopped_in_the_middle


def train(results: Path, *more: str) -> list[str]:
    return ["train", "--task", "bandit/small", "--seeds", "2", "--results", str(results), *more]


def test_rows_of_real_actors_say_that_they_do_not_repeat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(train(tmp_path, "--variant", "async_is", "--actors", "2", "--env-steps", "2000")) == 0
    assert "do not repeat" in capsys.readouterr().out
    assert main(train(tmp_path, "--variant", "async_is", "--env-steps", "2000")) == 0
    assert "do not repeat" not in capsys.readouterr().out
    metas = {m["cell"]["algorithm"]["name"]: m for m in map(read_meta, (tmp_path / "train/cells").glob("*.parquet"))}
    assert metas["async_is (2 actors)"]["provenance"]["reproducible"] is False
    assert "reproducible" not in metas["async_is"]["provenance"]
    assert metas["async_is (2 actors)"]["notices"] == []
    assert pooling.mixed(metas.values()) == ["reproducible False | True"]
    assert not pooling.mixed([metas["async_is"]])


@pytest.mark.parametrize(("how", "alone", "hogwild"), [(signal.SIGINT, False, False), (signal.SIGKILL, True, True)])
def test_a_stopped_run_leaves_no_process_and_keeps_its_state(
    tmp_path: Path, how: signal.Signals, alone: bool, hogwild: bool
) -> None:
    """Ctrl-C reaches all of a terminal's processes; a kill only the first, and the others must see that it is gone."""
    words = train(
        tmp_path, "--variant", "async", "--actors", "2", "--env-steps", "5000000", "--set", "training.segment=5"
    )
    flags = ["--hogwild"] if hogwild else []
    status, said = stopped_in_the_middle([sys.executable, "-m", "benchmarks", *words, *flags], tmp_path, how, alone)
    assert status == (130 if how is signal.SIGINT else -how)
    assert "Traceback" not in said
    assert list(tmp_path.rglob("*.state"))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--variant", "gae", "--actors", "0"], "--actors must be at least 1, not 0"),
        (["--variant", "gae", "--hogwild"], "--hogwild takes --actors N"),
        (["--variant", "nlpo", "--actors", "2"], "nlpo draws from a nucleus"),
        (["--variant", "ppo", "--actors", "2", "--hogwild"], "one step a rollout, not 16"),
    ],
)
def test_what_real_actors_cannot_do_is_said_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    assert main(train(tmp_path, *flags)) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_uncorrected_one_has_a_name_among_its_siblings() -> None:
    assert find_variant("async_none").name == "async"
    real = VARIANTS["async_vtrace"].with_processes(Processes(4))
    assert real.name == "async_vtrace (4 actors)"
    assert real.schedule.lag == 0  # the lag is what it turns out to be
    assert real.schedule.processes is not None
    assert real.schedule.processes.actors == 4
