"""The command line: tyro over frozen dataclasses, one class a command, and one-line errors before any compute."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import fields

import tyro

from benchmarks.commands import DONE, FAILED, List, Pages, Run, Speed, Train
from benchmarks.commands_play import Play
from benchmarks.commands_results import Compare, Guide, Import, Report
from benchmarks.commands_tuning import Tune
from envs.discover import UnknownName

USAGE, INTERRUPTED = 2, 130

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


def _parse(command: type, name: str, words: list[str]) -> object:
    """tyro's parse, its boxed errors condensed to one line."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(command, prog=f"python -m benchmarks {name}", args=words)
    except SystemExit as end:
        if not end.code:
            raise
        lines = (line.strip("╭╮╰╯│─ \t") for line in said.getvalue().splitlines())
        kept = [line for line in lines if line and not line.startswith(("Parsing error", "For full helptext"))]
        raise ValueError("; ".join(kept) or "the arguments do not fit") from None


def main(argv: list[str]) -> int:
    """Run one command; 0 done, 1 a cell failed, 2 bad usage, 130 interrupted."""
    if not argv or argv[0] in ("-h", "--help"):
        print("usage: python -m benchmarks COMMAND [--help]\n")
        for name, command in COMMANDS.items():
            print(f"  {name:8} {(command.__doc__ or '').splitlines()[0]}")
        return DONE if argv else USAGE
    try:
        command = _check_words(argv)
        try:
            ready = _parse(command, argv[0], argv[1:])
        except SystemExit:  # --help
            return DONE
        return int(ready())  # type: ignore[operator]
    except SystemExit as end:
        print(f"error: the code of the task or variant called sys.exit({end})", file=sys.stderr)
        return FAILED
    except OSError as error:  # a full disk, say
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("interrupted; what had finished is kept, and the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
