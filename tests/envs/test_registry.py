"""Registries and streams."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import algorithms.variants
from algorithms import REFERENCES, VARIANTS
from benchmarks.experiments import EXPERIMENTS
from envs import TASKS
from envs.registry import Declaration, Registry, declarations, declared, registry_of, unique
from envs.seeding import Purpose, Role, generator
from envs.validation import UnknownName, look_up


def test_registries_are_filled_by_discovery() -> None:
    assert "transduce/reverse-small" in TASKS
    assert "CartPole-v1" in TASKS
    assert set(VARIANTS) >= {"reinforce", "gae", "async", "exact_pg"}
    assert set(REFERENCES) >= {"random", "optimal", "q_learning", "sb3:a2c"}
    assert set(EXPERIMENTS) >= {"ladder", "smoke"}
    assert len(declared("algorithms.variants", "VARIANT")) == len(VARIANTS)
    assert len(declared("algorithms.variants", "REFERENCE")) == len(REFERENCES)
    assert declared("algorithms.variants", "NO_SUCH_CONSTANT") == []
    assert algorithms.variants.__doc__


def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="'a'"):
        unique([("a", 1), ("b", 2), ("a", 3)])
    with pytest.raises(ValueError, match="'a'"):
        len(Registry(lambda: [("a", int), ("a", int)]))


def test_an_entry_is_made_once_and_only_when_it_is_looked_up() -> None:
    made: list[str] = []

    def maker(name: str) -> object:
        made.append(name)
        return object()

    registry = Registry(lambda: [(name, lambda name=name: maker(name)) for name in ("a", "b")])
    assert (list(registry), len(registry), "a" in registry, "c" in registry) == (["a", "b"], 2, True, False)
    with pytest.raises(UnknownName, match="nearest: a"):
        look_up(registry, "A", "letter")
    assert made == []
    assert registry["b"] is registry["b"]
    assert made == ["b"]
    with pytest.raises(KeyError):
        registry["c"]


SOURCES = {
    "first": 'raise RuntimeError("imported")\nVARIANT = Thing(name="one", summary="a " "b", parent=None, size=3)',
    "fourth": "from types import SimpleNamespace as Thing\nVARIANT = Thing(name='fo' + 'ur')",
    "none": 'raise RuntimeError("imported")\nOTHER = 1',
    "second": 'from p_registry import first\nVARIANT: object = first.VARIANT.rung("two", f"{1}")',
    "third": 'from p_registry import first\nVARIANT = replace(first.VARIANT, name="three")',
}


def test_names_are_read_from_sources_and_modules_imported_on_look_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module whose name cannot be read is imported for it, and no other one."""
    package = tmp_path / "p_registry"
    package.mkdir()
    for name, text in {"__init__": "", **SOURCES}.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        found = declarations("p_registry", "VARIANT")
        first = "p_registry.first"
        assert found == {
            "one": Declaration(first, "Thing", None, {"name": "one", "summary": "a b", "parent": None}),
            "four": Declaration("p_registry.fourth", "Thing", None, {}),
            "two": Declaration("p_registry.second", "rung", first, {0: "two"}),
            "three": Declaration("p_registry.third", "replace", first, {"name": "three"}),
        }
        registry = registry_of("p_registry", "VARIANT")
        assert registry["four"].name == "four"
        with pytest.raises(RuntimeError, match="imported"):
            registry["one"]
    finally:
        for name in [n for n in sys.modules if n.startswith("p_registry")]:
            del sys.modules[name]


@pytest.mark.parametrize("registry", [TASKS, VARIANTS, REFERENCES, EXPERIMENTS], ids=["task", "variant", "ref", "exp"])
def test_every_entry_has_the_name_under_which_it_is_found(registry: Registry[Any]) -> None:
    assert [entry.name for entry in registry.values()] == list(registry)


def test_unknown_names_come_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="'gea'; nearest: gae"):
        look_up(VARIANTS, "gea", "variant")
    with pytest.raises(UnknownName, match="CartPole-v1"):
        look_up(TASKS, "Cartpole", "task")


def test_streams_of_purposes_roles_and_positions_are_disjoint() -> None:
    draws = [
        generator(seed, role, position, purpose=purpose).integers(2**62)
        for seed in (0, 1)
        for role in Role
        for position in (0, 1)
        for purpose in Purpose
    ]
    assert len(set(draws)) == len(draws)
    again = generator(1, Role.ACTION, 1, purpose=Purpose.TEST).integers(2**62)
    assert again in set(draws)
    assert isinstance(again, np.int64)
