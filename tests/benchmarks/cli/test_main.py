"""The table of commands: every command is found, described by its module, and imported only when it is given."""

from __future__ import annotations

import dataclasses
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.cli import main as cli

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_a_command_is_a_dataclass_that_can_be_called(name: str) -> None:
    module, kind = cli.COMMANDS[name]
    command = getattr(importlib.import_module(f"benchmarks.cli.{module}"), kind)
    assert dataclasses.is_dataclass(command)
    assert callable(command)


def test_help_names_every_command_and_imports_no_torch() -> None:
    code = "import sys; from benchmarks.cli.main import main; main(['--help']); assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()[2:]]
    assert [name for name, _ in lines] == [*cli.COMMANDS]
    assert all(text.endswith(".") for _, text in lines)


def test_without_a_command_it_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "usage: python -m benchmarks COMMAND" in capsys.readouterr().out


def test_help_of_a_command_shows_its_flags(capsys: pytest.CaptureFixture[str]) -> None:
    """The flags of `run` are inherited, and keep the comments that explain them."""
    assert cli.main(["run", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Train the cells of an experiment that have no result yet" in said
    assert "budget of one member" in said
