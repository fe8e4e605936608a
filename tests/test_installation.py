"""What is said about the installation is so: extras, their sizes, workflows, containers, and the commands in them."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.cli import COMMANDS
from benchmarks.experiments import EXPERIMENTS
from docs._scripts import installation

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SESSIONS = re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(), re.MULTILINE)
TEXTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "envs").rglob("*.py"),
    ROOT / "Dockerfile",
    *WORKFLOWS,
]


def unknown_extras(text: str) -> set[str]:
    """Extras of ours that a text names and that do not exist."""
    named = re.findall(r"(?:pg-ladder|-e \.|editable \.|install \.)\[([\w,-]+)\]", text)
    return {extra for extras in named for extra in extras.split(",")} - {*EXTRAS}


def test_an_extra_that_is_named_exists() -> None:
    wrong = {path: unknown_extras(path.read_text()) for path in TEXTS}
    assert {str(path): extras for path, extras in wrong.items() if extras} == {}
    assert unknown_extras("pip install -e .[dev,dve], or pg-ladder[lagnuage]") == {"dve", "lagnuage"}


def test_every_extra_is_documented_and_tested() -> None:
    page = (ROOT / "docs" / "installation.md").read_text()
    tested = {Requirement(text).name for text in EXTRAS["dev"]}
    for extra, requirements in EXTRAS.items():
        assert f"`[{extra}]`" in page, extra
        if extra not in ("dev", *installation.OWN_ENVIRONMENT):  # these have slow tests of their own
            assert {Requirement(text).name for text in requirements} <= tested, extra


def test_the_pins_are_within_the_ranges() -> None:
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split("\n") if "==" in line)
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    for text in (*PROJECT["dependencies"], *(text for extra in EXTRAS.values() for text in extra)):
        requirement = Requirement(text)
        pin = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pin), f"{text}: {pin}"


def test_a_newer_torch_is_admitted() -> None:
    (torch,) = [Requirement(text) for text in PROJECT["dependencies"] if text.startswith("torch")]
    assert torch.specifier.contains("2.14.1")
    assert not torch.specifier.contains("2.12.0")


def test_sizes_count_what_an_extra_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of made-up packages: a needs b; the extra needs c, which needs b and, with its own extra x, d."""
    requires = {"a": ["b"], "b": ["a; extra == 'never'"], "c": ["b>=1", "d; extra == 'x'"], "d": None}
    monkeypatch.setattr(installation.metadata, "requires", lambda name: requires[name])
    assert installation.needed(["a"]) == {"a", "b"}
    assert installation.needed(["c"]) == {"b", "c"}
    assert installation.needed(["c[x]"]) == {"b", "c", "d"}
    assert installation.needed(["c; python_version < '3'"]) == set()


def test_the_sizes_are_of_the_declared_extras() -> None:
    measured = json.loads((ROOT / "results" / "reference" / installation.FILE).read_text())
    offered = [name for name in EXTRAS if name not in installation.NOT_OFFERED]
    assert [row["extra"] for row in measured["rows"]] == ["", *offered]
    assert measured["rows"][0]["megabytes"] > 500  # torch
    lines = installation.block(measured).splitlines()
    assert lines[2].startswith("| no extra |")
    assert len(lines) == 2 + len(measured["rows"]) + 2


def commands(value: Any) -> Iterator[str]:
    """The shell commands of a workflow."""
    if isinstance(value, dict):
        if isinstance(value.get("run"), str):
            yield from value["run"].replace("\\\n", " ").splitlines()
        for part in value.values():
            yield from commands(part)
    elif isinstance(value, list):
        for part in value:
            yield from commands(part)


def check_command(line: str) -> None:
    """The sessions of nox, and the commands and experiments of ours, that a line of shell names."""
    words = line.split()
    if words[:2] == ["nox", "-s"]:
        for session in words[2 : words.index("--") if "--" in words else None]:
            assert session in SESSIONS, line
    if words and words[0] == "pg-ladder" and not words[1].startswith("-"):
        assert words[1] in COMMANDS, line
        if words[1] in ("run", "report"):
            assert words[2] in EXPERIMENTS, line


def test_there_are_workflows_for_tests_docs_and_a_benchmark() -> None:
    assert [path.stem for path in WORKFLOWS] == ["benchmark", "docs", "tests"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_names_commands_that_exist(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow[True]  # YAML reads the key `on` as true
    lines = [line.strip() for line in commands(workflow["jobs"])]
    assert any(line.startswith(("nox", "pg-ladder")) for line in lines)
    for line in lines:
        check_command(line)


def test_a_wrong_command_would_be_found() -> None:
    for line in ("nox -s test", "pg-ladder rnu smoke", "pg-ladder run smok"):
        with pytest.raises(AssertionError):
            check_command(line)


def test_the_containers_name_files_that_exist() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (.+)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert (ROOT / ".devcontainer" / container["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
