"""The statistics can be used by themselves: they import numpy, scipy, pandas and their own modules alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import benchmarks.statistics

FOLDER = Path(benchmarks.statistics.__file__).parent
ALLOWED = {"numpy", "scipy", "pandas"}


def imported(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = node.module == "benchmarks"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} if whole else {node.module}
    return names


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_it_imports_nothing_else_of_this_project(path: Path) -> None:
    others = {n for n in imported(path) if n.split(".")[0] not in ALLOWED | set(sys.stdlib_module_names)}
    assert {n for n in others if not n.startswith("benchmarks.statistics")} <= set()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_tests_know_of_no_sentence(path: Path) -> None:
    assert not [n for n in imported(path) if n.startswith("benchmarks.statistics.wording")]
