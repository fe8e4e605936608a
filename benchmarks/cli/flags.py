"""The flags of a command without what it does: for `--help`, which then imports neither torch nor pandas.

Read from the source: the command's dataclass, its bases, and whatever else its fields name.
"""

from __future__ import annotations

import ast
import importlib
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

OURS = ("envs", "algorithms", "benchmarks")
ROOT = Path(__file__).parents[2]


def flags_of(module: str, name: str) -> type:
    """The dataclass with its fields, their comments and defaults, and without methods."""
    found: type = _definition(module, name)
    return found


@cache
def source(module: str) -> tuple[ast.Module, ModuleType]:
    """A module of ours, parsed, and an empty one that has its place: tyro reads comments from the file of a class."""
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    made = ModuleType(f"{module} (flags)")
    made.__file__ = str(path)
    sys.modules[made.__name__] = made
    return ast.parse(path.read_text(encoding="utf-8")), made


def _definition(module: str, name: str) -> Any:
    """What the module defines or imports under this name, made of no more than that needs."""
    tree, made = source(module)
    if hasattr(made, name):
        return getattr(made, name)
    node = next(node for node in tree.body if name in _names_of(node))
    if not isinstance(node, (ast.Import, ast.ImportFrom)):
        return _made(module, node, name)
    value = _imported(node, next(alias.name for alias in node.names if name in (alias.asname, alias.name)))
    setattr(made, name, value)
    return value


def _imported(node: ast.Import | ast.ImportFrom, name: str) -> Any:
    """What an import statement takes under this name."""
    if isinstance(node, ast.Import):
        return importlib.import_module(name)
    if str(node.module).partition(".")[0] in OURS:
        return _definition(str(node.module), name)
    return getattr(importlib.import_module(str(node.module)), name)


def _made(module: str, node: ast.stmt, name: str) -> Any:
    """The value of an assignment or a class of fields, after the names that it needs."""
    tree, made = source(module)
    if isinstance(node, ast.ClassDef):
        node.body = [part for part in node.body if not isinstance(part, ast.FunctionDef)]
    at_hand = {n for statement in tree.body for n in _names_of(statement)}
    for needed in ast.walk(node):
        if isinstance(needed, ast.Name) and isinstance(needed.ctx, ast.Load) and needed.id in at_hand - {name}:
            _definition(module, needed.id)
    future = ast.ImportFrom("__future__", [ast.alias("annotations")], 0)
    code = ast.fix_missing_locations(ast.Module([future, node], []))
    exec(compile(code, str(made.__file__), "exec"), vars(made))
    return getattr(made, name)


def _names_of(node: ast.stmt) -> list[str]:
    """The names that a statement of a module binds."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in node.names]
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return [node.name]
    if isinstance(node, ast.AnnAssign):
        return [node.target.id] if isinstance(node.target, ast.Name) else []
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []
