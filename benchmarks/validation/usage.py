"""Errors of commands: a user error is one line and status 2, failed work is status 1."""

from __future__ import annotations

import os
import re
import signal
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from envs.custom.faults import EnvironmentFault
from envs.custom.sources import users_line
from envs.files.writing import NotWritten
from envs.validation import UsageError

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130  # exit statuses
UNREAD = 141  # 128 + SIGPIPE: whoever read the output has gone, as `| head` does
FRAMES = 3  # of a traceback, the innermost ones


class WorkFailed(Exception):
    """Work that did not end well. The message names what was done, the error and its innermost frames."""


@contextmanager
def user_errors() -> Iterator[None]:
    """Before any work: a ValueError that one of our dataclasses raises here is a mistake of the user's (UsageError)."""
    try:
        yield
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(str(error)) from error


@contextmanager
def work_errors(what: str, passing: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    """During work: any exception, of an environment's code say, is raised as WorkFailed and names `what`.

    passing  a kind of exception that is raised as it is
    """
    try:
        yield
    except (WorkFailed, KeyboardInterrupt):
        raise
    except passing:
        raise
    except BaseException as error:  # SystemExit too: an environment that calls sys.exit has not done its work
        raise WorkFailed(f"{what}: {describe_error(error)}") from error


def describe_error(error: BaseException) -> str:
    """The error in one line, with the user's line that led to it, then its traceback's innermost frames.

    A fault of an environment, and a file that cannot be written, have no need of frames.
    """
    try:
        words = str(error)
    except Exception:  # a user's exception whose __str__ fails
        words = "(without words)"
    if isinstance(error, (EnvironmentFault, NotWritten)):
        return printable(words)
    if isinstance(error, SystemExit):
        words = f"the code of the task or variant called sys.exit({words})"
    frames = "".join(traceback.format_tb(error.__traceback__)[-FRAMES:]).rstrip()
    head, _, rest = words.partition("\n")
    where = f" ({line})" if (line := users_line(error)) else ""
    said = f": {head}" if head else ""
    lines = [f"{type(error).__name__}{said}{where}", rest, frames]
    return printable("\n".join(line for line in lines if line))


def describe_exit(code: int) -> str:
    """The exit code of a process in words; negative codes are signals."""
    if code >= 0:
        return f"ended by itself with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    why = {"SIGKILL": ", perhaps for memory", "SIGSEGV": ", an error in compiled code"}.get(name, "")
    return f"was killed ({name}{why})"


def printable(text: str) -> str:
    """Text that a terminal and a file of UTF-8 can take: lone surrogates and control characters as escapes."""
    escaped = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", lambda match: f"\\x{ord(match[0]):02x}", text)
    return escaped.encode("utf-8", "backslashreplace").decode("utf-8")


def check_name(kind: str, name: object) -> None:
    """UsageError for a name that no table or file can show: it is one line of printable characters."""
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise UsageError(f"a {kind}'s name is one line of printable characters, not {name!r}")


def check_folder(folder: Path, flag: str) -> None:
    """UsageError where `folder` cannot be made or written to; no file is left. Call it before any work.

    A file is really made in the deepest folder that exists, and removed: permissions alone say too little (root, read-only
    mounts).
    """
    try:
        place = folder
        while not place.exists():
            if place.is_symlink():
                raise UsageError(f"{flag}: {place} is a link that leads nowhere")
            place = place.parent
        if not place.is_dir():
            raise UsageError(f"{flag}: {place} is a file, and a folder is needed there")
        handle, name = tempfile.mkstemp(prefix=".writable-", dir=place)
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        raise UsageError(f"{flag}: {folder} cannot be written to ({error.strerror or error})") from error
