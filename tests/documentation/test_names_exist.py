"""What the README and the docs name is there: files, folders, modules, functions, tests, commands and links."""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from benchmarks.cli import COMMANDS, GROUPS

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("envs", "algorithms", "benchmarks", "tests", "docs")
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]
SOURCES = {str(path.relative_to(ROOT)): path for top in PACKAGES for path in sorted((ROOT / top).rglob("*.py"))}
SOURCES["noxfile.py"] = ROOT / "noxfile.py"
GONE = {  # what a decision record names because it is no more
    "0033-experiments-jobs-engines.md": {"benchmarks/foreign.py", "select.py"},
}

CODE = re.compile(r"`([^`]+)`")
FILE = re.compile(r"(?<![\w/.<>-])([\w/]+\.py)(?::[ ]((?:\w+\.)*\w+(?:, \w+)*))?")
FOLDER = re.compile(rf"(?:{'|'.join(PACKAGES)})/[\w/.*<>-]*|results/reference[\w/.-]*")
MODULE = re.compile(r"(?<![\w./-])(?:envs|algorithms|benchmarks|docs)(?:\.\w+)+")
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAME = re.compile(r"[A-Z]\w*[a-z]\w*(?:\.[a-z_]\w*)?")
OURS_ALONE = {"architecture.md", "CONTRIBUTING.md"}  # pages whose names of classes are all ours, with a file or without
TEST = re.compile(r"\b(test_\w+)\b(?!\.py)")


@functools.cache
def names_in(path: Path) -> frozenset[str]:
    """What a file defines: functions, classes, constants and fields, those of a class also as Class.name."""
    found: set[str] = set()

    def collect(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            names: list[str] = []
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                names = [node.name]
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [alias.asname or alias.name for alias in node.names]
            found.update(prefix + name for name in names)
            if isinstance(node, ast.ClassDef):
                collect(node.body, f"{prefix}{node.name}.")

    collect(ast.parse(path.read_text()).body, "")
    return frozenset(found)


@functools.cache
def flags_of(module: str, command: str) -> frozenset[str]:
    """The flags of a command."""
    found = fields(getattr(importlib.import_module(module), command))
    return frozenset(f"--{field.name.replace('_', '-')}" for field in found)


@functools.cache
def all_tests() -> frozenset[str]:
    """Every test's name."""
    return frozenset(n for path in SOURCES.values() if path.name.startswith("test_") for n in names_in(path))


def code_spans(text: str) -> list[str]:
    """What stands between backticks, line breaks as spaces; fenced blocks are left out."""
    paragraphs = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE).split("\n\n")
    return [code for paragraph in paragraphs for code in CODE.findall(" ".join(paragraph.split()))]


def missing_files(text: str) -> Iterator[str]:
    """Files `x/y.py`, by the end of their path, and what stands after them: `x/y.py: name`."""
    for code in code_spans(text):
        for path, names in FILE.findall(code):
            found = [source for name, source in SOURCES.items() if name == path or name.endswith(f"/{path}")]
            if not found:
                yield path
            for name in names.split(", ") if names and found else ():
                if not any(name in names_in(source) for source in found):
                    yield f"{path}: {name}"


def missing_folders(text: str) -> Iterator[str]:
    """Paths from the root, with or without an ending; <name> and * stand for anything."""
    for code in code_spans(text):
        for path in FOLDER.findall(code):
            if not any(ROOT.glob(re.sub(r"<\w+>", "*", path).rstrip("/."))) and "<" not in path:
                yield path


def missing_modules(text: str) -> Iterator[str]:
    """Dotted modules, and what is named in them."""
    for full in MODULE.findall("\n".join(code_spans(text))):
        parts, places = full.split("."), []
        for cut in range(len(parts), 0, -1):
            base = "/".join(parts[:cut])
            places = [SOURCES[p] for p in (f"{base}.py", f"{base}/__init__.py") if p in SOURCES]
            if places:
                break
        rest = ".".join(parts[cut:])
        if not places or (rest and rest not in names_in(places[0])):
            yield full


@functools.cache
def all_names() -> frozenset[str]:
    """What all files define, and each member of a class once more as .member, for those that inherit it."""
    found = frozenset(name for path in SOURCES.values() for name in names_in(path))
    return found | {f".{name.rpartition('.')[2]}" for name in found if "." in name}


def missing_names(text: str) -> Iterator[str]:
    """Classes that stand alone, and what is named in them: `Run`, `Learner.step`."""
    for code in code_spans(text):
        if NAME.fullmatch(code):
            owner, _, member = code.partition(".")
            if owner not in all_names() or (member and f".{member}" not in all_names()):
                yield code


def missing_tests(text: str) -> Iterator[str]:
    """Names of tests, with or without their file."""
    files = {Path(name).stem for name in SOURCES}
    for code in code_spans(text):
        yield from (name for name in TEST.findall(code) if name not in all_tests() | files)


def missing_commands(text: str) -> Iterator[str]:
    """`python -m benchmarks COMMAND`, stages `language STAGE` with their flags, and `nox -s SESSION`."""
    for name in re.findall(r"python -m benchmarks (\w+)", text):
        if name not in COMMANDS:
            yield f"python -m benchmarks {name}"
    for stage, rest in re.findall(r"(?:python -m benchmarks |`)language ([\w|]+)([^\n`]*)", text):
        for name in stage.split("|"):
            known = flags_of(*GROUPS["language"][name]) if name in GROUPS["language"] else frozenset()
            if not known:
                yield f"language {name}"
            yield from (f"language {name} {flag}" for flag in re.findall(r"--[\w-]+", rest) if flag not in known)
    for words in re.findall(r"nox -s((?: \w+)+)", text):
        for name in words.split():
            if name not in names_in(ROOT / "noxfile.py"):
                yield f"nox -s {name}"


def missing_links(page: Path, text: str) -> Iterator[str]:
    """Links to files of the repository."""
    for link in LINK.findall(text):
        target = link.partition("#")[0]
        if target and "://" not in target and not (page.parent / target).exists():
            yield link


def missing(page: Path, text: str) -> list[str]:
    """All that a page names and that is not there."""
    checks = [missing_files, missing_folders, missing_modules, missing_tests, missing_commands]
    checks += [missing_names] if page.name in OURS_ALONE else []
    found = {name for check in checks for name in check(text)} | set(missing_links(page, text))
    return sorted(found - GONE.get(page.name, set()))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_what_a_page_names_exists(page: Path) -> None:
    assert missing(page, page.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "`envs/text/nothing.py`",
        "`envs/api.py: Nothing`",
        "`envs/nothing/`",
        "`benchmarks/nothing.csv`",
        "`envs.nothing`",
        "`envs.api.Nothing`",
        "`test_of_nothing`",
        "python -m benchmarks pages",
        "nox -s nothing",
        "python -m benchmarks language nothing",
        "`language sft|nothing`",
        "python -m benchmarks language sft --bse X",
        "[a page](docs/nothing.md)",
    ],
)
def test_what_is_not_there_is_found(text: str) -> None:
    assert missing(ROOT / "README.md", text)


@pytest.mark.parametrize("text", ["`Nothing`", "`Nothing.step`", "`Learner.nothing`"])
def test_a_class_without_its_file_is_looked_for_where_all_are_ours(text: str) -> None:
    assert missing(ROOT / "docs" / "architecture.md", text)
    assert not missing(ROOT / "docs" / "architecture.md", "`Learner`, `Learner.step`, `BestOfSamples.learns`")


def test_what_is_there_is_not_named() -> None:
    text = (
        "`envs/api.py: Task`, `api.py`, `envs/text/<name>.py`, `tests/contracts/wrong_*.py`, `envs.api.Task`, "
        "`algorithms/training/run.py: Run.segment`, `nox -s docs`, [a page](docs/theory.md), python -m benchmarks run"
    )
    assert missing(ROOT / "README.md", text) == []
