"""The house: who may import whom, and what every file must have."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from envs import TASKS
from envs.text_mdp import TextMDP

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {"envs": {"torch", "algorithms", "benchmarks"}, "algorithms": {"benchmarks"}, "benchmarks": {"tests"}}
FILES = sorted(p for top in FORBIDDEN for p in (ROOT / top).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Top-level packages that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_envs_algorithms_benchmarks(path: Path) -> None:
    top = path.relative_to(ROOT).parts[0]
    assert not imported(path) & FORBIDDEN[top]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", sorted((ROOT / "envs" / "text").glob("[a-z]*.py")), ids=lambda p: p.stem)
def test_every_text_task_has_a_complete_card(path: Path) -> None:
    card = ast.get_docstring(ast.parse(path.read_text())) or ""
    for part in ("state", "action", "dynamics", "reward", "end", "optimum", "figures", "isolates", "source"):
        assert f"\n    {part} " in card or f"\n{part} " in card, part


def test_every_text_task_has_small_and_medium_presets() -> None:
    names = {name for name, task in TASKS.items() if isinstance(task.factory, TextMDP)}
    for family in {name.partition("/")[0] for name in names}:
        for size in ("small", "medium"):
            assert any(name.startswith(family + "/") and name.endswith(size) for name in names), (family, size)


def test_no_registry_host_is_named() -> None:
    hosts = ("pypi" + ".org", "pytorch" + ".org", "pythonhosted" + ".org")
    for path in [*ROOT.glob("*.py"), *ROOT.glob("*.toml"), *ROOT.glob("*.txt"), ROOT / ".ci" / "run"]:
        assert not any(host in path.read_text() for host in hosts), path
