"""The table of commands: every command is found, described by its module, and imported only when it is given."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tyro

from algorithms import ALGORITHMS, ALIASES
from benchmarks.cli import main as cli
from benchmarks.cli.flags import flags_of
from benchmarks.experiments import EXPERIMENTS
from envs import TASKS
from envs.language.named import language_names
from envs.tasks import PRESETS, stored_returns

ROOT = Path(__file__).resolve().parents[3]


EVERY = [place for name, place in cli.COMMANDS.items() if name not in cli.GROUPS]
EVERY += [place for stages in cli.GROUPS.values() for place in stages.values()]


@pytest.mark.parametrize(("module", "kind"), EVERY)
def test_a_command_is_a_dataclass_that_can_be_called(module: str, kind: str) -> None:
    command = getattr(importlib.import_module(module), kind)
    assert dataclasses.is_dataclass(command)
    assert callable(command)


@pytest.mark.parametrize(("module", "kind"), EVERY, ids=lambda part: part.rpartition(".")[2])
def test_every_flag_says_what_it_is_for(module: str, kind: str) -> None:
    """A comment on the field's line or the one above it, which is where tyro looks: not inside a default's parentheses."""
    silent = []
    for base in getattr(importlib.import_module(module), kind).__mro__:
        if dataclasses.is_dataclass(base):
            lines = ["", *inspect.getsource(base).splitlines()]
            for name in inspect.get_annotations(base):
                place = next(i for i, line in enumerate(lines) if line.startswith(f"    {name}: "))
                if "#" not in lines[place] and not lines[place - 1].strip().startswith("#"):
                    silent.append(name)
    assert silent == []


HEAVY = ("torch", "scipy.stats", "pandas", "pyarrow", "matplotlib", "seaborn", "optuna", "stable_baselines3", "envpool")


def run_and_name_imports(words: list[str]) -> tuple[list[str], set[str]]:
    """(lines that the command prints, modules that it has imported)."""
    code = (
        "import atexit, runpy, sys;"
        "atexit.register(lambda: print(*sys.modules));"
        f"sys.argv[1:] = {words!r};"
        "runpy.run_module('benchmarks', run_name='__main__')"
    )
    wide = {**os.environ, "COLUMNS": "200"}  # each text on one line
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=wide, capture_output=True, text=True, check=True)
    *lines, modules = done.stdout.splitlines()
    return lines, set(modules.split())


def test_help_names_every_command_and_imports_nothing_of_others() -> None:
    lines, modules = run_and_name_imports(["--help"])
    words = [line.split(maxsplit=1) for line in lines[2:]]
    assert [name for name, _ in words] == [*cli.COMMANDS]
    assert all(text.endswith(".") for _, text in words)
    assert modules & {*HEAVY, "numpy", "gymnasium", "tyro", "envs", "algorithms"} == set()


def test_help_of_a_group_names_its_stages_and_imports_nothing_of_them() -> None:
    lines, modules = run_and_name_imports(["language", "--help"])
    words = [line.split(maxsplit=1) for line in lines[2:]]
    assert [name for name, _ in words] == [*cli.GROUPS["language"]]
    assert all(text.endswith(".") for _, text in words)
    assert modules & {*HEAVY, "algorithms"} == set()


def test_list_shows_what_the_registries_hold_and_imports_no_heavy_package() -> None:
    """The names and texts are read from sources, the returns from a table: here from the entries themselves."""
    lines, modules = run_and_name_imports(["list"])
    assert modules & {*HEAVY} == set()
    tasks = [f"  {t.name:34} {t.field:16} floor {t.floor:10.4g}  ceiling {t.ceiling:8.4g}" for t in TASKS.values()]
    tasks += [f"  {name:34} {'language':16} floor and ceiling are the model's" for name in language_names()]
    variants = [f"  {v.name:16} from {v.parent or '-':15} {v.summary}" for v in ALGORITHMS.values()]
    variants += [f"  {alias:16} is   {name}" for alias, name in ALIASES.items()]
    experiments = [f"  {e.name:16} {e.question}" for e in EXPERIMENTS.values()]
    expected = ["tasks:", *tasks, "", "variants:", *variants, "", "experiments:", *experiments]
    # a tie is rounded to the other side where the table has nine decimals, and a zero has no rounding error
    assert [(a, b) for a, b in zip(lines, expected, strict=True) if a != b and " floor " not in a] == []
    assert len([a for a, b in zip(lines, expected, strict=True) if a != b]) <= 2


def test_a_run_draws_and_tests_nothing_before_it_trains() -> None:
    """What reports need is imported when one is written."""
    lines, modules = run_and_name_imports(["run", "ladder", "--smoke", "--dry-run"])
    assert len(lines) > 10
    heavy = {"scipy.stats", "matplotlib", "seaborn", "optuna", "stable_baselines3", "envpool", "jinja2"}
    assert modules & heavy == set()


def test_stored_returns_are_those_of_the_tasks() -> None:
    stored = stored_returns()
    assert list(stored) == list(PRESETS)
    for name, (floor, ceiling) in stored.items():
        assert (floor, ceiling) == pytest.approx((TASKS[name].floor, TASKS[name].ceiling), abs=1e-9)


def test_without_a_command_it_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "usage: python -m benchmarks COMMAND" in capsys.readouterr().out


@pytest.mark.parametrize(("module", "kind"), EVERY)
def test_the_flags_of_the_source_are_those_of_the_command(module: str, kind: str) -> None:
    """Names, types, defaults and what tyro says of each, as from the command itself."""
    command, flags = getattr(importlib.import_module(module), kind), flags_of(module, kind)
    parsers = [tyro.extras.get_parser(each, prog="x", description="y").format_help() for each in (command, flags)]
    assert parsers[0] == parsers[1]
    assert [(f.name, f.type, f.default) for f in dataclasses.fields(command)] == [
        (f.name, f.type, f.default) for f in dataclasses.fields(flags)
    ]


WORDS = [[name] for name in cli.COMMANDS if name not in cli.GROUPS]
WORDS += [[group, stage] for group, stages in cli.GROUPS.items() for stage in stages]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_help_imports_no_heavy_package(words: list[str]) -> None:
    """Importing torch takes two seconds, and nobody reads help for it."""
    lines, modules = run_and_name_imports([*words, "--help"])
    assert lines[0].split() == ["usage:", "python", "-m", "benchmarks", *words, "[-h]"] or "usage:" in lines[0]
    assert modules & {*HEAVY, "algorithms"} == set()


def test_help_of_a_command_shows_its_flags(capsys: pytest.CaptureFixture[str]) -> None:
    """The flags of `run` are inherited, and keep the comments that explain them."""
    assert cli.main(["run", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Train the cells of an experiment that have no result yet" in said
    assert "budget of one member" in said
