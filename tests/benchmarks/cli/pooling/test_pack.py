"""`pack`, and reports of the shards of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cli.main import main
from benchmarks.cli.pooling.pack import join_documents
from benchmarks.store.files import read_document, save_json
from benchmarks.store.sources import stored_cells
from tests.benchmarks.small_cells import run_without_report

FLAGS = {"tasks": "bandit/small", "variants": "gae,reward_to_go,random", "seeds": 20, "env_steps": 200}


def test_shards_are_pooled_by_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two machines that share nothing; then a third folder gets the report of all six cells."""
    sizes = []
    for number in (1, 2):
        outcome = run_without_report("smoke", tmp_path / str(number), jobs=1, shard=f"{number}/2", **FLAGS)
        assert outcome is not None
        sizes.append((len(outcome.paths), len(outcome.elsewhere)))
        assert all(line.endswith(": in another shard") for line in outcome.elsewhere)
    assert [sum(size) for size in sizes] == [6, 6]
    assert sizes[0][0] + sizes[1][0] == 6
    more = ["--more", str(tmp_path / "1"), "--more", str(tmp_path / "2")]
    assert main(["report", "smoke", "--results", str(tmp_path / "all"), "--figures", "svg", *more]) == 0
    assert len(stored_cells(tmp_path / "all" / "smoke")) == 6
    assert (tmp_path / "all" / "smoke" / "report.md").exists()
    capsys.readouterr()


def test_what_cannot_be_packed_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", "ladder", "--results", str(tmp_path)]) == 2
    assert "holds no results; run: python -m benchmarks run ladder" in capsys.readouterr().err
    assert main(["pack", "ladder", "--results", str(tmp_path), "--more", str(tmp_path / "none")]) == 2
    assert "--more: there is no folder" in capsys.readouterr().err
    assert main(["pack", "lader", "--results", str(tmp_path)]) == 2
    assert "nearest: ladder" in capsys.readouterr().err


def test_what_lies_beside_the_cells_is_joined(tmp_path: Path) -> None:
    """Names and scales of a comparison of one's own: what the first folder says stays, and the others add to it."""
    documents: list[dict[str, object]] = [
        {},
        {"experiment": "ladder", "lock": {"gae": 1}},
        {"experiment": "smoke", "lock": {"gae": 2, "ppo": 3}},
    ]
    paths = [tmp_path / f"{i}.json" for i in range(3)]
    for path, document in zip(paths[1:], documents[1:], strict=True):
        save_json(path, document)
    join_documents(paths)
    assert read_document(paths[0]) == {"experiment": "ladder", "lock": {"gae": 1, "ppo": 3}}
    join_documents([tmp_path / "none.json"])
    assert not (tmp_path / "none.json").exists()
