"""`run` on language models: a dry run makes nothing, and a user's own model and data take the place of the suite's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from algorithms import VARIANTS
from algorithms.cost import language_seconds
from benchmarks.cli.kinds.language import LanguageRun, _on
from benchmarks.cli.main import main
from benchmarks.cli.run import Run
from benchmarks.design.cells import build_cells
from benchmarks.execution.cost import CELL_S
from benchmarks.execution.jobs import CellJob
from benchmarks.experiments import EXPERIMENTS
from benchmarks.language.artefacts import ArtefactStore, NotMade, only_reading
from benchmarks.language.experiment import LanguageExperiment
from benchmarks.playback.policy_files import file_paths
from benchmarks.store.sources import read_meta
from envs.api import Task
from envs.language.data.rewards import OwnJudge
from envs.language.judged_mdp import JudgedMDP
from envs.language.models.base import find_base
from tests.benchmarks.cli.language.own_texts import FITTING, made
from tests.benchmarks.small_cells import run_without_report
from tests.envs.language.tiny_reviews import review

OWN: dict[str, Any] = {
    "prompts": Path("prompts.jsonl"), "preferences": Path("preferences.jsonl"),
    "demonstrations": Path("demonstrations.jsonl"), "reward": "own_rewards_here:praise",
}  # fmt: skip
RLOO = VARIANTS["rloo"]
WORDS = ["run", "rlhf", "--smoke", "--dry-run", "--results"]


def files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_dry_run_makes_no_model_and_lists_what_would_be_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*WORDS, str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "would make first: pretraining the base model, once" in said.err
    assert "would make first: pretraining the judge's model, once" in said.err
    assert "review x rloo: 2 members x 768 steps" in said.out
    assert "review x best_of_4_samples: 2 members x no training" in said.out
    assert "rlhf: at most 5 cells after that, about" in said.err
    assert list(tmp_path.iterdir()) == []


def test_the_time_of_tasks_without_a_model_is_that_of_their_cells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`transfer` has both kinds. A rate experiment's population has a member for each of 3 seeds and each rate."""
    words = ["--tasks", "lock/small (table),phrase small beta=0.1", "--variants", "rloo"]
    flags = Run(experiment="transfer_rates", results=tmp_path, dry_run=True, tasks=words[1], variants="rloo")
    run = LanguageRun(EXPERIMENTS["transfer_rates"])
    run.select(flags)
    cells = build_cells(run.language, [t for t in run.language.plain if t.name == "lock/small (table)"], [RLOO], None)
    shape = run.language.models[0].shape.linear.values()
    members, steps = 3 * len(run.language.rates), run.language.env_steps["lock/small (table)"]
    language = CELL_S + language_seconds(shape, members * 1_056)
    assert run.seconds == pytest.approx(CellJob(cells[0], Path()).expected_seconds + language)
    assert main(["run", "transfer_rates", *words, "--dry-run", "--results", str(tmp_path)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"lock/small (table) x rloo: {members} members x {steps:,} steps",
        f"phrase small beta=0.1 x rloo: {members} members x 1,056 steps",
    ]


def test_a_dry_run_on_a_base_that_is_there_makes_no_stage(
    here: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = [word for name, value in OWN.items() for word in (f"--{name}", str(value))]
    assert main([*WORDS, str(tmp_path), "--base", str(made()[1]), *own]) == 0
    said = capsys.readouterr()
    assert "would make first: supervised fine-tuning of 2 seeds\nwould make first: the stages that follow" in said.err
    assert "review x rloo: 2 members x 768 steps" in said.out
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_made_or_moved_where_only_reading_is_allowed(tmp_path: Path) -> None:
    store = ArtefactStore(tmp_path)
    damaged = store.path("sft", "x")
    damaged.mkdir(parents=True)
    before = files(tmp_path)
    with only_reading():
        for what in ("x", "y"):
            with pytest.raises(NotMade, match="sft"):
                next(store.make("sft", what, lambda state: pytest.fail("worked")))
    assert files(tmp_path) == before


def test_a_users_model_and_data_take_the_place_of_the_suites(here: Path, tmp_path: Path) -> None:
    """All of them given, so neither a corpus nor a model of the suite's is needed."""
    base = str(made()[1])
    flags = {"smoke": True, "seeds": 2, "env_steps": 200, "variants": "rloo,best_of_4_samples", "base": base, **OWN}
    run_without_report("rlhf", tmp_path, **flags)
    models = sorted(path.name.partition("-")[0] for path in (tmp_path / "smoke" / "models").iterdir())
    assert models == ["reward", "samples", "sft"]
    (folder,) = tmp_path.glob("rlhf-own-*-smoke")
    cells = [read_meta(path) for path in (folder / "cells").glob("*.parquet")]
    assert len(cells) == 2
    task = cells[0]["cell"]["task"]["factory"]
    assert task["model"]["digest"] == find_base(base).digest
    assert task["gold_judge"]["reward"]["name"] == OWN["reward"]
    run = LanguageRun(experiment().smoke())
    run.select(Run("rlhf", results=tmp_path, dry_run=True, **flags))
    assert not run.unmade
    (mdp,) = (task.factory for task in run.experiment.own_tasks)
    assert isinstance(mdp, JudgedMDP)
    assert isinstance(mdp.gold_judge, OwnJudge)
    texts = [mdp.model.tokenizer().decode(prompt) for prompt in mdp.openings]
    assert texts == [json.loads(line)["prompt"] for line in (here / "prompts.jsonl").read_text().splitlines()]
    # training begins at the adapters of SFT, which are the reference
    cell = next(cell for cell in run.cells if cell.algorithm.name == "rloo")
    assert mdp.reference_adapters is not None
    assert cell.training.network.start == mdp.reference_adapters  # type: ignore[attr-defined]
    assert mdp.reference_adapters.digest in file_paths((cell.task, cell.training))


def experiment() -> LanguageExperiment:
    found = EXPERIMENTS["rlhf"]
    assert isinstance(found, LanguageExperiment)
    return found


def test_judges_compute_on_the_device_of_the_run() -> None:
    task = _on(Task("own", review(), views=(("gold", review(judge="gold")),)), "meta")
    for factory in (task.factory, task.views[0][1]):
        assert isinstance(factory, JudgedMDP)
        assert factory.device == "meta"


def test_without_cuda_it_is_said_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    wanted = "--device 'cuda' cannot be used: torch finds no CUDA device here; --device cpu is possible"
    for words in (
        ["run", "rlhf", "--device", "cuda", "--results", str(tmp_path)],
        ["language", "sft", "--base", str(made()[1]), "--device", "cuda", *FITTING, "--results", str(tmp_path)],
    ):
        assert main(words) == 2
        assert wanted in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
