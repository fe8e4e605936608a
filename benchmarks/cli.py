"""The command line: tyro over frozen dataclasses, one class a command, and one-line errors before any compute."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import get_args, get_type_hints

import tyro

from benchmarks.commands import DONE, FAILED, List, Pages, Run, Speed, Train
from benchmarks.commands_play import Play
from benchmarks.commands_results import Compare, Guide, Import, Report
from benchmarks.commands_tuning import Tune
from benchmarks.numbers import whole_number
from benchmarks.usage import Failed, described
from envs.validation import UnknownName, UsageError

USAGE, INTERRUPTED = 2, 130
LISTS = {  # kinds of names -> the command that prints all of them
    "command": "--help",
    "task": "list tasks",
    "variant": "list variants",
    "baseline": "list variants",
    "experiment": "list experiments",
}

COMMANDS: dict[str, type] = {
    "list": List,
    "train": Train,
    "run": Run,
    "report": Report,
    "compare": Compare,
    "import": Import,
    "guide": Guide,
    "speed": Speed,
    "pages": Pages,
    "tune": Tune,
    "play": Play,
}


def _known_flags(command: type) -> list[str]:
    names = [f.name for f in fields(command)]
    return ["--help", *(f"--{n.replace('_', '-')}" for n in names)]


def _check_words(argv: list[str]) -> type:
    """The command's class; UnknownName for a command or a flag that there is not."""
    command = COMMANDS.get(argv[0]) if argv else None
    if command is None:
        raise UnknownName("command", argv[0] if argv else "", COMMANDS)
    known = _known_flags(command)
    for word in argv[1:]:
        flag = word.partition("=")[0]
        if flag.startswith("--") and flag.replace("_", "-").replace("--no-", "--") not in known:
            raise UnknownName(f"flag of {argv[0]}", flag, known)
    return command


def _numbers_read(command: type, words: list[str]) -> list[str]:
    """The words with the values of integer flags spelled plainly (1e5 as 100000); UsageError for what is no number."""
    kinds = {f"--{name.replace('_', '-')}": kind for name, kind in get_type_hints(command).items()}
    read = list(words)
    for i, word in enumerate(words):
        flag, equals, value = word.partition("=")
        flag = flag.replace("_", "-")
        if not equals and i + 1 < len(words):
            value = words[i + 1]
        members = get_args(kinds.get(flag)) or (kinds.get(flag),)
        if (
            not value
            or value.startswith("--")
            or not {int, float} & {*members}
            or (type(None) in members and value == "None")
        ):
            continue
        plain = _plain_number(flag, value, int if int in members else float)
        read[i if equals else i + 1] = f"{flag}={plain}" if equals else plain
    return read


def _plain_number(flag: str, value: str, kind: type) -> str:
    try:
        return str(whole_number(value) if kind is int else float(value))
    except ValueError as error:
        takes = error if kind is int else f"a number, as .05, not {value!r}"
        raise UsageError(f"{flag} takes {takes}") from None


def _parse(command: type, name: str, words: list[str]) -> Callable[[], int]:
    """tyro's parse, its boxed errors condensed to one line."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            made: Callable[[], int] = tyro.cli(command, prog=f"python -m benchmarks {name}", args=words)
            return made
    except SystemExit as end:
        if not end.code:
            raise
        lines = (line.strip("╭╮╰╯│─ \t") for line in said.getvalue().splitlines())
        kept = [line for line in lines if line and not line.startswith(("Parsing error", "For full helptext"))]
        raise UsageError("; ".join(kept) or "the arguments do not fit") from None


def main(argv: list[str]) -> int:
    """Run one command; 0 done, 1 work failed or a gate did not pass, 2 bad usage, 130 interrupted."""
    if not argv or argv[0] in ("-h", "--help"):
        print("usage: python -m benchmarks COMMAND [--help]\n")
        for name, command in COMMANDS.items():
            print(f"  {name:8} {(command.__doc__ or '').splitlines()[0]}")
        return DONE if argv else USAGE
    try:
        kind = _check_words(argv)
        run = _parse(kind, argv[0], _numbers_read(kind, argv[1:]))
    except SystemExit as end:  # --help
        return int(end.code or 0)
    except UsageError as error:
        return _refused(error)
    try:
        return int(run())
    except UsageError as error:
        return _refused(error)
    except KeyboardInterrupt:
        print("interrupted; what had finished is kept, and the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    except (Failed, OSError) as error:
        print(f"failed: {error}", file=sys.stderr)
    except BaseException as error:
        print(f"failed: {described(error)}", file=sys.stderr)
    return FAILED


def _refused(error: UsageError) -> int:
    """One line for a mistake, with the command that lists what there is."""
    kind = error.kind if isinstance(error, UnknownName) else ""
    more = next((f"; all: python -m benchmarks {where}" for word, where in LISTS.items() if kind.startswith(word)), "")
    if kind.startswith("flag of "):
        more = f"; all: python -m benchmarks {kind.removeprefix('flag of ')} --help"
    print(f"error: {' '.join(str(error).split())}{more}", file=sys.stderr)
    return USAGE
