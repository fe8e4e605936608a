"""Files of policies that are adapters: they hold no weight of the frozen model, and refuse another one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from algorithms import VARIANTS
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Members
from algorithms.training.run import Run, train
from benchmarks.design.cell import Cell
from benchmarks.playback.policy_files import NoPolicy, load_policy, policy_path, save_policies
from envs.api import Task
from envs.language.models.base import _checked, _model
from tests.builders import records_of
from tests.contracts.language_task import TRAINING, Praise
from tests.language_models import tiny_base


def test_a_file_holds_adapters_and_finds_its_base(tmp_path: Path) -> None:
    base = tiny_base(tmp_path / "base")
    task = Task("praise", Praise(base=base), floor=0.0, ceiling=2.0)
    cell = Cell(task, VARIANTS["reinforce"], TRAINING, Members((1, 2), (1e-2,) * 2), 100, Evaluation(1, 2))
    run = Run(cell.task, cell.algorithm, cell.training, cell.members, cell.env_steps, cell.evaluation)  # type: ignore[arg-type]
    records = records_of(train(run))
    save_policies(tmp_path, cell, run.trained(), records, {})
    path = policy_path(tmp_path, cell, 1)
    saved = load_policy(path, trust=("tests",))
    assert torch.equal(saved.policy.flat.values[0], run.checkpoints.values[-1][1])
    assert saved.meta["files"] == {base.digest: str(base.path)}
    assert {name.split(".")[1] for name, _ in saved.policy.named_parameters()} == {"down", "up"}
    _model.cache_clear()  # as in another process
    _checked.cache_clear()
    shutil.rmtree(base.path)
    with pytest.raises(NoPolicy, match="cannot be loaded: "):
        load_policy(path, trust=("tests",))
    tiny_base(tmp_path / "base", seed=3)
    with pytest.raises(NoPolicy, match=f"which is not the artefact's, {base.digest}"):
        load_policy(path, trust=("tests",))
