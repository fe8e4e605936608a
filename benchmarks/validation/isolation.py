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


PATIENCE_S = 10.0  # a longer wait is explained


def run_in_child(work: Callable[[], T], waiting: str = "", timeout: float | None = None) -> T:
    """The value of `work`, done in a fork of this process; ChildFailed where it raises, ends its process or takes too long.

    Where processes are not forked (Windows, macOS), it is done here, and only what it raises is caught.

    waiting  said once where the value takes long
    timeout  seconds after which the child is ended; None: never
    """
    if sys.platform in ("win32", "darwin"):
        return _value_or_raise(*_attempt(work))
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(theirs, work))
    process.start()
    theirs.close()
    try:
        _wait(ours, waiting, timeout)
        result = ours.recv()
    except TimeoutError as error:
        process.kill()
        raise ChildFailed(str(error)) from None
    except (EOFError, OSError):
        process.join()
        raise ChildFailed(f"its process {describe_exit(process.exitcode or 0)}") from None
    finally:
        ours.close()
    process.join(1.0)  # a thread of the environment may keep it
    process.kill()
    return _value_or_raise(*result)


def _wait(pipe: Connection, waiting: str, timeout: float | None) -> None:
    """Until there is something to receive, or the other end is closed. TimeoutError after `timeout` seconds."""
    first = PATIENCE_S if timeout is None else min(PATIENCE_S, timeout)
    if pipe.poll(first):
        return
    if waiting:
        print(waiting, file=sys.stderr, flush=True)
    if not pipe.poll(None if timeout is None else timeout - first):
        raise TimeoutError(f"no answer for {timeout:g} seconds (--cell-timeout)")


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
