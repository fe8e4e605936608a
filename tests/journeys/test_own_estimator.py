"""The journey of docs/own-estimator.md: a variant of the page's is examined, compared, given a rate, and varied."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.cli.main import main
from benchmarks.design.settings import RATES
from benchmarks.execution.engines import pool
from benchmarks.store.sources import read_meta
from tests.journeys.pages import blocks, commands

PAGE = "own-estimator.md"
SMALL = ["--seeds", "2", "--env-steps", "300", "--jobs", "1", "--figures", "svg"]
TEXT = ["--tasks", "bandit/medium", "--variants", "mine:VARIANT,baseline_loo"]


@pytest.fixture(autouse=True)
def in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the module of the page."""
    (tmp_path / "mine.py").write_text(blocks(PAGE, "python")[0])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(pool, "START", "fork")
    sys.modules.pop("mine", None)


def cells(folder: Path) -> dict[str, float]:
    """The learning rate of each variant that was trained."""
    metas = [read_meta(path)["cell"] for path in folder.glob("cells/*.parquet")]
    return {meta["algorithm"]["name"]: meta["members"]["rates"][0] for meta in metas}


def test_the_variant_keeps_its_promise(capsys: pytest.CaptureFixture[str]) -> None:
    (words,) = [words for words in commands(PAGE) if words[:2] == ["examine", "mine:VARIANT"]]
    assert main(words) == 0
    assert "mine:VARIANT: 30 of 30 rules hold" in capsys.readouterr().out


def test_the_commands_of_the_page_fit_and_warn_of_an_unselected_rate(capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands(PAGE):
        if words[0] != "run":
            continue
        assert main([*words, *SMALL, "--dry-run"]) == 0, words
        said = capsys.readouterr()
        if "--select-rates" in words:
            assert "pooled, learning rates first: 2 cells" in said.err
            assert "pooled, at the selected rates: up to 6 cells to run" in said.err
        elif "mine:VARIANT" in words:
            assert "no learning rate was selected for pooled" in said.err
            assert "--select-rates" in said.err
            assert "--dry-run" not in said.err
        if "lambdas" in words:
            names = [line.partition(" x ")[2].partition(":")[0] for line in said.out.splitlines()]
            assert names == [f"{v} lam={lam}" for v in ("gae", "ppo") for lam in (".9", ".95", "1")]


@pytest.mark.slow
def test_a_rate_is_selected_once_kept_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", "ladder", *TEXT, *SMALL, "--name", "pooled", "--select-rates"]
    assert main(command) == 0
    assert "selected for bandit/medium x pooled: learning rate " in capsys.readouterr().err
    (population,) = (tmp_path / "results/rates/cells").glob("*.parquet")
    members = read_meta(population)["cell"]["members"]
    assert sorted(set(members["rates"])) == sorted(RATES)
    assert len(members["seeds"]) == 15
    folder, before = tmp_path / "results/pooled", population.stat().st_mtime_ns
    chosen = json.loads((folder / "rates.json").read_text())["bandit/medium"]
    assert cells(folder)["pooled"] == chosen["pooled"]
    assert main(command) == 0  # nothing is trained again
    assert population.stat().st_mtime_ns == before
    assert len(list(folder.glob("cells/*.parquet"))) == 2
    text = (folder / "report.md").read_text()
    assert text.startswith("# pooled\n\n**How do pooled and baseline_loo compare on bandit/medium?**")
    told = "The learning rate of `pooled` was selected for this comparison, on seeds of its own."
    assert told in text
    assert main(["report", "pooled", "--figures", "svg"]) == 0
    assert told in (folder / "report.md").read_text()
    capsys.readouterr()
    assert main(["run", "pooled"]) == 2
    assert (
        "pooled is a comparison of your own, which is run by: python -m benchmarks run ladder"
        in capsys.readouterr().err
    )


@pytest.mark.slow
def test_values_are_variants_which_the_report_tells_apart(tmp_path: Path) -> None:
    swept = ["--set", "estimator.baseline.share=0,.5,1", "--name", "shares"]
    assert main(["run", "ladder", *TEXT, *SMALL, *swept]) == 0
    folder = tmp_path / "results/shares"
    assert sorted(cells(folder)) == ["baseline_loo", "pooled share=.5", "pooled share=0", "pooled share=1"]
    text = (folder / "report.md").read_text()
    assert all(
        f"| **pooled share={share}** |" in text or f"| pooled share={share} |" in text for share in ("0", ".5", "1")
    )
