"""The variant that a file holds, and the file as the judge reads it."""

from __future__ import annotations

import ast
import difflib
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from algorithms import ALGORITHMS, ALIASES
from algorithms.variant import Variant
from benchmarks.design.resolve import reason_unsupported
from benchmarks.judging.protocol import reason_not_judged
from benchmarks.validation.usage import check_name, describe_error
from envs.api import Task
from envs.custom.sources import files_of, is_own_module
from envs.validation import UnknownName, UsageError

CONSTANT = "VARIANT"


@dataclass(frozen=True)
class Candidate:
    """A variant and its file.

    sha256   of the file
    source   the file and its modules, without comments and blank space: what the hidden tasks are drawn from
    modules  SHA-256 of each local module that the file imports, directly or indirectly, by name
    """

    variant: Variant
    file: Path
    sha256: str
    source: str
    modules: Mapping[str, str] = field(default_factory=dict)


def read_candidate(name: str) -> Candidate:
    """What FILE, FILE:CONSTANT or module:CONSTANT stands for. The file is run, with all that stands in it.

    UsageError for what is no file, cannot be run, holds no variant or several, or has the name of a registered one.
    """
    place, _, constant = name.partition(":")
    path = _find(place)
    content = path.read_bytes()
    try:
        tree = ast.parse(content, path.name)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        raise UsageError(f"{path}{where} is no Python: {getattr(error, 'msg', error)}") from error
    module = _imported(path, place)
    variant = _variant(module, constant, path)
    _check_once(tree, constant or CONSTANT, path)
    check_name("variant", variant.name)
    if variant.name in ALGORITHMS or variant.name in ALIASES:
        raise UsageError(f"{variant.name!r} in {path} is the name of a registered variant; give yours another")
    if reason := reason_not_judged(variant):
        raise UsageError(f"{variant.name} {reason}")
    others = {name: other for name, other in sorted(files_of(module.__name__).items()) if name != module.__name__}
    source = "\n".join([ast.dump(tree), *(_without_comments(other) for other in others.values())])
    modules = {name: hashlib.sha256(other.read_bytes()).hexdigest() for name, other in others.items()}
    return Candidate(variant, path, hashlib.sha256(content).hexdigest(), source, modules)


def _check_once(tree: ast.Module, constant: str, path: Path) -> None:
    """UsageError where the file assigns its variant several times: the last would be judged without a word."""
    lines = [
        node.lineno
        for node in tree.body
        for target in (node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)])
        if isinstance(target, ast.Name) and target.id == constant
    ]
    if len(lines) > 1:
        raise UsageError(
            f"{path} sets {constant} in lines {', '.join(map(str, lines))}: keep one, or name each its own"
        )


def _without_comments(path: Path) -> str:
    """The syntax tree of a module; of what is no Python, such as a compiled module, a hash."""
    try:
        return ast.dump(ast.parse(path.read_bytes(), path.name))
    except (SyntaxError, ValueError):
        return hashlib.sha256(path.read_bytes()).hexdigest()


def check_tasks(variant: Variant, tasks: Iterable[Task]) -> None:
    """UsageError for a task that the variant cannot learn: a candidate is judged on all of them."""
    for task in tasks:
        if reason := reason_unsupported(task, variant):
            raise UsageError(f"{reason}; the judge's tasks are texts")


def _find(place: str) -> Path:
    """The file of a path or of a module's name."""
    path = Path(place)
    if place.endswith(".py") or path.exists() or "/" in place:
        if path.is_file() and path.suffix == ".py":
            return path
        if path.exists():
            raise UsageError(f"{path} is no file that ends in .py")
        folder = path.parent if path.parent.is_dir() else Path()
        near = difflib.get_close_matches(path.name, [p.name for p in folder.glob("*.py")], n=3, cutoff=0.4)
        nearest = f"; nearest: {', '.join(near)}" if near else ""
        raise UsageError(f"there is no file {path}{nearest}")
    try:
        spec = importlib.util.find_spec(place) if all(w.isidentifier() for w in place.split(".")) else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise UsageError(f"{place!r} is neither a file that ends in .py nor a module of yours")
    return Path(spec.origin)


def _imported(path: Path, place: str) -> ModuleType:
    """The module. Workers import it by its name, so its folder joins the search path, behind all others."""
    is_file, folder = place.endswith(".py"), str(path.parent.resolve())
    module = path.stem if is_file else place
    if is_file and not module.isidentifier():
        raise UsageError(f"{path.name} cannot be imported: name it with letters, digits and _")
    if is_file and folder not in sys.path:
        sys.path.append(folder)
    try:
        found = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise UsageError(f"{path} cannot be imported: {describe_error(error).splitlines()[0]}") from error
    if Path(found.__file__ or "").resolve() != path.resolve():
        raise UsageError(f"{path.name} has the name of another module, {found.__file__ or module}; rename it")
    return found


def _variant(module: ModuleType, constant: str, path: Path) -> Variant:
    own = {n: v for n, v in vars(module).items() if isinstance(v, Variant) and ALGORITHMS.get(v.name) is not v}
    chosen = constant or (CONSTANT if hasattr(module, CONSTANT) else "")
    if not chosen and len(own) > 1:
        raise UsageError(f"{path} holds {len(own)} variants: name one, as {path}:{next(iter(own))}")
    if not chosen and not own:
        raise UsageError(f"{path} holds no variant: it needs {CONSTANT} = ... (docs/own-estimator.md)")
    chosen = chosen or next(iter(own))
    if not hasattr(module, chosen):
        raise UnknownName(f"constant of {path}", chosen, list(own))
    value = getattr(module, chosen)
    if not isinstance(value, Variant):
        raise UsageError(f"{path}:{chosen} is of class {type(value).__name__}, and no Variant")
    if is_own_module(module.__name__):
        raise UsageError(f"{module.__name__} is a module of ours; judge a file of your own")
    return value
