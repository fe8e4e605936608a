"""Algorithms by `module:CONSTANT`: any Algorithm, a user's reference too; other values are refused with what they lack."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from algorithms import ALGORITHMS
from algorithms.algorithm import MEMBERS, reason_no_algorithm
from benchmarks.cli.main import main
from benchmarks.design.lookup import find_variant
from benchmarks.store.sources import check_cell, read_cells, read_meta, stored_cells
from envs.validation import UsageError

USER_CODE = """
from collections.abc import Iterator
from dataclasses import dataclass
from algorithms.algorithm import MEMBERS
from algorithms.references.reference import Reference
from algorithms.training.records import Record

@dataclass(frozen=True, kw_only=True)
class Constant(Reference):
    score: float = 0.5
    def train(self, plan, device='cpu', state=None) -> Iterator[Record]:
        for member, seed in enumerate(plan.members.seeds):
            yield Record(seed, 0.0, 0, 0.0, 0, 0, 0.0, self.score, self.score, False, member=member)

class Loose:
    pass

MINE = Constant(name='mine', summary='the same score on every task')
HALF = Loose()
HALF.name, HALF.summary, HALF.learns = 'half', '', True
WHOLE = Loose()
for member in MEMBERS:
    setattr(WHOLE, member, None)
"""


@pytest.fixture(autouse=True)
def user_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "their_algorithms.py").write_text(USER_CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("their_algorithms", None)


@pytest.mark.parametrize("name", ["gae", "random", "optimal", "q_learning", "sb3:ppo"])
def test_every_registered_kind_is_an_algorithm(name: str) -> None:
    assert reason_no_algorithm(ALGORITHMS[name]) == ""


@pytest.mark.parametrize("name", ["random", "q_learning", "sb3_a2c"])
def test_a_reference_can_be_named_by_its_module(name: str) -> None:
    assert find_variant(f"algorithms.variants.{name}:REFERENCE").name == name.replace("sb3_", "sb3:")


def test_what_is_no_algorithm_is_refused_with_what_it_lacks() -> None:
    with pytest.raises(UsageError, match="is of class Loose and is no algorithm: it lacks title, parent, changes"):
        find_variant("their_algorithms:HALF")
    with pytest.raises(UsageError, match="is no dataclass: a cell is identified by the fields"):
        find_variant("their_algorithms:WHOLE")
    assert {"name", "train", "policy", "methods"} <= set(MEMBERS)


def test_a_users_reference_runs_beside_ours_and_is_read_back(tmp_path: Path) -> None:
    """Its class is not ours: that it does not learn stands in the file's metadata."""
    flags = ["--seeds", "2", "--results", str(tmp_path)]
    assert main(["train", "--task", "bandit/small", "--variant", "their_algorithms:MINE", *flags]) == 0
    (path,) = stored_cells(tmp_path / "train")
    assert check_cell(path)
    assert read_cells([path])["eval_return"].tolist() == [0.5, 0.5]
    assert read_meta(path)["reading"]["learns"] is False
