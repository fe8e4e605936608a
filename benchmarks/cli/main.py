"""The command line: tyro reads one dataclass a command; mistakes are one line, said before any work."""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import tyro

from benchmarks.cli import COMMANDS, GROUPS, HELP, overview
from benchmarks.cli.flags import flags_of, source
from benchmarks.validation.numbers import whole_number
from benchmarks.validation.program import as_typed, program
from benchmarks.validation.terminal import always_fitted
from benchmarks.validation.usage import DONE, FAILED, INTERRUPTED, UNREAD, USAGE, WorkFailed, describe_error
from envs.validation import UnknownName, UsageError, look_up

LISTS = {  # kinds of names -> the command that prints all of them
    "command": "--help",
    "task": "list tasks",
    "variant": "list variants",
    "baseline": "list variants",
    "experiment": "list experiments",
}


def main(argv: list[str]) -> int:
    """Run one command; 0 done, 1 work failed or a gate did not pass, 2 bad usage, 130 interrupted, 141 nobody reads."""
    try:
        return _main(argv)
    except BrokenPipeError:
        return UNREAD


def _main(argv: list[str]) -> int:
    if not argv or argv[0] in HELP:
        print(overview())
        return DONE if argv else USAGE
    if argv[0] in GROUPS and (len(argv) == 1 or argv[1] in HELP):
        print(overview(argv[0]))
        return DONE if len(argv) > 1 else USAGE
    try:
        command = _parse(argv)
    except SystemExit as end:  # --help
        return int(end.code or 0)
    except UsageError as error:
        return _print_usage_error(error)
    return _status(command)


def _status(command: Callable[[], int]) -> int:
    """Run the command; whatever it raises becomes a line on standard error and an exit status."""
    try:
        return int(command())
    except UsageError as error:
        return _print_usage_error(error)
    except KeyboardInterrupt:
        print("interrupted; what had finished is kept, and the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except (WorkFailed, OSError) as error:
        print(f"failed: {error}", file=sys.stderr)
    except BaseException as error:
        print(f"failed: {describe_error(error)}", file=sys.stderr)
    return FAILED


def _parse(argv: list[str]) -> Callable[[], int]:
    """The command with its flags. UsageError for what does not fit."""
    name, *words = argv
    module_name, kind = look_up(COMMANDS, name, "command")
    if name in GROUPS:
        stage, *words = words
        module_name, kind = look_up(GROUPS[name], stage, f"stage of {name}")
        name = f"{name} {stage}"
    if any(word in HELP for word in words):
        description = ast.get_docstring(source(module_name)[0]) or ""
        with contextlib.redirect_stdout(always_fitted(sys.stdout)):
            return _parse_with_tyro(flags_of(module_name, kind), ["--help"], name, description)
    module = importlib.import_module(module_name)
    command: type = getattr(module, kind)
    _check_flags(name, command, words)
    return _parse_with_tyro(command, _plain_numbers(command, words), name, module.__doc__ or "")


def _check_flags(name: str, command: type, words: list[str]) -> None:
    """UnknownName for a flag that the command does not have."""
    known = ["--help", *(f"--{f.name.rstrip('_').replace('_', '-')}" for f in fields(command))]
    for word in words:
        flag = word.partition("=")[0]
        if flag.startswith("--") and flag.replace("_", "-").replace("--no-", "--") not in known:
            raise UnknownName(f"flag of {name}", flag, known)


def _plain_numbers(command: type, words: list[str]) -> list[str]:
    """The words with numbers as tyro reads them (1e5 as 100000); UsageError for what is no number."""
    kinds = {f"--{name.replace('_', '-')}": kind for name, kind in get_type_hints(command).items()}
    plain_words = list(words)
    for i, word in enumerate(words):
        flag, equals, value = word.partition("=")
        flag = flag.replace("_", "-")
        if not equals and i + 1 < len(words):
            value = words[i + 1]
        members: tuple[Any, ...] = get_args(kinds.get(flag)) or (kinds.get(flag),)
        is_number = bool({int, float} & {*members}) and not (type(None) in members and value == "None")
        if not value or value.startswith("--") or not is_number:
            continue
        plain = _plain_number(flag, value, int if int in members else float)
        plain_words[i if equals else i + 1] = f"{flag}={plain}" if equals else plain
    return plain_words


def _plain_number(flag: str, value: str, kind: type) -> str:
    try:
        return str(whole_number(value) if kind is int else float(value))
    except ValueError as error:
        takes = error if kind is int else f"a number, as .05, not {value!r}"
        raise UsageError(f"{flag} takes {takes}") from None


def _parse_with_tyro(command: type, words: list[str], name: str, description: str) -> Callable[[], int]:
    """What tyro makes of the words. tyro boxes its errors and ends the process; here they are one line each."""
    boxed = io.StringIO()
    try:
        with contextlib.redirect_stderr(boxed):
            parsed: Callable[[], int] = tyro.cli(
                command, prog=f"{program()} {name}", description=description, args=words
            )
            return parsed
    except SystemExit as end:
        if not end.code:
            raise
        raise UsageError(_unboxed(name, boxed.getvalue())) from None


def _unboxed(name: str, text: str) -> str:
    """What tyro's box says, as one line."""
    lines = [line.strip("╭╮╰╯│─+| \t") for line in text.splitlines()]
    lines = [re.sub("^-+( |$)| -+$", "", line) for line in lines]  # boxes of a terminal without their characters
    kept = [line for line in lines if line and not line.startswith(("Parsing error", "For full helptext"))]
    more = f"; all: {program()} {name} --help"
    if kept[:1] == ["Unrecognized options"]:
        return f"{name} takes no {kept[-1].partition(': ')[2]!r}{more}"
    if kept[:1] == ["Required options"]:  # "Missing from ...", then the options, then the command
        return f"{name} needs {', and '.join(_required(kept[2:-1]))}{more}"
    return "; ".join(kept) or "the arguments do not fit"


def _required(lines: Sequence[str]) -> Iterator[str]:
    """Each missing argument, from its name in a line and its help in further ones: --flag (its help), or the help alone."""
    found = re.findall(r"(\S+)(?: \S+)?\n(.*?)\s*\(required\)", "\n".join(lines), re.DOTALL)
    for argument, text in found:
        in_one_line = text.replace("\n", " ")
        yield f"{argument} ({in_one_line})" if argument.startswith("-") else in_one_line


def _print_usage_error(error: UsageError) -> int:
    """Print one line for a mistake, with the command that lists what there is; returns the exit status."""
    kind = error.kind if isinstance(error, UnknownName) else ""
    more = next((f"; all: {program()} {words}" for word, words in LISTS.items() if kind.startswith(word)), "")
    if kind.startswith(("flag of ", "stage of ")):
        more = f"; all: {program()} {kind.partition(' of ')[2]} --help"
    text = as_typed(" ".join(str(error).split()))
    print(f"error: {text}{more}", file=sys.stderr)
    return USAGE
