"""Where jobs run, as flags say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cli.engine_flags import EngineFlags
from benchmarks.cli.kinds.jobs import jobs_at_once
from benchmarks.cli.main import main
from benchmarks.cli.options import RunFlags
from envs.validation import UsageError


@pytest.mark.parametrize(
    ("size", "number"),
    [("4GiB", 4 * 2**30), ("1.5 GiB", 3 * 2**29), ("600MB", 600_000_000), ("2GB", 2_000_000_000), ("536870912", 2**29)],
)
def test_sizes_of_memory(size: str, number: int) -> None:
    assert EngineFlags(cell_memory=size).memory_bytes() == number


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--cell-memory", "4 gigs"], "--cell-memory takes a size, as 4GiB or 500MB, not '4 gigs'"),
        (["--cell-memory", "4MiB"], "--cell-memory must be at least 512MiB, which a worker needs, not 4MiB"),
        (["--cell-timeout", "0"], "--cell-timeout must be more than 0 seconds, not 0"),
        (["--engine", "rai"], "unknown engine 'rai'; nearest: ray"),
        (["--address", "10.0.0.1:6379"], "--address has no meaning without --engine ray"),
        (["--cells-per-gpu", "2"], "--cells-per-gpu has no meaning without --engine ray"),
        (["--engine", "ray", "--cells-per-gpu", "0"], "--cells-per-gpu must be at least 1, not 0"),
        (
            ["--engine", "ray", "--address", "ray://h:1"],
            "--address takes the HOST:PORT of the cluster's head, or auto, not ray://h:1",
        ),
        (["--engine", "ray", "--device", "cuda:1"], "--device is cpu or cuda with --engine ray, which chooses the GPU"),
        (
            ["--engine", "ray", "--address", "127.0.0.1:1"],
            "--address 127.0.0.1:1: no head of a cluster answers there (",
        ),
        (["--cores", "20"], "--cores belongs to --dry-run; --jobs says how many cells run at once"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(
    flags: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["run", "smoke", "--results", str(tmp_path), *flags]) == 2
    assert said in capsys.readouterr().err


def test_seconds_are_not_measured_on_other_machines() -> None:
    with pytest.raises(UsageError, match="x measures seconds, which differ between machines: --engine local, not ray"):
        jobs_at_once(RunFlags("x", engine="ray"), "x", one_at_a_time=True)


def test_a_dry_run_says_how_long_on_how_many_cores(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["run", "smoke", "--dry-run", "--engine", "ray", "--cores", "200", "--results", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert "smoke on 200 cores: about " in said
    assert "The limit is what takes longest: " in said
    assert not list(tmp_path.iterdir())
