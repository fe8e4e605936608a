"""Runs the user's environment in a child process, for checks before cells go to workers.

An environment can end its process (os._exit, a crash of compiled code) or raise anything. In a child that is an error of the
child alone, and the command says so.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from benchmarks.validation.usage import WorkFailed, describe_error, describe_exit

T = TypeVar("T")


class ChildFailed(Exception):
    """The child raised an exception or died; the message says which."""


def run_in_child(work: Callable[[], T]) -> T:
    """The value of `work`, done in a fork of this process; ChildFailed where it raises or ends its process.

    Where processes are not forked (Windows, macOS), it is done here, and only what it raises is caught.
    """
    if sys.platform in ("win32", "darwin"):
        return _value_or_raise(*_attempt(work))
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(theirs, work))
    process.start()
    theirs.close()
    try:
        result = ours.recv()
    except (EOFError, OSError):
        process.join()
        raise ChildFailed(f"its process {describe_exit(process.exitcode or 0)}") from None
    finally:
        ours.close()
    process.join(1.0)  # a thread of the environment may keep it
    process.kill()
    return _value_or_raise(*result)


def check_creation(name: str, make: Callable[[], object]) -> None:
    """WorkFailed where making the user's environment `name` ends the process, or raises what is no Exception.

    An Exception is left to the caller, who makes it again: some are user errors, some are failures.
    """

    def probe() -> None:
        with suppress(Exception):
            make()

    try:
        run_in_child(probe)
    except ChildFailed as error:
        raise WorkFailed(f"{name} fails when it is made: {error}") from error


def _attempt(work: Callable[[], Any]) -> tuple[bool, Any]:
    try:
        return True, work()
    except BaseException as error:  # SystemExit and KeyboardInterrupt of the environment's own, too
        return False, describe_error(error)


def _send(pipe: Connection, work: Callable[[], Any]) -> None:
    pipe.send(_attempt(work))


def _value_or_raise(succeeded: bool, value: Any) -> Any:
    if not succeeded:
        raise ChildFailed(value)
    return value
