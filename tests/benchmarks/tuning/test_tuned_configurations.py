"""Results of studies on disk, and `run --tuned`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from algorithms import VARIANTS
from benchmarks.cli.main import main
from benchmarks.store.sources import read_meta
from benchmarks.tuning import result
from benchmarks.tuning.lookup import configurations
from envs.seeding import Purpose
from tests.benchmarks.tuning.small_studies import TASK, VARIANT


def test_run_tuned_trains_what_the_studies_chose(copied: Path) -> None:
    words = [
        "run", "smoke", "--tasks", "bandit/small", "--variants", "gae,random", "--seeds", "2", "--env-steps", "640",
    ]  # fmt: skip
    assert main([*words, "--results", str(copied), "--tuned", "--jobs", "1"]) == 0
    (path,) = (copied / "smoke-tuned" / "cells").glob("*__gae__*")
    meta = read_meta(path)["cell"]
    (gae, _) = result.load_all(copied / "tuned")
    assert meta["training"]["learning_rate"] == gae.configuration["training.learning_rate"]
    assert meta["algorithm"]["estimator"]["credit"]["lam"] == gae.configuration["estimator.credit.lam"]
    assert meta["members"]["purpose"] == Purpose.TRAIN
    assert main(["report", "smoke", "--results", str(copied), "--tuned", "--figures", "svg"]) == 0


def test_run_tuned_refuses_what_was_not_tuned(studied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["run", "smoke", "--tuned", "--tasks", "bandit/small", "--variants", "gae,ppo", "--results", str(studied)])
        == 2
    )
    said = capsys.readouterr().err
    assert "no configuration of ppo on bandit/small" in said
    line = f"tune --variant ppo --task bandit/small --results {studied} --study tuned"
    assert f"{line}, and the --trials and --env-steps of the other studies" in said


def test_variants_of_unequal_budgets_are_not_compared(studied: Path, tmp_path: Path) -> None:
    gae, reinforce = result.load_all(studied / "tuned")
    result.save(gae, tmp_path)
    result.save(replace(reinforce, protocol={**reinforce.protocol, "trials": 12}), tmp_path)
    with pytest.raises(ValueError, match=r"under different budgets: trials 12 and 6"):
        configurations(tmp_path, [TASK], [VARIANT, VARIANTS["reinforce"]])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind": "pg_ladder_tuned", "version": 1}', '{"kind": "other"}'])
def test_a_damaged_file_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "gae__x.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"gae__x\.json"):
        result.load_all(tmp_path)


def test_what_is_written_comes_back(studied: Path, tmp_path: Path) -> None:
    for tuned in result.load_all(studied / "tuned"):
        assert result.load(result.save(tuned, tmp_path)) == tuned
