"""Policies that are saved and loaded do what they did, bit for bit; what is no policy of ours is refused."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch

from algorithms import VARIANTS
from algorithms.training.evaluation import Evaluation
from algorithms.training.observation_normaliser import RunningMoments
from algorithms.training.records import Record
from algorithms.training.run import Run, train
from algorithms.training.state import RunState
from benchmarks.cli.main import main
from benchmarks.design.cell import Cell
from benchmarks.design.cells import single_cells
from benchmarks.execution.runner import cell_path
from benchmarks.execution.train_cell import run_cell
from benchmarks.playback.policy_files import META, NoPolicy, load_policy, policy_path, save_policies
from benchmarks.store.sources import read_cells
from envs import TASKS
from envs.files import writing
from tests.benchmarks.small_cells import run_without_report

TEXT, CONTROL = "dyck/masked-small", "Pendulum-v1"


def small_cell(task: str, variant: str = "gae", seeds: int = 3, env_steps: int = 1000) -> Cell:
    envs = "training.collection.envs=4"
    cell = single_cells(TASKS[task], VARIANTS[variant], seeds, env_steps, (envs, "training.segment=1"))[0]
    return replace(cell, evaluation=Evaluation(1, 2))


def run_of(cell: Cell) -> Run:
    return Run(cell.task, cell.algorithm, cell.training, cell.members, cell.env_steps, cell.evaluation)


@cache
def trained(task: str) -> tuple[Cell, Run, tuple[Record, ...]]:
    cell = small_cell(task)
    run = run_of(cell)
    return cell, run, tuple(e for e in train(run) if isinstance(e, Record))


def saved_files(folder: Path, task: str) -> list[Path]:
    cell, run, records = trained(task)
    save_policies(folder, cell, run.trained(), records, {"packages": {"torch": torch.__version__}})
    return [policy_path(folder, cell, place) for place in range(len(cell.members.seeds))]


def test_a_members_file_holds_its_numbers_and_all_that_rebuilds_it(tmp_path: Path) -> None:
    for task in (TEXT, CONTROL):
        cell, run, records = trained(task)
        files = saved_files(tmp_path, task)
        assert [p.name.split("__")[2:] for p in files] == [[f"seed{k}", f"{cell.digest}.safetensors"] for k in range(3)]
        rows = run.checkpoints.values[-1]
        assert not torch.equal(rows[0], rows[1])
        for place, path in enumerate(files):
            saved = load_policy(path)
            assert torch.equal(saved.policy.flat.values[0], rows[place])
            assert (saved.task, saved.training) == (cell.task, cell.training)
            assert saved.algorithm.estimator == cell.algorithm.estimator
            last = next(r for r in records if r.checkpoint == 1 and r.member == place)
            assert saved.seed == last.seed == place
            assert saved.scores["eval_return"] == last.eval_return
            assert saved.meta["provenance"]["packages"]["torch"] == torch.__version__


def test_a_loaded_control_policy_acts_as_it_did(tmp_path: Path) -> None:
    """Greedy and drawn actions and their log-probabilities, through the member's own normaliser."""
    _, run, _ = trained(CONTROL)
    obs = np.random.default_rng(0).normal(1, 3, (5, 3)).astype(np.float32)
    for place, path in enumerate(saved_files(tmp_path, CONTROL)):
        saved = load_policy(path)
        alone = run.evaluator.shadow.select_members(np.array([place]))
        moments = RunningMoments(1, 3)
        moments.restore({k: v[place : place + 1] for k, v in run.checkpoints.normalisers[-1].snapshot().items()})
        assert moments.count[0, 0] > 500
        out, _ = alone.act(torch.from_numpy(moments(obs[None])), None, None)
        noise = np.random.default_rng(1).standard_normal((1, 5, 1), dtype=np.float32)
        drawn = alone.head.sample(out.detach().numpy(), noise)
        clipped = drawn[0].clip(-2, 2)
        assert (np.abs(clipped) < 2).any()
        np.testing.assert_array_equal(saved.act(obs, rng=np.random.default_rng(1)), clipped)
        np.testing.assert_array_equal(saved.act(obs), out[0, :, :1].detach().clamp(-2, 2).numpy())
        logp = alone.head.log_prob(out, torch.from_numpy(drawn))[0].detach().numpy()
        np.testing.assert_array_equal(saved.log_prob(obs, drawn[0]), logp)
        one = saved.act(obs[0])
        assert one.shape == (1,)
        np.testing.assert_allclose(one, saved.act(obs)[0], rtol=1e-5)


def test_a_loaded_text_policy_acts_as_it_did(tmp_path: Path) -> None:
    """Step by step, reading a transcript from its beginning instead of remembering it; legal tokens alone."""
    cell, run, _ = trained(TEXT)
    place = 1
    saved = load_policy(saved_files(tmp_path, TEXT)[place])
    alone, memory = run.evaluator.shadow.select_members(np.array([place])), None
    env = cell.task.factory.make([np.random.SeedSequence(3)], 5)
    obs, mask = env.reset()
    positions, read, rng = cell.task.spec.observation.action_position, 0, np.random.default_rng(4)
    alive = np.ones((1, 5), np.bool_)
    for t in range(cell.task.spec.horizon):
        assert mask is not None
        new = torch.from_numpy(obs[:, :, read : positions[t] + 1].transpose(2, 0, 1).copy())
        read = positions[t] + 1
        with torch.no_grad():
            out, memory = alone.act(new, memory, torch.from_numpy(mask))
        np.testing.assert_array_equal(saved.act(obs[0], mask[0]), out.argmax(-1)[0].numpy())
        action = saved.act(obs[0], mask[0], rng)
        assert mask[0][np.arange(5), action].all()
        logp = alone.head.log_prob(out, torch.from_numpy(action[None]))[0].numpy()
        np.testing.assert_array_equal(saved.log_prob(obs[0], action, mask[0]), logp)
        step = env.step(action[None], alive)
        obs, mask, alive = step.obs, step.action_mask, alive & ~step.terminated
        if not alive.all():
            break
    assert t > 0
    with pytest.raises(ValueError, match="the transcript is complete"):
        saved.act(np.ones((1, cell.task.spec.observation.length), np.int64))


def test_a_resumed_run_saves_the_same_policies(tmp_path: Path) -> None:
    cell, run, records = trained(CONTROL)
    state = next(event for event in train(run_of(cell)) if isinstance(event, RunState))
    again = run_of(cell)
    rest = [event for event in train(again, state) if isinstance(event, Record)]
    save_policies(tmp_path / "again", cell, again.trained(), rest, {})
    save_policies(tmp_path / "whole", cell, run.trained(), records, {})
    for place in range(3):
        a, b = (policy_path(tmp_path / name, cell, place) for name in ("again", "whole"))
        assert a.read_bytes() == b.read_bytes()


def test_who_diverged_has_no_policy_and_who_differs_is_refused(tmp_path: Path) -> None:
    cell, run, records = trained(TEXT)
    made = run.trained()
    save_policies(tmp_path, cell, made._replace(lost=np.array([False, True, False])), records, {})
    assert [policy_path(tmp_path, cell, place).exists() for place in range(3)] == [True, False, True]
    varied = replace(cell.members, varied=(("training.discount", (0.9, 0.8, 0.7)),))
    with pytest.raises(ValueError, match="are not saved"):
        save_policies(tmp_path, replace(cell, members=varied), made, records, {})


def test_members_of_one_seed_at_several_rates_have_files_of_their_own(tmp_path: Path) -> None:
    cell, _, _ = trained(TEXT)
    rates = replace(cell, members=replace(cell.members, seeds=(0, 0, 1), rates=(0.1, 0.01, 0.1)))
    names = [policy_path(tmp_path, rates, place).name for place in range(3)]
    assert len(set(names)) == 3
    assert "__seed0__rate0.01__" in names[1]


def test_saving_moves_neither_rows_nor_digest(tmp_path: Path) -> None:
    cell = small_cell("bandit/small")
    paths = [cell_path(tmp_path / name, cell) for name in ("with", "without")]
    run_cell(cell, paths[0], "cpu", lambda event: None, policies=tmp_path / "policies")
    run_cell(cell, paths[1], "cpu", lambda event: None)
    assert len(list((tmp_path / "policies").iterdir())) == 3
    assert paths[0].name == paths[1].name
    a, b = (read_cells([path]).drop(columns="wall_s") for path in paths)
    pd.testing.assert_frame_equal(a, b, check_exact=True)


def test_a_kill_while_writing_leaves_no_half_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is killed before the last byte is on disk leaves the file that was there, or none."""
    written = saved_files(tmp_path, TEXT)

    def killed(file: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing.os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        saved_files(tmp_path / "new", TEXT)
    assert not list((tmp_path / "new").glob("*.safetensors"))
    with pytest.raises(KeyboardInterrupt):
        saved_files(tmp_path, TEXT)
    assert [load_policy(path).seed for path in written] == [0, 1, 2]
    assert not list(tmp_path.rglob("*.part"))


Edit = Callable[[dict[str, Any], dict[str, Any]], object]


def edited(path: Path, edit: Edit) -> Path:
    """The file with its tensors and description changed by `edit`."""
    tensors = safetensors.torch.load_file(path)
    with safetensors.safe_open(path, "pt") as file:
        meta = json.loads(file.metadata()[META])
    edit(tensors, meta)
    other = path.with_name("edited.safetensors")
    safetensors.torch.save_file(tensors, other, {META: json.dumps(meta)})
    return other


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda x, m: m["cell"]["task"]["factory"].update({"class": "os.Lock"}), "is of package 'os'"),
        (lambda x, m: m["cell"]["training"]["network"].update({"class": "theirs.Net"}), "is of package 'theirs'"),
        (lambda x, m: m["cell"]["training"]["network"].update({"class": "LSTM"}), "no frozen dataclass"),
        (
            lambda x, m: m["cell"]["training"]["network"].update({"width": 16}),
            "tensor actor.bias is [1, 96], and this network's is [1, 48]",
        ),
        (lambda x, m: m["cell"]["training"]["network"].update({"class": "Unroll"}), "no field"),
        (lambda x, m: m["cell"].pop("task"), "does not hold what a policy does: KeyError: 'task'"),
        (lambda x, m: m["cell"].update({"task": 3}), "does not hold what a policy does"),
        (lambda x, m: m.pop("cell"), "no policy of ours"),
        (lambda x, m: m.update(format=1), "is of format 1, and this code reads 2"),
        (lambda x, m: x.pop("actor.table"), "tensor actor.table is None"),
        (lambda x, m: x.update(more=torch.zeros(1)), "tensor more is [1], and this network's is None"),
        (
            lambda x, m: m["cell"].update(env_steps=1),
            "is damaged: the configuration inside is not the one that its digest",
        ),
        (lambda x, m: m.update(digest="0" * 16), "is damaged: the configuration inside is not the one that its digest"),
        (lambda x, m: m["scores"].pop("env_steps"), "is damaged: its scores lack env_steps"),
        (
            lambda x, m: x["actor.table"].fill_(float("nan")),
            "is damaged: its actor.table holds numbers that are not finite",
        ),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, edit: Edit, said: str) -> None:
    path = saved_files(tmp_path, TEXT)[0]
    assert load_policy(edited(path, lambda x, m: None)).seed == 0
    with pytest.raises(NoPolicy) as error:
        load_policy(edited(path, edit))
    assert said in str(error.value)


def test_a_file_that_is_damaged_is_refused(tmp_path: Path) -> None:
    path = saved_files(tmp_path, TEXT)[0]
    whole = path.read_bytes()
    bad = tmp_path / "bad.safetensors"
    header = struct.pack("<Q", 2**40)
    for content in (b"", whole[:5], whole[: len(whole) // 2], whole[:-1], header + whole[8:], b"\x80\x04pickle" * 9):
        bad.write_bytes(content)
        with pytest.raises(NoPolicy, match=r"bad\.safetensors is damaged or no safetensors file"):
            load_policy(bad)
    safetensors.torch.save_file({"x": torch.zeros(1)}, bad)
    with pytest.raises(NoPolicy, match="no policy of ours"):
        load_policy(bad)
    with pytest.raises(NoPolicy, match="is not there"):
        load_policy(tmp_path / "nowhere")
    with pytest.raises(NoPolicy, match="is a folder; name one of its policies: bad"):
        load_policy(tmp_path)


def test_run_saves_from_its_workers_and_says_what_it_cannot_save(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags: dict[str, Any] = {"tasks": "bandit/small", "variants": "gae,random", "seeds": 2, "jobs": 1, "env_steps": 500}
    run = partial(run_without_report, "smoke", tmp_path, **flags)
    run()
    capsys.readouterr()
    run(save_policies=True)
    said = capsys.readouterr().err
    assert "random trains nothing" in said
    assert "already trained, without policies: bandit/small x gae (seeds 0-1); to get them, move" in said
    for path in (tmp_path / "smoke" / "cells").glob("*gae*"):
        path.unlink()
    run(save_policies=True)
    assert "already trained" not in capsys.readouterr().err
    for path in (tmp_path / "smoke" / "policies").iterdir():
        path.unlink()
    for path in (tmp_path / "smoke" / "cells").glob("*gae*"):
        path.write_bytes(b"damaged")  # so it is trained again, and is no cell of those that will have no policy
    run(dry_run=True)
    assert "smoke: 1 cell to run" in capsys.readouterr().err
    run(save_policies=True)
    assert "already trained" not in capsys.readouterr().err
    assert len([load_policy(p) for p in (tmp_path / "smoke" / "policies").iterdir()]) == 2
    run(save_policies=True)
    assert "already trained" not in capsys.readouterr().err


def test_train_saves_what_real_actors_have_taught(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--task", "bandit/small", "--variant", "async_is", "--seeds", "2", "--env-steps", "2000"]
    assert main([*words, "--actors", "2", "--results", str(tmp_path), "--save-policies"]) == 0
    assert f"policies in {tmp_path / 'train' / 'policies'}" in capsys.readouterr().out
    files = sorted((tmp_path / "train" / "policies").iterdir())
    frame = read_cells(sorted((tmp_path / "train" / "cells").iterdir()))
    final = frame[frame.checkpoint == frame.checkpoint.max()]
    scores = [load_policy(path).scores["eval_return"] for path in files]
    assert scores == final.sort_values("seed").eval_return.tolist()
    assert load_policy(files[0]).meta["provenance"]["reproducible"] is False
