"""Registries without central lists: each module of a package declares a constant, which is collected here.

A name is known before anything is computed for it. `declared` imports all modules of a package; `declarations` reads their
sources, so that a module is imported only when its entry is looked up.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Entries by name, each made when it is first looked up; ValueError, at the first use, if two have the same name."""

    def __init__(self, find: Callable[[], Iterable[tuple[str, Callable[[], T]]]]) -> None:
        self._find = find  # called at the first use; (name, what makes the entry)
        self._made: dict[str, T] = {}

    @cached_property
    def _makers(self) -> dict[str, Callable[[], T]]:
        return unique(self._find())

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


class Declaration(NamedTuple):
    """The call whose result a module assigns to a constant, as its source states it.

    function  the name of what is called
    origin    the module of the same package whose constant has the called method or is the first argument: `gae`, in
              `gae.VARIANT.rung("ppo")` and `replace(gae.VARIANT, name="ppo")`
    texts     the arguments that are literal strings or None, by keyword or position
    """

    module: str
    function: str = ""
    origin: str | None = None
    texts: Mapping[str | int, str | None] = MappingProxyType({})


def declarations(package: str, constant: str) -> dict[str, Declaration]:
    """What the modules of `package` assign to `constant`, by name, in order of module names.

    The name is the argument `name`, or else the first one. A module where it is no literal string is imported.
    """
    return unique(
        (found.texts.get("name") or found.texts.get(0) or str(_imported(found.module, constant).name), found)
        for module in module_names(package)
        if (found := _declaration(module, constant)) is not None
    )


def module_names(package: str) -> list[str]:
    """The full names of the modules of a package, sorted."""
    root = find_spec(package)
    assert root is not None
    return sorted(f"{package}.{m.name}" for m in pkgutil.iter_modules(root.submodule_search_locations))


def _declaration(module: str, constant: str) -> Declaration | None:
    spec = find_spec(module)
    source = getattr(spec.loader, "get_source")(module)  # type: ignore[union-attr]  # noqa: B009
    for statement in ast.parse(source).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and constant in [getattr(t, "id", None) for t in targets]:
            return _read_call(module, constant, statement.value)
    return None


def _read_call(module: str, constant: str, value: ast.expr | None) -> Declaration:
    if not isinstance(value, ast.Call):
        return Declaration(module)
    arguments: list[tuple[str | int, ast.expr]] = [*enumerate(value.args)]
    arguments += [(keyword.arg, keyword.value) for keyword in value.keywords if keyword.arg]
    literals = [(key, a.value) for key, a in arguments if isinstance(a, ast.Constant)]
    texts = {key: text for key, text in literals if text is None or isinstance(text, str)}
    owner, _, function = ast.unparse(value.func).rpartition(".")
    of, _, attribute = (owner or "".join(map(ast.unparse, value.args[:1]))).partition(".")
    origin = f"{module.rpartition('.')[0]}.{of}" if attribute == constant else None
    return Declaration(module, function, origin, texts)


def registry_of(package: str, constant: str) -> Registry[Any]:
    """The constants of the modules of `package` by their names; each module is imported when its entry is looked up."""
    return Registry(
        lambda: ((n, partial(_imported, d.module, constant)) for n, d in declarations(package, constant).items())
    )


def _imported(module: str, constant: str) -> Any:
    return getattr(importlib.import_module(module), constant)


def declared(package: str, constant: str) -> list[Any]:
    """The value of `constant` in every module of `package` that has it, in order of module names."""
    modules = (importlib.import_module(module) for module in module_names(package))
    return [value for module in modules if (value := getattr(module, constant, None)) is not None]


def unique(items: Iterable[tuple[str, T]]) -> dict[str, T]:
    """The items as a dictionary; an error if two have the same name."""
    registry: dict[str, T] = {}
    for name, item in items:
        if name in registry:
            raise ValueError(f"two entries are called {name!r}")
        registry[name] = item
    return registry
