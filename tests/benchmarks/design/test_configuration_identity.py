"""A configuration's digest: what moves it, what does not, and that short names of classes say which class is meant."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass, make_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from algorithms import ALGORITHMS, VARIANTS
from benchmarks.design.cell import RESULTS_VERSION
from benchmarks.design.cells import build_cells, single_cells
from benchmarks.design.experiment import ComparisonExperiment
from benchmarks.design.gradient_experiment import GradientExperiment
from benchmarks.design.identity import canonical, hashed_description
from benchmarks.design.lookup import find_tasks, find_variants
from benchmarks.experiments import EXPERIMENTS
from benchmarks.language.experiment import LanguageExperiment
from benchmarks.store.descriptions import DEFAULTS, digest, hashed_part
from benchmarks.tuning.racing import Race
from envs import TASKS
from envs.api import Scale
from envs.custom.sources import SOURCE, is_own_module

ROOT = Path(__file__).resolve().parents[3]


def of_ours(name: str, *parts: Any, **more: Any) -> Any:
    """An instance of a class that seems to be one of ours."""
    kind = make_dataclass(name, parts, frozen=True)
    kind.__module__ = "algorithms.of_this_test"
    return kind(**more)


def test_only_what_is_not_at_its_default_is_hashed() -> None:
    parts: list[Any] = [("n", int), ("lam", float, field(default=0.95)), ("of", tuple, field(default_factory=tuple))]
    made = canonical(of_ours("Part", *parts, n=1))
    assert made == {"class": "Part", DEFAULTS: ["lam", "of"], "n": 1, "lam": 0.95, "of": []}
    assert hashed_part({"deep": [made]}) == {"deep": [{"class": "Part", "n": 1}]}
    assert hashed_part(canonical(of_ours("Part", *parts, n=1, lam=0.9))) == {"class": "Part", "n": 1, "lam": 0.9}


def test_a_field_that_comes_later_moves_no_digest_and_a_used_one_does() -> None:
    before = digest(canonical(of_ours("Part", ("n", int), n=1)))
    later = [("n", int), ("clip", float, field(default=0.2))]
    assert digest(canonical(of_ours("Part", *later, n=1))) == before
    assert digest(canonical(of_ours("Part", *later, n=1, clip=0.3))) != before


def test_a_class_may_move_to_another_module() -> None:
    a, b = (of_ours("Part", ("n", int), n=1) for _ in range(2))
    type(b).__module__ = "benchmarks.elsewhere"
    assert canonical(a) == canonical(b)


def test_fields_that_no_number_depends_on_are_in_no_description() -> None:
    of_variant, of_task = canonical(VARIANTS["gae"]), canonical(TASKS["lock/small"])
    assert not {"summary", "parent", "changes", "needs", "promises"} & {*of_variant}
    references = [algorithm for name, algorithm in ALGORITHMS.items() if name not in VARIANTS]
    assert len(references) == 11
    assert not [r.name for r in references if {"summary", "parent", "changes", "needs"} & {*canonical(r)}]
    assert not {"floor", "ceiling", "threshold", "field", "source"} & {*of_task}


@dataclass(frozen=True)
class Lock:
    """A user's class of the same name as one of ours; all of its fields count."""

    length: int = 3


def test_a_users_class_is_never_taken_for_one_of_ours() -> None:
    theirs = canonical(Lock())
    assert theirs["class"] == f"{__name__}.Lock"
    assert len(theirs[SOURCE]) == 16
    assert hashed_part(theirs)["length"] == 3
    assert canonical(TASKS["lock/small"].factory)["class"] == "Lock"


def test_two_users_classes_of_one_name_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("garden_a", "garden_b"):
        text = f"from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Rose:\n    at: str = '{name}'\n"
        (tmp_path / f"{name}.py").write_text(text)
    import garden_a  # type: ignore[import-not-found]
    import garden_b  # type: ignore[import-not-found]

    try:
        a, b = canonical(garden_a.Rose("x")), canonical(garden_b.Rose("x"))
        assert a["class"] != b["class"]
        assert a[SOURCE] != b[SOURCE]
    finally:
        del sys.modules["garden_a"], sys.modules["garden_b"]


def hashed_classes(value: Any) -> Iterator[type]:
    """Every class that the description of a value names."""
    if is_dataclass(value) and not isinstance(value, type):
        yield type(value)
        value = [getattr(value, f.name) for f in fields(value) if f.metadata.get("hashed", True)]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from hashed_classes(part)


def test_the_names_of_our_hashed_classes_are_unique() -> None:
    """Among everything that an experiment trains or measures, and every registered task and variant."""
    values: list[Any] = [*TASKS.values(), *ALGORITHMS.values(), Race((1,), 5, Scale(0.0, 1.0))]
    values += single_cells(TASKS["CartPole-v1"], VARIANTS["ppo"], 1, 500, ())
    for experiment in EXPERIMENTS.values():
        if isinstance(experiment, LanguageExperiment):  # its tasks need models on disk
            values += find_variants(experiment.variants)
        elif isinstance(experiment, ComparisonExperiment):
            tasks, algorithms = find_tasks(experiment.tasks), find_variants(experiment.variants)
            values += build_cells(experiment, tasks, algorithms, None)
        elif isinstance(experiment, GradientExperiment):
            values += experiment.measurements
    found: dict[str, set[type]] = defaultdict(set)
    for value in values:
        for kind in hashed_classes(value):
            assert is_own_module(kind.__module__), kind
            found[kind.__name__].add(kind)
    assert len(found) > 70
    assert {name: kinds for name, kinds in found.items() if len(kinds) > 1} == {}


def frozen_dataclasses(path: Path) -> Iterator[str]:
    """The names of a file's frozen dataclasses."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            for call in node.decorator_list:
                if isinstance(call, ast.Call) and any(word.arg == "frozen" for word in call.keywords):
                    yield node.name


def test_no_two_frozen_dataclasses_of_envs_and_algorithms_share_a_name() -> None:
    """What a saved policy may name: `rebuild` finds each by its name alone."""
    found = defaultdict(list)
    for package in ("envs", "algorithms"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for name in frozen_dataclasses(path):
                found[name].append(str(path.relative_to(ROOT)))
    assert len(found) > 100
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


def test_parts_that_cells_share_are_described_once_and_digests_stay() -> None:
    """1.0 and 1 are equal, and have different descriptions."""
    tasks = [TASKS["lock/small"], TASKS["bandit/small"]]
    cells = build_cells(EXPERIMENTS["smoke"], tasks, [*ALGORITHMS.values()], None)
    for cell in (*cells, replace(cells[0], race=Race((1,), 1, Scale(0.0, 1.0)))):
        assert hashed_description(cell) == hashed_part(canonical(cell))
        assert cell.digest == digest(canonical(cell), results_version=RESULTS_VERSION)
    rates = (replace(cells[0].training, learning_rate=rate) for rate in (1.0, 1))
    assert len({replace(cells[0], training=training).digest for training in rates}) == 2
