"""Weights & Biases: three kinds of CSV, and offline files, whose records are read from their blocks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from benchmarks.imports.importer import import_runs
from benchmarks.imports.wandb_files import BLOCK, FIRST, HEADER, LAST, MIDDLE, START, WHOLE, read_run
from benchmarks.store.sources import read_cells
from envs.validation import UnknownName, UsageError

ONE: dict[str, Any] = {"task": "CartPole-v1", "variant": "theirs:ppo"}
CHART = '"Step","ppo__1 - charts/episodic_return","ppo__1 - charts/episodic_return__MIN","ppo__2 - charts/episodic_return"\n'
CHART += "100,20,20,\n200,,,30\n300,60,60,90\n"
HISTORY = """_step,_runtime,global_step,charts/episodic_return,losses/value
0,1.5,100,20,
1,2.5,100,40,
2,3,150,,7
3,4,200,50,
"""
NAMED = """seed,env_id,exp_name,global_step,charts/episodic_return
1,CartPole-v1,ppo,10,5
1,CartPole-v1,ppo,20,7
2,CartPole-v1,ppo,20,9
"""


def imported(folder: Path, *texts: str, **flags: Any) -> list[list[Any]]:
    """(variant, seed, env_steps, return) of the rows of CSV files with these texts."""
    paths = []
    for i, text in enumerate(texts):
        paths.append(folder / f"{i}.csv")
        paths[-1].write_text(text)
    rows = read_cells(import_runs("wandb", paths, folder=folder / "x", **flags))
    found: list[list[Any]] = rows[["variant", "seed", "env_steps", "eval_return"]].to_numpy().tolist()
    return found


def test_a_chart_has_a_run_in_each_column(tmp_path: Path) -> None:
    assert imported(tmp_path, CHART, **ONE, first_seed=7) == [
        ["theirs:ppo", 7, 100, 20], ["theirs:ppo", 7, 300, 60], ["theirs:ppo", 8, 200, 30], ["theirs:ppo", 8, 300, 90],
    ]  # fmt: skip


def test_a_history_is_one_run_and_returns_at_one_step_are_their_mean(tmp_path: Path) -> None:
    assert imported(tmp_path, HISTORY, HISTORY.replace("50", "90"), **ONE) == [
        ["theirs:ppo", 0, 100, 30], ["theirs:ppo", 0, 200, 50], ["theirs:ppo", 1, 100, 30], ["theirs:ppo", 1, 200, 90],
    ]  # fmt: skip


def test_other_columns_and_intervals(tmp_path: Path) -> None:
    flags = ONE | {"metric": "losses/value", "steps": "_step"}
    assert imported(tmp_path, HISTORY, **flags | {"variant": "a:b"}) == [["a:b", 0, 2, 7]]
    text = "global_step,eval/mean_reward\n" + "".join(f"{10 * i},{i}\n" for i in range(1, 9))
    assert imported(tmp_path, text, **ONE, checkpoints=2) == [["theirs:ppo", 0, 40, 2.5], ["theirs:ppo", 0, 80, 6.5]]


def test_columns_of_the_config_name_the_runs(tmp_path: Path) -> None:
    assert imported(tmp_path, NAMED) == [["wandb:ppo", 1, 10, 5], ["wandb:ppo", 1, 20, 7], ["wandb:ppo", 2, 20, 9]]


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        (HISTORY, {}, r"0\.csv names no task and no variant; give both --task and --variant"),
        (HISTORY, ONE | {"metric": "charts/episodic_retrun"}, "nearest: charts/episodic_return"),
        ("a,b\n1,2\n", ONE, r"0\.csv: say which of its columns is meant with --metric; it has a, b"),
        ("a,b\n", ONE, r"0\.csv has no rows"),
        ("score/return,env_steps\n,1\n", ONE, "holds no row with a return and its environment steps"),
        ("score/return,env_steps\n1,-1\n", ONE, "must be whole numbers of at least 0"),
        ("score/return,env_steps\nx,1\n", ONE, r"line 2: score/return must be a number, not 'x'"),
        (
            CHART.replace("ppo__2 - charts/episodic_return", "ppo__2 - loss"),
            ONE,
            "has several metrics: charts/.*, loss",
        ),
        (NAMED.replace("exp_name", "who"), {}, "names no variant in its config"),
        (NAMED.replace("\n2,", "\n,"), {}, "has no seed in its config"),
    ],
)
def test_what_does_not_fit_is_named(text: str, flags: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises((UsageError, UnknownName), match=message):
        imported(tmp_path, text, **flags)
    assert not (tmp_path / "x").exists()


def framed(records: list[bytes]) -> bytes:
    """A file of these records, cut into the parts that its blocks have room for; checksums are not read."""
    content = bytearray(START)
    for record in records:
        first = True
        while True:
            if (left := BLOCK - len(content) % BLOCK) < HEADER:
                content += bytes(left)
                left = BLOCK
            piece, record = record[: left - HEADER], record[left - HEADER :]
            kind = (WHOLE if first else LAST) if not record else (FIRST if first else MIDDLE)
            content += bytes(4) + len(piece).to_bytes(2, "little") + bytes([kind]) + piece
            first = False
            if not record:
                break
    return bytes(content)


class FakeMessages(ModuleType):
    """In the place of the package's messages: a record is JSON."""

    class Record:
        @staticmethod
        def FromString(content: bytes) -> Any:  # noqa: N802 (protobuf's name)
            kind, values = json.loads(content)
            items = [SimpleNamespace(key=k, nested_key=[], value_json=json.dumps(v)) for k, v in values.items()]
            run = SimpleNamespace(
                display_name="one", project=values.get("project", ""), config=SimpleNamespace(update=items)
            )
            return SimpleNamespace(
                WhichOneof=lambda _: kind, run=run, config=run.config, history=SimpleNamespace(item=items)
            )


def offline(folder: Path, project: str = "cleanrl", seed: int | None = 3, rows: int = 2) -> Path:
    """An offline folder whose run is as CleanRL logs it."""
    config = {"env_id": "CartPole-v1", "exp_name": "ppo", "project": project, "notes": "x" * 70_000}
    records: list[Any] = [["run", config if seed is None else config | {"seed": seed}], ["header", {}]]
    records += [["history", {"global_step": 10 * i, "charts/episodic_return": 2 * i}] for i in range(1, rows + 1)]
    records.append(["history", {"global_step": 10 * rows, "losses/value": 1}])
    folder.mkdir(parents=True)
    (folder / "run-abc.wandb").write_bytes(framed([json.dumps(record).encode() for record in records]))
    return folder


@pytest.fixture
def _package(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("wandb", "wandb.proto"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "wandb.proto.wandb_internal_pb2", FakeMessages("wandb_internal_pb2"))


@pytest.mark.usefixtures("_package")
def test_offline_folders_name_their_runs(tmp_path: Path) -> None:
    for seed in (3, 4):
        offline(tmp_path / "wandb" / f"offline-run-2026-{seed}", seed=seed)
    rows = read_cells(import_runs("wandb", [tmp_path / "wandb"], folder=tmp_path / "x"))
    assert rows[["variant", "task", "seed", "env_steps", "eval_return"]].to_numpy().tolist() == [
        ["cleanrl:ppo", "CartPole-v1", seed, steps, value] for seed in (3, 4) for steps, value in ((10, 2), (20, 4))
    ]


@pytest.mark.usefixtures("_package")
def test_records_are_read_over_the_bounds_of_blocks(tmp_path: Path) -> None:
    run = read_run(offline(tmp_path / "a", rows=3_000))
    assert len(run.config["notes"]) == 70_000
    assert [row["global_step"] for row in run.rows] == [*range(10, 30_001, 10), 30_000]
    file = tmp_path / "a" / "run-abc.wandb"
    file.write_bytes(file.read_bytes()[:-30])  # a killed run
    assert len(read_run(file).rows) == 3_000


@pytest.mark.usefixtures("_package")
def test_runs_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    a, b = offline(tmp_path / "a"), offline(tmp_path / "b", project="other", seed=4)
    with pytest.raises(UsageError, match=r"several projects \(cleanrl, other\)"):
        import_runs("wandb", [a, b], folder=tmp_path / "x")
    with pytest.raises(UsageError, match="one has no seed in its config"):
        import_runs("wandb", [offline(tmp_path / "c", seed=None)], folder=tmp_path / "x")
    csv = tmp_path / "history.csv"
    csv.write_text(HISTORY)
    with pytest.raises(UsageError, match=r"history\.csv names no task, variant and seed, and others do"):
        import_runs("wandb", [a, csv], folder=tmp_path / "x")
    (tmp_path / "none").mkdir()
    with pytest.raises(UsageError, match="none holds no offline run"):
        import_runs("wandb", [tmp_path / "none"], folder=tmp_path / "x")
    (tmp_path / "x.wandb").write_bytes(b"something else")
    with pytest.raises(UsageError, match=r"x\.wandb is no file of Weights & Biases"):
        import_runs("wandb", [tmp_path / "x.wandb"], folder=tmp_path / "x")


def test_without_the_package_a_csv_is_recommended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UsageError, match="pip install wandb, or export a CSV"):
        read_run(offline(tmp_path / "a"))
