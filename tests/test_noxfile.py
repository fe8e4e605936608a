"""What the noxfile installs, and when it installs it again, with a fake nox and a fake subprocess."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
import types
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
INDEX = "https://index.example/cpu"


@pytest.fixture
def noxfile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The module, with sessions as plain functions and an environment of its own."""
    fake = types.ModuleType("nox")
    fake.options = types.SimpleNamespace()  # type: ignore[attr-defined]
    fake.session = lambda **_: lambda function: function  # type: ignore[attr-defined]
    fake.Session = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nox", fake)
    spec = importlib.util.spec_from_file_location("noxfile_under_test", ROOT / "noxfile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / ".nox" / "pg-ladder").mkdir(parents=True)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "HOME", tmp_path / ".nox" / "pg-ladder")
    monkeypatch.delenv("TORCH_INDEX_URL", raising=False)
    return module


def built(noxfile: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that one call of `environment` runs."""
    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda words, **_: commands.append([str(w) for w in words]))
    noxfile.environment(types.SimpleNamespace(log=lambda _: None))
    return commands


def test_without_an_index_all_comes_from_one_command(noxfile: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, install = built(noxfile, monkeypatch)
    assert install[-4:] == ["--constraint", "constraints.txt", "--editable", ".[dev]"]
    assert "--index-url" not in install


def test_torch_alone_comes_from_the_index_that_is_named(noxfile: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_INDEX_URL", INDEX)
    _, torch, rest = built(noxfile, monkeypatch)
    assert torch[-3:] == ["--index-url", INDEX, "torch==2.13.0"]
    assert torch[torch.index("--constraint") + 1] == "constraints.txt"
    assert rest[-2:] == ["--editable", ".[dev]"]
    assert "--index-url" not in rest


def test_the_environment_is_built_again_where_the_index_or_a_file_changes(
    noxfile: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert len(built(noxfile, monkeypatch)) == 2
    assert built(noxfile, monkeypatch) == []
    monkeypatch.setenv("TORCH_INDEX_URL", INDEX)
    assert len(built(noxfile, monkeypatch)) == 3
    assert built(noxfile, monkeypatch) == []
    (tmp_path / "constraints.txt").write_text("torch==2.14.0\n")
    assert built(noxfile, monkeypatch)[1][-1] == "torch==2.14.0"


def test_the_pin_of_torch_is_in_the_declared_range() -> None:
    """The first command takes constraints.txt's pin; the second must leave it, and takes what pyproject.toml admits."""
    (pin,) = [x for x in (ROOT / "constraints.txt").read_text().split() if x.startswith("torch==")]
    (declared,) = [Requirement(x) for x in DEPENDENCIES if x.startswith("torch")]
    assert declared.specifier.contains(pin.removeprefix("torch=="))
